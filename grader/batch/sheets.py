"""Finds the quiz sheets of a folder: plain sheets NAME.yaml, and whatever a batch would find in a download.

Everything in the folder is accounted for: a sheet, a submission without one, or a file that is not a submission.
"""

from __future__ import annotations

import pathlib
from typing import NamedTuple

from grader.batch.identity import owners
from grader.batch.layouts import FoundSubmission, about_people, find_submissions, left_out
from grader.batch.sources import files_of
from grader.errors import InputError
from grader.intake.refusal import Refused, Unreadable
from grader.intake.submission import read_rest
from grader.quiz.sheet_files import read_bytes

#: Maximum number of sheets in one folder.
COUNT_LIMIT = 5000

_SUFFIXES = (".yaml", ".yml")


class Sheet(NamedTuple):
    """A sheet that was found.

    data     its bytes
    problem  why it could not be read, or ""
    owners   the ids by which its students are known, which choose their variant
    remarks  what was taken under another name, and what was not read
    """

    name: str
    data: bytes
    problem: str
    owners: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class Sheets(NamedTuple):
    """The sheets of a folder. without: submissions that have none; others: entries that are not submissions."""

    sheets: list[Sheet]
    without: list[str]
    others: list[str]


def find_sheets(folder: pathlib.Path, lab: str) -> Sheets:
    """Return the sheets of a folder, by name. InputError if there is none."""
    try:
        found, others = find_submissions(folder), left_out(folder)
    except OSError as error:
        raise InputError([f"{folder}: {error.strerror}"]) from None
    plain = [name for name in others if name.lower().endswith(_SUFFIXES)]
    read = [(one.id, _of_submission(one, lab)) for one in found]
    sheets = [sheet for _, sheet in read if sheet is not None] + [_plain(folder / name) for name in plain]
    if not sheets:
        raise InputError(
            [f"{folder}: no sheets found; expected NAME.yaml, NAME/answers.yaml, or a download with answers.yaml in it"]
        )
    if len(sheets) > COUNT_LIMIT:
        raise InputError([f"{folder}: {len(sheets)} sheets; the limit is {COUNT_LIMIT} at once"])
    without = [id for id, sheet in read if sheet is None]
    return Sheets(sorted(sheets, key=lambda one: one.name), without, [name for name in others if name not in plain])


def _of_submission(found: FoundSubmission, lab: str) -> Sheet | None:
    files, name = files_of(found)
    problem, data = found.doubt, b""
    remarks: tuple[str, ...] = ()
    try:
        rest = read_rest(files, lab, name, numbered=found.system.startswith("canvas"))
        remarks, data = found.remarks + rest.remarks, rest.answers or b""
        why = rest.unread or ("; ".join(remarks) if rest.answers is None else "")
        if rest.answers is None and not why and not problem:
            return None
        problem = problem or why
    except (Refused, Unreadable) as error:
        problem = str(error)
    return Sheet(found.id, data, problem, owners(about_people(found)), remarks)


def _plain(path: pathlib.Path) -> Sheet:
    if path.is_symlink():
        return Sheet(path.stem, b"", "symbolic links are not followed", (path.stem,))
    try:
        return Sheet(path.stem, read_bytes(path), "", (path.stem,))
    except InputError as error:
        return Sheet(path.stem, b"", error.problems[0].rpartition(": ")[2], (path.stem,))
