"""Keeps the marks of a student's own sheet between runs: it is marked again only if a file has changed.

A student runs the grader after each edit of the kernel, and the sheet stays as it is. What the marks depend on makes
the name under which they are kept: the bytes of the sheet, of the quiz, of its recorded keys and of the lab's files.
Marks for which a key had to be computed, which depends on more, are not kept. The sheets of a class are not either:
each is marked once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

from grader.kept import Pack
from grader.lab.lab import Lab
from grader.quiz.marks import QuizResult

#: Folder of the cache, and marked sheets of one lab that are kept at most.
KIND, MOST = "marks", 8


def marked(lab: Lab, answers: bytes | None, owners: Sequence[str], unread: str = "") -> QuizResult:
    """Return the marks of a sheet as `Marker.mark` does. InputError as there."""
    digest = _digest(lab, answers, owners, unread)
    pack = Pack(KIND, lab.path, MOST)
    known = pack.get(digest) if digest else None
    if isinstance(known, dict):
        return cast("QuizResult", known)
    from grader.quiz.marker import Marker

    marker = Marker(lab)
    marks = marker.mark(answers, owners, unread)
    # A file may have been changed between the two times at which it was read.
    if digest and marker.all_recorded and _digest(lab, answers, owners, unread) == digest:
        pack.put(digest, marks)
        pack.save()
    return marks


def _digest(lab: Lab, answers: bytes | None, owners: Sequence[str], unread: str) -> bytes:
    """Return a hash of all that the marks depend on; b"" if a file cannot be read."""
    assert lab.quiz is not None
    try:
        keys = lab.keys.read_bytes() if lab.keys.is_file() else b""
        parts = [lab.digest, lab.quiz.read_bytes(), keys, repr((answers, list(owners), unread)).encode()]
    except OSError:
        return b""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
