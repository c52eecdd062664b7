"""course.yaml: what a course says once for all its labs, next to or in the folder of the labs.

    format: 1
    roster: roster.csv
    columns: {login: Kennung, number: Matrikelnummer}
    assignments: {copy-on-write: Lab 2}
    mine: {copy-on-write: Lab 2 scenarios}
    late: {due: {copy-on-write: "2026-11-20T23:59+01:00"}, per_day: 10, cap: 50, extensions: {jd1: 3}}
    language: de

Paths are relative to the file. Editors complete from `course.schema.json` in this folder; a test holds it against
`schema()`, and `python -I -m grader.batch.course_file` writes it again.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from grader.batch.late import Policy, parse_time, parse_zone, policy_of
from grader.batch.roster import COLUMNS
from grader.errors import FormatError, InputError, did_you_mean
from grader.files import write_file
from grader.formats.checking import find_problems
from grader.formats.fields import (
    BOOLEAN,
    Kind,
    Schema,
    Table,
    choice,
    is_number,
    is_text,
    list_of,
    number,
    optional,
    required,
    text,
    version,
)
from grader.formats.schema import object_schema, schema_text, whole_schema
from grader.formats.yaml_reader import Block, read_yaml
from grader.language import ENGLISH, LANGUAGES

NAME = "course.yaml"
SCHEMA = pathlib.Path(__file__).with_name("course.schema.json")
FORMAT = 1

#: Days of an extension, and minutes of grace, at most.
DAYS, MINUTES = 366, 10_000


def _mapping(expected: str, schema: Schema) -> Kind:
    return Kind(expected, schema, lambda value: isinstance(value, Block))


_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}
_DAYS: Schema = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": DAYS}}

TOP: Table = {
    "format": required(version(FORMAT), "the version of this format"),
    "title": optional(text(), "what the course is called"),
    "labs": optional(
        list_of("a list of folders, such as [labs/copy-on-write]", {"type": "string"}, is_text),
        "folders of labs, relative to this file",
    ),
    "roster": optional(text("the path of a CSV file"), "a CSV file with one row per person, relative to this file"),
    "columns": optional(
        _mapping("a mapping such as {login: Kennung}", {"$ref": "#/$defs/columns"}),
        "names of the roster's columns that are not recognised",
    ),
    "assignments": optional(
        _mapping("a mapping of labs to titles, such as {copy-on-write: Lab 2}", _TEXTS),
        "lab -> title of its column in gradebooks",
    ),
    "mine": optional(
        _mapping("a mapping of labs to titles, such as {copy-on-write: Lab 2 scenarios}", _TEXTS),
        "lab -> title of the column in Canvas for points of students' own scenarios",
    ),
    "hand_in": optional(
        text("a text, such as: Upload kernel.py and answers.yaml to Moodle."),
        "how students hand in; releases tell them",
    ),
    "language": optional(choice(LANGUAGES), "language of the canned sentences in students' feedback; en unless given"),
    "late": optional(
        _mapping("a mapping such as {due: {copy-on-write: ...}, per_day: 10}", {"$ref": "#/$defs/late"}),
        "what is taken off for late submissions",
    ),
}

COLUMN: Table = {what: optional(text("the name of a column"), f"the column that holds {what}") for what in COLUMNS}

LATE: Table = {
    "due": required(
        _mapping('labs with times, such as {copy-on-write: "2026-11-20T23:59+01:00"}', _TEXTS),
        "lab -> time such as 2026-11-20T23:59+01:00",
    ),
    "per_day": required(number(0, 100), "percent for each day that has begun"),
    "cap": optional(number(0, 100), "percent that is taken off at most; 100 unless given"),
    "grace_minutes": optional(number(0, MINUTES), "minutes for which nothing is taken off; 0 unless given"),
    "zone": optional(
        Kind("the name of a time zone, such as Europe/Berlin", {"type": "string"}, lambda v: parse_zone(v) is not None),
        "time zone of times without an offset; the offset of `due` unless given",
    ),
    "commit_dates": optional(
        BOOLEAN, "whether the date of a repository's last commit, which students can choose, is the time of submission"
    ),
    "extensions": optional(
        _mapping("students with days, such as {jd1: 3}", _DAYS),
        "student (login, ID number, e-mail address, or the submission's name) -> days more",
    ),
}


class CourseFile(NamedTuple):
    """Holds what a course.yaml says.

    roster       the file, or None
    columns      what -> name of the roster's column
    assignments  lab -> title of its column in gradebooks
    mine         lab -> title of the column for students' own scenarios
    late         the late policy as it stands there (late.policy_of), or None
    hand_in      how students hand in, which releases tell them; "" if the course does not say
    language     of the canned sentences in students' feedback
    """

    path: pathlib.Path
    title: str = ""
    labs: tuple[str, ...] = ()
    roster: pathlib.Path | None = None
    columns: dict[str, str] = {}  # noqa: RUF012 - never changed
    assignments: dict[str, str] = {}  # noqa: RUF012 - never changed
    mine: dict[str, str] = {}  # noqa: RUF012 - never changed
    late: Any = None
    hand_in: str = ""
    language: str = ENGLISH


def find_course(lab: pathlib.Path) -> pathlib.Path | None:
    """Return the course.yaml of a lab: next to its folder, or one folder higher. The working folder does not count.

    InputError for one with another ending, which would be passed over.
    """
    folder = lab.resolve()
    for up in (folder.parent, folder.parent.parent):
        if (up / NAME).is_file():
            return up / NAME
        for other in ("course.yml", "course.YAML", "Course.yaml"):
            if (up / other).is_file():
                raise InputError([f"{up / other}: rename it to {NAME}, or it does not count"])
    return None


def read_course(path: pathlib.Path) -> CourseFile:
    """Read a course.yaml. InputError with every problem that is found."""
    try:
        block = read_yaml(path.read_bytes(), str(path))
    except FormatError as error:
        raise InputError([str(error)]) from None
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    problems = [f"{path}:{line}: {message}" for line, message in _problems(path.parent, block)]
    if problems:
        raise InputError(problems)
    return CourseFile(
        path,
        block.get("title", ""),
        tuple(block.get("labs", ())),
        path.parent / block["roster"] if "roster" in block else None,
        dict(block.get("columns", {})),
        dict(block.get("assignments", {})),
        dict(block.get("mine", {})),
        block.get("late"),
        " ".join(block.get("hand_in", "").split()),
        block.get("language", ENGLISH),
    )


#: A problem: the line, and what is wrong there.
_Problem = tuple[int, str]


def _problems(folder: pathlib.Path, block: object) -> Iterator[_Problem]:
    """Find all that is wrong with a course.yaml in a folder."""
    wrong = set()
    for problem in find_problems("a course", block, TOP, 1):
        wrong.add(problem.field)
        yield problem.line, problem.message
    if not isinstance(block, Block):
        return
    sound = {name: value for name, value in block.items() if name not in wrong}
    for lab in sound.get("labs", ()):
        if not (folder / lab / "lab.yaml").is_file():
            near = did_you_mean(lab, [str(path.parent.relative_to(folder)) for path in _found(folder)])
            yield block.lines["labs"], f"{lab} has no lab.yaml{'; ' if near else ''}{near}"
    if "roster" in sound and not (folder / sound["roster"]).is_file():
        yield block.lines["roster"], f"no file {sound['roster']}"
    if "columns" in sound:
        yield from _of_table("columns", sound["columns"], COLUMN)
    labs = _labs(folder, sound.get("labs", ()))
    if "assignments" in sound:
        yield from _of_labs("assignments", sound["assignments"], labs, is_text, "the title of a column")
    if "mine" in sound:
        yield from _of_labs("mine", sound["mine"], labs, is_text, "the title of a column")
    if "late" in sound:
        yield from _late_problems(sound["late"], labs)


def _late_problems(late: Block, labs: Collection[str]) -> Iterator[_Problem]:
    yield from _of_table("late", late, LATE)
    due, extensions = late.get("due"), late.get("extensions")
    if isinstance(due, Block):
        yield from _of_labs("due", due, labs, _is_time, 'a time with its offset, such as "2026-11-20T23:59+01:00"')
    if isinstance(extensions, Block):
        first: dict[str, str] = {}  # capitals do not count in a student's keys (late.py)
        for student, days in extensions.items():
            other = first.setdefault(student.casefold(), student)
            if other != student:
                yield extensions.lines[student], f"extensions: {student} and {other} are one student; keep one of them"
            if not (is_number(days) and 0 <= days <= DAYS):
                told = f"extensions: {student} has {days!r}; expected a number of days, 0 to {DAYS}"
                yield extensions.lines[student], told


def _is_time(value: object) -> bool:
    return isinstance(value, str) and parse_time(value) is not None


def _of_table(what: str, block: Block, table: Table) -> Iterator[_Problem]:
    for problem in find_problems(what, block, table, block.line):
        yield problem.line, problem.message


def _of_labs(
    what: str, block: Block, labs: Collection[str], fits: Callable[[object], bool], expected: str
) -> Iterator[_Problem]:
    """Check a mapping of labs: a lab of another name would have no late policy, or no column, without a word."""
    for lab, value in block.items():
        if lab not in labs:
            near = did_you_mean(lab, labs) or f"labs here: {', '.join(sorted(labs)) or 'none'}"
            yield block.lines[lab], f"{what}: no lab has the name {lab!r}; {near}"
        elif not fits(value):
            yield block.lines[lab], f"{what}: {lab} has {value!r}; expected {expected}"


def _labs(folder: pathlib.Path, listed: Collection[str]) -> set[str]:
    """Return the names of a course's labs: those that it lists, or else those that find this file."""
    if listed and all((folder / lab / "lab.yaml").is_file() for lab in listed):
        return {(folder / lab).resolve().name for lab in listed}
    # A misspelt one is a problem of its own, and no reason to call the names of others wrong.
    return {path.parent.name for path in _found(folder)}


def _found(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the lab.yaml of each lab that finds a course.yaml in this folder."""
    return sorted(path for way in ("*/lab.yaml", "*/*/lab.yaml") for path in folder.glob(way))


def late_policy(course: CourseFile, lab: str) -> Policy | None:
    """Return the late policy of a lab; None if the course has none for it."""
    return policy_of(course.late, lab) if course.late is not None else None


def refuse_unlisted(course: CourseFile, lab: pathlib.Path) -> None:
    """InputError if the course lists its labs, and this folder is not one of them."""
    listed = [(course.path.parent / one).resolve() for one in course.labs]
    if listed and lab.resolve() not in listed:
        there = ", ".join(course.labs)
        raise InputError(
            [f"{lab}: {course.path} does not list this lab (it has {there}); add it to `labs` there, or remove `labs`"]
        )


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


def schema() -> Schema:
    """Return the whole schema, draft 2020-12."""
    title = "A course: what its labs have in common"
    return whole_schema(title, object_schema(TOP), {"columns": object_schema(COLUMN), "late": object_schema(LATE)})


if __name__ == "__main__":
    write_file(SCHEMA, schema_text(schema()))
