"""Images of a quiz: only files next to the quiz file.

A quiz and the paths in it may be untrusted: `![x](/etc/passwd)` must never be read, let alone packed and published. So
a path must be relative, without `..`, and is opened folder by folder without following links. The file must be a
regular file of limited size, and its first bytes must match the type that its name gives.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from grader.quiz.exchange.item import Item
from grader.quiz.exchange.notes import Note

#: Maximum size of an image, in bytes.
IMAGE_LIMIT = 2 << 20

#: File extension -> the first bytes of such a file. No SVG, because it can hold scripts and refer to other files.
TYPES: dict[str, tuple[bytes, ...]] = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
}

_IMAGE = re.compile(r"!\[([^\[\]]{0,400})\]\(\s{0,9}<?([^()<>\s]{1,400})>?(?:\s{1,9}[^()]{0,400})?\)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:")


class Image(NamedTuple):
    """An image in a text. path: as written; start, end: the position of `![alt](path)`."""

    alt: str
    path: str
    start: int
    end: int

    @property
    def remote(self) -> bool:
        """Return True if the reader's browser fetches the image from a server."""
        return self.path.lower().startswith(("http://", "https://"))


def images_in(text: str) -> Iterator[Image]:
    """Yield the images of a Markdown text, in order."""
    for match in _IMAGE.finditer(text):
        yield Image(match.group(1), match.group(2), match.start(), match.end())


def texts_of(item: Item) -> list[str]:
    """Return every text of a question that may show an image."""
    options = [text for option in item.options for text in (option.text, str(option.right), option.why)]
    return [item.text, item.why, *options, *item.wrong.values()]


def image_notes(item: Item, name: str, line: int) -> list[Note]:
    """Return notes on the images of an imported question: the files themselves are not imported."""
    paths = dict.fromkeys(image.path for text in texts_of(item) for image in images_in(text) if not image.remote)
    return [Note(name, line, f"the image {path[:100]!r}: {_advice(path)}") for path in paths]


def _advice(path: str) -> str:
    problem = unfit_path(path)
    if problem:
        return f"{problem}; exports cannot include it: put the file next to the quiz file, and change the path"
    return "only the path is imported; put the file there, next to the quiz file"


def unfit_path(path: str) -> str:
    """Return why a path is not acceptable as an image next to the quiz file, or ""."""
    if path.startswith(("/", "\\", "~")) or _SCHEME.match(path):
        return "not a path next to the quiz file"
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        return "not a plain path next to the quiz file (no `..`, no `.`, no backslash)"
    if path.rpartition(".")[2].lower() not in TYPES:
        return f"not a supported image type ({', '.join(TYPES)})"
    return ""


def read_image(folder: str | os.PathLike[str], path: str) -> tuple[bytes, str]:
    """Return the bytes of an image next to the quiz file and "", or b"" and the problem."""
    problem = unfit_path(path)
    if problem:
        return b"", problem
    try:
        data = _read(folder, path)
    except FileNotFoundError:
        return b"", "no such file next to the quiz file"
    except OSError as error:
        return b"", f"cannot be read without following a link ({error.strerror or type(error).__name__})"
    if data is None:
        return b"", "not a regular file"
    if len(data) > IMAGE_LIMIT:
        return b"", f"more than {IMAGE_LIMIT >> 20} MiB"
    if not data.startswith(TYPES[path.rpartition(".")[2].lower()]):
        return b"", "its contents do not match the type in its name"
    return data, ""


def _read(folder: str | os.PathLike[str], path: str) -> bytes | None:
    """Return the file's bytes, up to one more than the limit, opened folder by folder; None if it is not regular."""
    *folders, name = path.split("/")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for part in folders:
            opened.append(os.open(part, flags | os.O_DIRECTORY, dir_fd=opened[-1]))
        opened.append(os.open(name, flags | os.O_NONBLOCK, dir_fd=opened[-1]))
        if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):
            return None
        with os.fdopen(opened.pop(), "rb") as file:
            return file.read(IMAGE_LIMIT + 1)
    finally:
        for descriptor in opened:
            os.close(descriptor)
