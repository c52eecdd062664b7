"""Read a QTI package: a zip with a file per question (2.1) or per quiz (1.2), as Canvas and text2qti write it.

Nothing is unpacked to disk. The file sizes given in a zip are not trusted: reading stops at a limit.
"""

from __future__ import annotations

import io
import posixpath
import stat
import zipfile
import zlib

from grader.escape import printable
from grader.quiz.exchange.item import Item
from grader.quiz.exchange.limits import COUNT_LIMIT, MEMBER_LIMIT, PACKAGE_LIMIT, SIZE_LIMIT, UNPACKED_LIMIT
from grader.quiz.exchange.notes import ImportFailed, Note, limited
from grader.quiz.exchange.qti import ROOTS, questions_of
from grader.quiz.exchange.xml_tree import read_xml

#: The root element of a file that puts questions into an order.
_TEST = "assessmentTest"

#: Root elements of files that describe the package or a test; they contain no questions and are not reported.
_ABOUT = ("manifest", "quiz", "assessmentMeta", "topic", "assignment")


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a package, and notes. ImportFailed if it cannot be read."""
    if len(data) > PACKAGE_LIMIT:
        raise ImportFailed(f"{name}: more than {PACKAGE_LIMIT >> 20} MiB; take the images out, or split the package")
    items: list[Item] = []
    notes: list[Note] = []
    taken: dict[str, int] = {}
    members = _members(data, name)
    order = _order(members, name, notes)
    for member, text in sorted(members, key=lambda one: order.get(one[0], len(order))):
        root = read_xml(text, f"{name}/{member}")
        if root.name in ROOTS:
            found, said = questions_of(root, f"{name}/{member}", taken)
            items += found[: COUNT_LIMIT - len(items)]
            notes += said
        elif root.name not in (*_ABOUT, _TEST):
            notes.append(Note(f"{name}/{member}", root.line, f"<{root.name[:40]}> holds no questions; left out", True))
    if not items and not notes:
        raise ImportFailed(f"{name}: no file in this zip is QTI (<questestinterop> or <assessmentItem>)")
    return items, limited(notes)


def _order(members: list[tuple[str, bytes]], name: str, notes: list[Note]) -> dict[str, int]:
    """Return the place of each question's file in the package's test; files have numbers, and 10 comes before 2.

    What else a test says of its questions is noted: their weights.
    """
    order: dict[str, int] = {}
    for member, text in members:
        if b"assessmentTest" not in text:
            continue
        test = read_xml(text, f"{name}/{member}")
        if test.name != _TEST:
            continue
        for reference in test.below("assessmentItemRef"):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(member), reference.get("href")))
            order.setdefault(path, len(order))
            if any(weight.get("value") not in ("1", "1.0") for weight in reference.all("weight")):
                lost = f"the weight of {printable(path, 80)} is left out; check its points"
                notes.append(Note(f"{name}/{member}", reference.line, lost, True))
    return order


def _members(data: bytes, name: str) -> list[tuple[str, bytes]]:
    """Return the XML files of a zip. ImportFailed if one is too large, encrypted, or compressed in an unusual way."""
    # Check the count first: the zip module creates an object for each member.
    if data.count(b"PK\x01\x02") > MEMBER_LIMIT:
        raise ImportFailed(f"{name}: more than {MEMBER_LIMIT} files in this zip; split the package")
    found: list[tuple[str, bytes]] = []
    left = UNPACKED_LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if not info.filename.lower().endswith(".xml") or stat.S_ISLNK(info.external_attr >> 16):
                    continue
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
                    raise ImportFailed(f"{name}/{info.filename}: encrypted, or compressed in an unusual way")
                with archive.open(info) as file:
                    text = file.read(SIZE_LIMIT + 1)
                left -= len(text)
                if left < 0:
                    raise ImportFailed(f"{name}: its XML has more than {UNPACKED_LIMIT >> 20} MiB; split the package")
                found.append((info.filename, text))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, KeyError) as error:
        raise ImportFailed(f"{name}: cannot read this zip ({str(error)[:80]})") from None
    return found
