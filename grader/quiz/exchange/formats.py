"""Choose the reader for a file: by its name if that is enough, otherwise by its contents."""

from __future__ import annotations

import pathlib

from grader.quiz.exchange.item import Item
from grader.quiz.exchange.limits import SIZE_LIMIT
from grader.quiz.exchange.notes import Note
from grader.quiz.marking import normal

#: The formats that `--import` reads, for messages.
READ = "Markdown (.md), Moodle XML and QTI (.xml), a QTI package (.zip), Aiken and GIFT (anything else)"


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file, and notes. ImportFailed if it cannot be read."""
    items, notes = _read(data, name)
    return items, [*notes, *(note for item in items for note in _capitals(item, name))]


def _capitals(item: Item, name: str) -> list[Note]:
    """Return notes on answers that are the same here, because marking ignores case and hyphens."""
    words = item.answers + tuple(item.wrong) if item.kind == "text" else ()
    words += tuple(str(option.right) for option in item.options) if item.kind == "match" else ()
    first: dict[str, str] = {}
    same = [word for word in words if first.setdefault(normal(word), word) != word]
    said = f"question {item.id!r}: case and hyphens are ignored here, so {{!r}} is the same as {{!r}}"
    return [Note(name, 1, said.format(word, first[normal(word)]), True) for word in same]


def _read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    suffix = pathlib.PurePath(name).suffix.lower()
    if data.startswith(b"PK\x03\x04") or suffix in (".zip", ".imscc"):
        from grader.quiz.exchange.qti_package import read as read_package

        return read_package(data, name)
    if suffix in (".md", ".markdown"):
        from grader.quiz.exchange.markdown import read as read_markdown

        return read_markdown(data, name)
    if suffix in (".xml", ".qti") or data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<quiz")):
        return _xml(data, name)
    from grader.quiz.exchange import aiken, gift

    text = data[: SIZE_LIMIT + 1].decode("utf-8", "replace").replace("\r", "\n")
    return aiken.read(data, name) if aiken.looks_like(text) else gift.read(data, name)


def _xml(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    from grader.quiz.exchange.xml_tree import read_xml

    root = read_xml(data, name)
    if root.name == "quiz":
        from grader.quiz.exchange.moodle import questions_of

        return questions_of(root, name)
    from grader.quiz.exchange.qti import questions_of as questions_of_qti

    return questions_of_qti(root, name)
