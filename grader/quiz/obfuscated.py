"""Pack a quiz for students, so that nobody reads a key by accident but sheets can be marked at home.

This does not hide a key from anybody who looks for it: what a program on a student's machine can use, the student can
read. The course marks with its own copy.
"""

from __future__ import annotations

HEAD = b"# forklab: questions and keys, packed so that nobody reads them by accident. This is no secret: the course\n"

_ABOUT = b"# marks with its own copy. `grader quiz` asks the questions and marks your answers.\n"

#: Maximum size of an unpacked quiz, in bytes.
LIMIT = 4 << 20


def packed(text: str) -> str:
    """Return the text of the packed file."""
    import base64
    import textwrap
    import zlib

    lines = textwrap.wrap(base64.b64encode(zlib.compress(text.encode(), 9)).decode(), 100)
    return (HEAD + _ABOUT).decode() + "\n".join(lines) + "\n"


def unpacked(data: bytes) -> bytes:
    """Return the unpacked bytes of a packed file, or the bytes of any other file. ValueError if it is damaged."""
    if not data.startswith(HEAD):
        return data
    import base64
    import zlib

    body = data[len(HEAD) :].partition(b"\n")[2]
    try:
        return zlib.decompressobj().decompress(base64.b64decode(body), LIMIT)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"the packed quiz is damaged ({error}); fetch the lab again") from None
