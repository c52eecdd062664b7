"""Write QTI 1.2 as Canvas imports it: a zip, which text2qti creates from a text in its own format.

text2qti is not needed for anything else and is installed with `pip install 'forklab[exchange]'`.
"""

from __future__ import annotations

import os
import pathlib
import re
import tempfile
from fractions import Fraction

from grader.errors import InputError
from grader.escape import printable
from grader.quiz.exchange.images import Image, images_in, read_image
from grader.quiz.exchange.item import Item, Option

#: Beginnings of lines that text2qti would read as its own syntax. A backslash does not prevent that; a zero-width
#: character does.
_MARK = re.compile(
    r"(?m)^([ \t]*)(?=(?:\d|\*|\*?[a-zA-Z]\)|\[[ *]?\]|\.\.\.|[+\-!=%]|___|\^\^\^|GROUP|END_GROUP|COMMENT|END_COMMENT"
    r"|(?:[Tt]itle|[Pp]oints|[Tt]ext|[Tt]ext [Tt]itle|[Qq]uiz \w{1,20}|[Pp]ick):))"
)
#: Removed from an image's alternative text and file name: everything that could have a meaning in Markdown.
_NO_WORD = re.compile(r"[^\w .,;:()-]|\]\(")
_NO_NAME = re.compile(r"[^A-Za-z0-9.-]")


def write(items: list[Item], title: str, folder: str | os.PathLike[str]) -> tuple[bytes, list[str]]:
    """Return the zip, and what it cannot hold. InputError if text2qti is not installed.

    folder  the folder of the quiz file: only images from there are read and packed
    """
    try:
        from text2qti.config import Config  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from text2qti.err import Text2qtiError  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from text2qti.qti import QTI  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from text2qti.quiz import Quiz  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        wanted = "the QTI export needs text2qti, which is not installed; pip install 'forklab[exchange]'"
        raise InputError([wanted]) from None
    with tempfile.TemporaryDirectory(prefix="forklab-images-") as copies:
        images = _Images(folder, copies)
        text, lost = source([images.checked(item) for item in items], title)
        try:
            # Do not call Config.load(): it creates a file in the user's home folder.
            quiz = Quiz(images.only_checked(text), config=Config(), source_name="quiz")
        except Text2qtiError as error:
            raise InputError([f"text2qti rejects this quiz: {printable(str(error))}"]) from None
        strange = [image.name for image in quiz.images.values() if image.data not in images.read]
        if strange:
            raise InputError([f"the image {strange[0]!r} has not been checked; nothing was written"])
        return QTI(quiz).zip_bytes(), images.lost + lost


class _Images:
    """Checked copies of the images that questions show.

    text2qti opens any path that a text names, anywhere on this machine. So it gets only copies of checked files in a
    temporary folder, and an invisible character breaks every other `![`.
    """

    def __init__(self, folder: str | os.PathLike[str], copies: str) -> None:
        self.folder = folder
        self.copies = copies
        self.read: set[bytes] = set()
        self.shown: dict[str, None] = {}
        self.lost: list[str] = []

    def checked(self, item: Item) -> Item:
        """Return a question in which each image is one of our copies, or has become text."""

        def safe(text: str) -> str:
            done: list[str] = []
            at = 0
            for image in images_in(text):
                done += [text[at : image.start], self.copy(item.id, image)]
                at = image.end
            return "".join(done) + text[at:]

        options = tuple(o._replace(text=safe(o.text), why=safe(o.why)) for o in item.options)
        return item._replace(text=safe(item.text), why=safe(item.why), options=options)

    def copy(self, id: str, image: Image) -> str:
        """Return `![alt](path of the copy)`, or the alternative text of an image that cannot be packed."""
        alt = " ".join(_NO_WORD.sub(" ", image.alt).split())
        if image.remote:
            shown = f"{alt}]({image.path})"
        else:
            data, problem = read_image(self.folder, image.path)
            if problem:
                self.lost.append(f"{id}: the image {printable(image.path, 100)!r}: {problem}")
                return f"[{alt or 'image'}]"
            self.read.add(data)
            path = pathlib.Path(self.copies, f"{len(self.shown)}-{_NO_NAME.sub('_', image.path)[-80:]}")
            path.write_bytes(data)
            shown = f"{alt}]({path})"
        self.shown[shown] = None
        return f"![{shown}"

    def only_checked(self, text: str) -> str:
        """Return a text in which no `![` begins any image other than our copies."""
        first, *rest = text.split("![")
        ours = tuple(self.shown)
        return first + "".join(f"![{part}" if part.startswith(ours) else f"!\u200b[{part}" for part in rest)


def source(items: list[Item], title: str) -> tuple[str, list[str]]:
    """Return the input text for text2qti, and what QTI 1.2 cannot hold."""
    lost: list[str] = []
    lines = [f"Quiz title: {' '.join(title.split())}", "Shuffle answers: true", ""]
    number = 0
    for item in items:
        if item.kind in ("match", "order"):
            lost.append(f"{item.id}: left out, because text2qti has nothing like `{item.kind}`")
            continue
        number += 1
        lines += [f"Title: {item.id}", f"Points: {_points(item, lost)}"]
        lines += _marked(f"{number}.  ", item.text)
        lines += _answers(item, lost)
        lines.append("")
        lost += [f"{item.id}: its {what}" for what, there in (("unit", item.unit), ("section", item.section)) if there]
    return "\n".join(lines) + "\n", lost


def _points(item: Item, lost: list[str]) -> str:
    """Return the points as whole or half points above 0, as text2qti requires."""
    halves = max(round(item.points * 2), 1)
    if Fraction(halves, 2) != item.points:
        lost.append(f"{item.id}: its points became {halves / 2:g}; only whole and half points are possible")
    return f"{halves // 2}" if halves % 2 == 0 else f"{halves / 2}"


def _marked(mark: str, text: str) -> list[str]:
    """Return a mark followed by a text whose further lines are indented to its beginning."""
    safe = _MARK.sub(lambda match: match.group(1) + "\u200b", text.strip("\n").replace("$", "\\$"))
    first, *rest = safe.splitlines() or [""]
    indent = " " * len(mark)
    return [f"{mark}{first.lstrip()}", *(f"{indent}{line}".rstrip() for line in rest)]


def _answers(item: Item, lost: list[str]) -> list[str]:
    if item.kind == "single":
        return _single(item.options)
    if item.kind == "multiple":
        return _multiple(item.options)
    lines = _marked("... ", " ".join(item.why.split())) if item.why else []
    if item.wrong:
        lost.append(f"{item.id}: the reasons of wrong answers")
    if item.kind == "number" and Fraction(item.answers[0]):
        spread = f" +- {float(item.tolerance):g}" if item.tolerance else ""
        whole = spread or "." not in item.answers[0]
        return [*lines, f"= {item.answers[0]}{spread}" if whole else f"= {item.answers[0]} +- 0.0001"]
    if item.kind == "number":
        lost.append(f"{item.id}: has become a text question, because text2qti cannot write the number 0")
    return [*lines, *(f"* {answer}" for answer in item.answers)]


def _single(options: tuple[Option, ...]) -> list[str]:
    lines: list[str] = []
    for n, option in enumerate(options):
        letter = chr(ord("a") + n)
        lines += _marked(f"{'*' if option.right else ''}{letter}) ", option.text)
        lines += _marked("... ", " ".join(option.why.split())) if option.why else []
    return lines


def _multiple(options: tuple[Option, ...]) -> list[str]:
    lines: list[str] = []
    for option in options:
        lines += _marked("[*] " if option.right else "[ ] ", option.text)
        lines += _marked("... ", " ".join(option.why.split())) if option.why else []
    return lines
