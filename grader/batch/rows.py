"""Checks the rows of a store. It may come from anywhere, so nothing in it is used before it was checked.

Each `read_` function takes what SQLite gave and returns the checked value, or raises BadRow with the reason.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NotRequired, TypedDict, TypeGuard, cast

from grader.batch.gradebooks import FILE
from grader.batch.packing import NAME as PACKED
from grader.compare.explain import ABOUT
from grader.escape import printable
from grader.grade.verdicts import MEANINGS
from grader.lab.fields import LANGUAGES
from grader.sandbox.isolation import LEVELS, Isolation
from grader.sandbox.limits import SOURCE_LIMIT

#: Characters of one text in a row, and of the grades of a whole batch; items of one list.
TEXT_LIMIT = 1 << 20
GRADES_LIMIT = 256 << 20
ITEMS = 2000

#: Names of submissions: each is a file's name below results/ and feedback/.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

#: The table of all submissions, which people like to edit.
TABLE = "results.csv"

_HASH = re.compile(r"[A-Za-z0-9.+_-]{0,200}")

_LEVELS = ("none", *LEVELS)

_PERSON = {"label", "email", "number", "login", "github", "named", "by_name"}

Check = Callable[[object], bool]


#: An override as a store keeps it: line, student, task or scenario, points, comment.
OverrideRow = tuple[int, str, str, float, str]


class PlainAttempt(TypedDict):
    """An attempt as JSON values. divergence: step, rule, expected, yours; printed: text, and True if it was cut."""

    verdict: str
    message: NotRequired[str]
    lines: NotRequired[list[str]]
    divergence: NotRequired[tuple[int, str, str, str]]
    sign: NotRequired[str]
    printed: NotRequired[tuple[str, bool]]


class KeptMine(TypedDict):
    """Holds what a student's own scenarios achieve. caught: of `misconceptions`; lines: the report, harmless."""

    points: float
    max_points: float
    scenarios: int
    valid: int
    caught: int
    misconceptions: int
    lines: list[str]


class KeptGrade(TypedDict):
    """Holds what a later batch compares a submission with. worth: points by scenario."""

    name: NotRequired[str]
    digest: str
    points: float
    quiz: float
    verdicts: dict[str, str]
    worth: dict[str, float]


class KeptGrades(TypedDict):
    """Holds what a later batch compares a batch with. scenarios: id -> visibility."""

    scenarios: dict[str, str]
    submissions: dict[str, KeptGrade]


class BadRow(ValueError):
    """A row is not one that a batch writes."""


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= TEXT_LIMIT


def _is_shown(value: object) -> bool:
    """Return True for text that was made harmless before it was stored."""
    return _is_text(value) and printable(value, None) == value


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _is_lines(value: object) -> bool:
    return isinstance(value, list) and len(value) <= ITEMS and all(map(_is_text, value))


def _is_printed(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_text(value[0]) and isinstance(value[1], bool)


def _is_divergence(value: object) -> bool:
    if not (isinstance(value, list) and len(value) == 4):
        return False
    step, rule, expected, yours = value
    whole = isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= 10**6
    return whole and rule in ABOUT and _is_text(expected) and _is_text(yours)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_person(value: object) -> bool:
    if not isinstance(value, dict) or not {"label", "email", "number"} <= value.keys() <= _PERSON:
        return False
    return all(
        isinstance(field, bool) if name in ("named", "by_name") else _is_shown(field) for name, field in value.items()
    )


def _is_people(value: object) -> bool:
    return isinstance(value, list) and len(value) <= ITEMS and all(map(_is_person, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e6 < value < 1e6


def _is_table(value: object, check: Check) -> bool:
    return isinstance(value, dict) and all(_is_shown(name) and check(field) for name, field in value.items())


def _is_graded(value: object) -> bool:
    if not isinstance(value, dict) or not _GRADED.keys() - {"name"} <= value.keys() <= _GRADED.keys():
        return False
    return all(_GRADED[name](field) for name, field in value.items())


def _is_mine(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != KeptMine.__annotations__.keys():
        return False
    lines = value["lines"]
    numbers = all(_is_number(field) for name, field in value.items() if name != "lines")
    return numbers and _is_lines(lines) and all(map(_is_shown, lines))


def _is_missing(value: object) -> bool:
    return isinstance(value, dict) and len(value) <= 50 and all(_is_text(k) and _is_text(v) for k, v in value.items())


#: What is known of a submission: fields that every store has, and fields that were added later.
_ABOUT: dict[str, Check] = {
    **dict.fromkeys(("label", "system", "user", "email", "number", "remark"), _is_shown),
    **dict.fromkeys(("digest", "kernel"), _is_hash),
    "refused": _is_text,
}
_ABOUT_LATER: dict[str, Check] = {
    "others": _is_people,
    **dict.fromkeys(("given", "login", "github", "submitted", "dated_by", "time_doubt"), _is_shown),
    **dict.fromkeys(("late", "named", "by_name"), _is_flag),
    "doubt": _is_shown,
    "language": lambda value: value in LANGUAGES,
    "unreadable": _is_text,
    "unread": _is_text,
    "remarks": _is_lines,
    "mine": _is_mine,
}

_ATTEMPT: dict[str, Check] = {"verdict": lambda value: value in MEANINGS}
_ATTEMPT_MORE: dict[str, Check] = {
    "message": _is_text,
    "lines": _is_lines,
    "divergence": _is_divergence,
    "sign": _is_text,
    "printed": _is_printed,
}

_ISOLATION: dict[str, Check] = {"wanted": _is_hash, "got": lambda value: value in _LEVELS}
_ISOLATION_MORE: dict[str, Check] = {"missing": _is_missing, "landlock_abi": lambda value: type(value) is int}

_GRADES: dict[str, Check] = {
    "scenarios": lambda value: _is_table(value, _is_text),
    "submissions": lambda value: _is_table(value, _is_graded),
}
_GRADED: dict[str, Check] = {
    "name": _is_shown,  # a store of earlier versions has none
    "digest": _is_text,
    "points": _is_number,
    "quiz": _is_number,
    "verdicts": lambda value: _is_table(value, _is_text),
    "worth": lambda value: _is_table(value, _is_number),
}


def _object(
    text: object, needed: dict[str, Check], more: dict[str, Check], what: str, limit: int = TEXT_LIMIT
) -> dict[str, Any]:
    """Return a JSON object whose fields have passed their checks."""
    if not (isinstance(text, str) and len(text) <= limit):
        raise BadRow(f"{what} is not a text of at most {limit >> 10} KiB")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRow(f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise BadRow(f"{what} is not an object")
    checks = needed | more
    wrong = next((name for name, field in value.items() if name not in checks or not checks[name](field)), None)
    wrong = next((name for name in needed if name not in value), wrong)
    if wrong is not None:
        raise BadRow(f"{what}: the field {printable(wrong, 60)!r} is missing, unknown, or not what a batch writes")
    return value


def read_id(value: object) -> str:
    """Return the id of a submission, which is safe as the name of a file."""
    if not isinstance(value, str) or not ID.fullmatch(value) or ".." in value:
        raise BadRow(f"{printable(repr(value), 80)} is not the id of a submission")
    return value


def read_about(value: object) -> dict[str, Any]:
    """Return what is known of a submission."""
    return _object(value, _ABOUT, _ABOUT_LATER, "a submission")


def read_answers(value: object) -> bytes | None:
    """Return a quiz sheet's bytes, or None."""
    if value is not None and not (isinstance(value, bytes) and len(value) <= TEXT_LIMIT):
        raise BadRow("a quiz sheet is not bytes, or has too many")
    return value


def read_kernel(digest: object, text: object) -> tuple[str, str]:
    """Return a kernel's digest and its text, which has this digest."""
    if not isinstance(digest, str) or not isinstance(text, bytes) or len(text) > SOURCE_LIMIT:
        raise BadRow("a kernel is not bytes, or has too many")
    if hashlib.sha256(text).hexdigest() != digest:
        raise BadRow(f"a kernel does not have the digest {printable(digest, 80)!r}")
    try:
        return digest, text.decode()
    except UnicodeDecodeError:
        raise BadRow(f"the kernel {digest} is not UTF-8") from None


def read_key(values: tuple[object, ...]) -> tuple[str, str, str, str]:
    """Return the four parts of an attempt's key: hashes of kernel, scenario, grader and reference output."""
    kernel, scenario, grader, output = map(_hash, values)
    return kernel, scenario, grader, output


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _is_hash(value):
        raise BadRow(f"{printable(repr(value), 80)} is not a hash")
    return value


def read_attempt(verdict: object, attempt: object, isolation: object) -> tuple[str, PlainAttempt, Isolation]:
    """Return the verdict, the attempt and the isolation of a row. Nobody may change them: equal rows share them."""
    if isinstance(attempt, str) and isinstance(isolation, str) and len(attempt) + len(isolation) <= _SHORT:
        return _short_attempt(verdict, attempt, isolation)
    return _read_attempt(verdict, attempt, isolation)


def _read_attempt(verdict: object, attempt: object, isolation: object) -> tuple[str, PlainAttempt, Isolation]:
    told = cast(PlainAttempt, _object(attempt, _ATTEMPT, _ATTEMPT_MORE, "an attempt"))
    if told["verdict"] != verdict:
        raise BadRow("an attempt has two verdicts")
    level = cast(Isolation, _object(isolation, _ISOLATION, _ISOLATION_MORE, "an isolation"))
    return told["verdict"], told, level


#: Characters of an attempt that is likely to be in a store many times, such as one that passed.
_SHORT = 500

_short_attempt = functools.lru_cache(maxsize=512)(_read_attempt)


def read_grades(text: object) -> KeptGrades:
    """Return the grades of a finished batch (files.grades_of)."""
    return cast(KeptGrades, _object(text, _GRADES, {}, "a finished batch", GRADES_LIMIT))


def read_parts(text: str) -> list[list[int]]:
    """Return which shards a store holds: pairs of number and count."""
    try:
        parts = json.loads(text)
        known = len(parts) <= ITEMS and all(
            type(n) is int and type(of) is int and 1 <= n <= of <= 9999 for n, of in parts
        )
    except (TypeError, ValueError, RecursionError):
        known = False
    if not known:
        raise BadRow("the list of shards is not one")
    return [[n, of] for n, of in parts]


def read_lab(text: str) -> str:
    """Return the name of a store's lab."""
    try:
        name = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        name = None
    if not _is_shown(name):
        raise BadRow("the name of the lab is not one")
    return str(name)


def read_run(text: str) -> tuple[int, str]:
    """Return the number of a store's last finished run, and when it ended."""
    try:
        number, when = json.loads(text)
        known = type(number) is int and 0 <= number < 10**9 and _is_shown(when) and len(when) <= 40
    except (TypeError, ValueError, RecursionError):
        known = False
    if not known:
        raise BadRow("the number of the last run is not one")
    return number, when


def read_overrides(text: str) -> list[OverrideRow]:
    """Return the overrides of a store: line, student, task or scenario, points, comment."""
    try:
        rows = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise BadRow("the list of overrides is not JSON") from None
    return _overrides(rows)


def read_collected(text: str) -> dict[str, list[OverrideRow]]:
    """Return the overrides that a merge took from shards: shard -> rows."""
    try:
        shards = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise BadRow("the overrides of shards are not JSON") from None
    if not isinstance(shards, dict) or not all(map(_is_shown, shards)):
        raise BadRow("the overrides of shards are not a table")
    return {shard: _overrides(rows) for shard, rows in shards.items()}


def _overrides(rows: object) -> list[OverrideRow]:
    checks = (lambda value: type(value) is int, _is_shown, _is_shown, _is_number, _is_shown)
    for row in rows if isinstance(rows, list) else [None]:
        if not (isinstance(row, list) and len(row) == 5 and all(f(v) for f, v in zip(checks, row, strict=True))):
            raise BadRow("the list of overrides is not one")
    return [tuple(row) for row in cast("list[Any]", rows)]


def read_written(text: str) -> dict[str, str]:
    """Return the files that a batch wrote: path below the output -> sha256 of its bytes."""
    try:
        written = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise BadRow("the list of written files is not JSON") from None
    if not isinstance(written, dict) or not all(_is_hash(value) for value in written.values()):
        raise BadRow("the list of written files is not one")
    for path in written:
        if path in (PACKED, TABLE) or FILE.fullmatch(path):
            continue
        folder, _, name = path.partition("/")
        if (folder, name[-5:]) != ("results", ".json") and (folder, name[-3:]) != ("feedback", ".md"):
            raise BadRow(f"{printable(path, 80)!r} is not a file that a batch writes")
        read_id(name.rpartition(".")[0])
    return written
