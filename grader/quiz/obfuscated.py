"""A quiz as students get it: packed, so that nobody reads a key by accident, and checkable at home all the same.

This hides nothing from anybody who wants to know: a key that a program on one's own machine can use is no secret. The
course marks with its own copy.
"""

from __future__ import annotations

HEAD = b"# forklab: questions and keys, packed so that nobody reads them by accident. This is no secret: the course\n"

_ABOUT = b"# marks with its own copy. `grader quiz` asks the questions and marks your answers.\n"

#: Bytes of an unpacked quiz.
LIMIT = 4 << 20


def packed(text: str) -> str:
    """The text of a packed file."""
    import base64
    import textwrap
    import zlib

    lines = textwrap.wrap(base64.b64encode(zlib.compress(text.encode(), 9)).decode(), 100)
    return (HEAD + _ABOUT).decode() + "\n".join(lines) + "\n"


def unpacked(data: bytes) -> bytes:
    """The bytes inside, where a file is packed, else the file's own. ValueError if it is damaged."""
    if not data.startswith(HEAD):
        return data
    import base64
    import zlib

    body = data[len(HEAD) :].partition(b"\n")[2]
    try:
        return zlib.decompressobj().decompress(base64.b64decode(body), LIMIT)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"the packed quiz is damaged ({error}); fetch the lab again") from None
