"""course.yaml: what a course says once for all its labs, next to or in the folder of the labs.

    format: 1
    roster: roster.csv
    columns: {login: Kennung, number: Matrikelnummer}
    assignments: {copy-on-write: Lab 2}
    late: {due: {copy-on-write: "2026-11-20T23:59+01:00"}, per_day: 10, cap: 50, extensions: {jd1: 3}}
    language: de

Paths are relative to the file.
"""

from __future__ import annotations

import pathlib
from typing import Any, NamedTuple

from grader.batch.late import Policy, read_policy
from grader.batch.roster import COLUMNS
from grader.errors import FormatError, InputError
from grader.formats.yaml_reader import Block, read_yaml
from grader.language import ENGLISH, LANGUAGES

NAME = "course.yaml"
SCHEMA = pathlib.Path(__file__).with_name("course.schema.json")
FORMAT = 1

_FIELDS = ("format", "title", "labs", "roster", "columns", "assignments", "late", "hand_in", "language")


class CourseFile(NamedTuple):
    """Holds what a course.yaml says.

    roster       the file, or None
    columns      what -> name of the roster's column
    assignments  lab -> title of its column in gradebooks
    late         the late policy as it stands there (late.read_policy), or None
    hand_in      how students hand in, which releases tell them; "" if the course does not say
    language     of the canned sentences in students' feedback
    """

    path: pathlib.Path
    title: str = ""
    labs: tuple[str, ...] = ()
    roster: pathlib.Path | None = None
    columns: dict[str, str] = {}  # noqa: RUF012 - never changed
    assignments: dict[str, str] = {}  # noqa: RUF012 - never changed
    late: Any = None
    hand_in: str = ""
    language: str = ENGLISH


def find_course(lab: pathlib.Path) -> pathlib.Path | None:
    """Return the course.yaml of a lab: next to its folder, or one folder higher. The working folder does not count."""
    folder = lab.resolve()
    return next((up / NAME for up in (folder.parent, folder.parent.parent) if (up / NAME).is_file()), None)


def read_course(path: pathlib.Path) -> CourseFile:
    """Read a course.yaml. InputError with every problem that is found."""
    try:
        block = read_yaml(path.read_bytes(), str(path))
    except FormatError as error:
        raise InputError([str(error)]) from None
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    if not isinstance(block, Block):
        raise InputError([f"{path}:1: expected a mapping of {', '.join(_FIELDS)}"])
    problems = [
        f"{path}:{block.lines[name]}: unknown field {name!r}; expected {', '.join(_FIELDS)}"
        for name in block
        if name not in _FIELDS
    ]
    if block.get("format") != FORMAT:
        problems.append(f"{path}:{block.lines.get('format', 1)}: format is {block.get('format')!r}; expected {FORMAT}")
    checks = {
        "title": (str, "a text"),
        "labs": (list, "a list of folders"),
        "roster": (str, "the path of a CSV file"),
        "columns": (dict, f"a mapping of {', '.join(COLUMNS)} to names of columns"),
        "assignments": (dict, "a mapping of labs to titles of columns"),
        "hand_in": (str, "a text, such as: Upload kernel.py and answers.yaml to Moodle."),
    }
    for name, (kind, expected) in checks.items():
        if name in block and not _is(block[name], kind):
            problems.append(f"{path}:{block.lines[name]}: {name} is {block[name]!r}; expected {expected}")
    if not problems:
        problems = _unknown(path, block)
    if block.get("language", ENGLISH) not in LANGUAGES:
        told = f"language is {block['language']!r}; expected {' or '.join(LANGUAGES)}"
        problems.append(f"{path}:{block.lines['language']}: {told}")
    if "late" in block:
        wrong = read_policy(block["late"], "")[1]
        problems += [f"{path}:{block.lines['late']}: {wrong}"] if wrong else []
    if problems:
        raise InputError(problems)
    return CourseFile(
        path,
        block.get("title", ""),
        tuple(block.get("labs", ())),
        path.parent / block["roster"] if "roster" in block else None,
        dict(block.get("columns", {})),
        dict(block.get("assignments", {})),
        block.get("late"),
        " ".join(block.get("hand_in", "").split()),
        block.get("language", ENGLISH),
    )


def late_policy(course: CourseFile, lab: str) -> Policy | None:
    """Return the late policy of a lab; None if the course has none for it."""
    return read_policy(course.late, lab)[0] if course.late is not None else None


def refuse_unlisted(course: CourseFile, lab: pathlib.Path) -> None:
    """InputError if the course lists its labs, and this folder is not one of them."""
    listed = [(course.path.parent / one).resolve() for one in course.labs]
    if listed and lab.resolve() not in listed:
        there = ", ".join(course.labs)
        raise InputError(
            [f"{lab}: {course.path} does not list this lab (it has {there}); add it to `labs` there, or remove `labs`"]
        )


def _is(value: Any, kind: type) -> bool:
    if not isinstance(value, kind):
        return False
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(isinstance(one, str) for one in inner)


def _unknown(path: pathlib.Path, block: Block) -> list[str]:
    """Return the problems of names: columns that a roster has not, labs and a roster that are not there."""
    columns = block.get("columns", Block(1))
    problems = [
        f"{path}:{columns.lines[what]}: unknown column {what!r}; expected {', '.join(COLUMNS)}"
        for what in columns
        if what not in COLUMNS
    ]
    for lab in block.get("labs", ()):
        if not (path.parent / lab / "lab.yaml").is_file():
            problems.append(f"{path}:{block.lines['labs']}: {lab} has no lab.yaml")
    if "roster" in block and not (path.parent / block["roster"]).is_file():
        problems.append(f"{path}:{block.lines['roster']}: no file {block['roster']}")
    return problems


def check_course(path: pathlib.Path) -> list[str]:
    """Return all problems of a course.yaml, its roster included."""
    from grader.batch.roster import read_roster

    try:
        course = read_course(path)
        if course.roster is not None:
            read_roster(course.roster, course.columns)
    except InputError as error:
        return error.problems
    return []
