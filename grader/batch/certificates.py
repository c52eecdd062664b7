"""The certificates of a batch with --verify: made by workers, kept like attempts, shown to staff and students.

A certificate depends on the kernel, the worlds, the reference and the grader. `key_of` is made of these, so that a
certificate is kept as long as an attempt at a scenario would be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grader.batch.store import Kept, Key
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.verify.verify import worlds

if TYPE_CHECKING:
    from grader.batch.grading import Course


def key_of(course: Course, kernel: str) -> Key:
    """Return what the certificate of a kernel is kept under."""
    explored = hashlib.sha256(repr(worlds(course.lab)).encode()).hexdigest()
    reference = hashlib.sha256(repr(sorted(course.outputs.items())).encode()).hexdigest()
    return Key(kernel, f"verify-{explored}", course.grader, reference)


def kept_certificate(course: Course, kept: Mapping[tuple[str, str], Kept], kernel: str) -> Kept | None:
    """Return the certificate of a kernel, of what is kept of it; None if there is none, or none that says anything."""
    key = key_of(course, kernel)
    known = kept.get((key.scenario, key.output))
    return None if known is None or known.verdict == UNGRADABLE else known


def entry_of(certificate: Kept | None) -> dict[str, Any]:
    """Return the part of results.json on a certificate; empty if there is none."""
    if certificate is None:
        return {}
    differs = certificate.verdict not in (PASSED, NOT_IMPLEMENTED)
    return {"verified": {"differs": differs, "line": certificate.attempt.get("message", "")}}


def in_table(entry: Mapping[str, Any]) -> str:
    """Return a submission's cell in results.csv: "yes", "differs", or "" if there is no certificate."""
    if "verified" not in entry:
        return ""
    if entry["verified"]["differs"]:
        return "differs"
    return "" if entry["verified"]["line"].startswith("not verified") else "yes"
