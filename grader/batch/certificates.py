"""The certificates of a batch with --verify: made by workers, kept like attempts, shown to staff and students."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.batch.store import Kept
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED


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
