"""The kinds of values that scenario fields take: each knows what it accepts, and says it as JSON Schema too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from grader.machine.protection import ACCEPTED as PROTECTIONS

from .place import PLACE_PATTERN, parse_owned_place, parse_place

NAME_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,31}"
OUTCOMES = ("ok", "segv", "oom", "error")

#: Pages of one mapping: half a million of 4096 bytes are 2 GiB.
PAGE_COUNT_LIMIT = 1 << 19


class Kind(NamedTuple):
    """name: what it is, in words; accepted: what an author may write; schema: the same as JSON Schema.

    check takes a value and returns None, or what is wrong with it if more than `accepted` can be said.
    """

    name: str
    accepted: str
    schema: dict[str, Any]
    check: Callable[[Any], str | None] = lambda value: None

    @classmethod
    def number(cls, name: str, least: int, most: int) -> Kind:
        accepted = f"a whole number, {least} to {most}"
        schema = {"type": "integer", "minimum": least, "maximum": most}
        return cls(name, accepted, schema, lambda v: None if _whole(v) and least <= v <= most else accepted)

    @classmethod
    def choice(cls, name: str, words: tuple[str, ...]) -> Kind:
        accepted = " or ".join(words) if len(words) < 3 else ", ".join(words)
        return cls(name, accepted, {"enum": list(words)}, lambda v: None if v in words else accepted)


class Field(NamedTuple):
    """A field of a mapping: what it takes, whether it must be there, and what it is for."""

    kind: Kind
    required: bool
    about: str


def _whole(value: Any) -> bool:
    return type(value) is int


def _named(value: Any) -> str | None:
    ok = isinstance(value, str) and value.isidentifier() and value.isascii() and len(value) <= 32
    return None if ok else "a name: letters, digits and _, not starting with a digit"


def _placed(value: Any) -> str | None:
    if not isinstance(value, str):
        return "a place such as h, h[2], h[1:3] or h[2]+5"
    try:
        parse_place(value)
    except ValueError as error:
        return str(error)
    return None


def _whole_pages(value: Any) -> str | None:
    wrong = _placed(value)
    if wrong is None and parse_place(value).offset is not None:
        return "whole pages, without a byte"
    return wrong


def _bytes(value: Any) -> str | None:
    ok = isinstance(value, list) and value and all(_whole(v) and 0 <= v <= 255 for v in value)
    return None if ok else "a list of bytes (0 to 255)"


def _per_process(value: Any) -> str | None:
    accepted = "a whole number, or a mapping of processes to whole numbers"
    if isinstance(value, dict):
        return None if value and all(_whole(v) and v >= 0 for v in value.values()) else accepted
    return None if _whole(value) and value >= 0 else accepted


def _owned(values: Any) -> str | None:
    for value in values:
        if not isinstance(value, str):
            return "places of processes such as P:h[0]"
        try:
            parse_owned_place(value)
        except ValueError as error:
            return str(error)
    return None


def _owned_list(value: Any) -> str | None:
    return _owned(value) if isinstance(value, list) and value else "a list of places of processes such as P:h[0]"


def _owned_groups(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return "a list of lists of places of processes such as P:h[0]"
    return next(filter(None, map(_owned_list, value)), None)


def _owned_flags(value: Any) -> str | None:
    ok = isinstance(value, dict) and value and all(isinstance(v, bool) for v in value.values())
    return _owned(value) if ok else "a mapping of places of processes to true or false"


def _file_bytes(value: Any) -> str | None:
    accepted = "a mapping of pages of files to bytes, such as {'notes[0]': 90}"
    if not isinstance(value, dict) or not all(_whole(v) and 0 <= v <= 255 for v in value.values()):
        return accepted
    for place in value:
        if _placed(place) or len(parse_place(place).pages(0)) != 1:
            return accepted
    return None


def _failure(value: Any) -> str | None:
    return None if value == "each" or (_whole(value) and 0 <= value <= 1 << 20) else FAILURE.accepted


def _sequence(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "a list of at least one step"


_OWNED_SCHEMA = {"type": "string", "pattern": f"^{NAME_PATTERN}:{PLACE_PATTERN}$"}
_COUNT_SCHEMA = {"type": "integer", "minimum": 0}
_BYTE_SCHEMA = {"type": "integer", "minimum": 0, "maximum": 255}

NAME = Kind("a name", "a name", {"type": "string", "pattern": f"^{NAME_PATTERN}$"}, _named)
NUMBER = Kind(
    "a whole number", "a whole number", {"type": "integer"}, lambda v: None if _whole(v) else "a whole number"
)
COUNT = Kind.number("a count", 0, 1 << 31)
PAGES = Kind.number("a number of pages", 0, PAGE_COUNT_LIMIT)
TIMES = Kind.number("a number of times", 1, 10_000)
BYTE = Kind.number("a byte", 0, 255)
BYTES = Kind("bytes", "a list of bytes", {"type": "array", "items": _BYTE_SCHEMA, "minItems": 1}, _bytes)
BOOLEAN = Kind(
    "true or false",
    "true or false",
    {"type": "boolean"},
    lambda v: None if isinstance(v, bool) else "true or false",
)
PROTECTION = Kind.choice("a protection", PROTECTIONS)
OUTCOME = Kind.choice("an outcome", OUTCOMES)
OPERATION = Kind.choice("an operation", ("allocate", "map"))
FAILURE = Kind(
    "a failure point",
    "a whole number, or `each`",
    {"anyOf": [_COUNT_SCHEMA, {"const": "each"}]},
    _failure,
)
PLACE = Kind("a place", "a place", {"type": "string", "pattern": f"^{PLACE_PATTERN}$"}, _placed)
WHOLE_PLACE = Kind("a place of whole pages", "whole pages", PLACE.schema, _whole_pages)
COUNT_PER_PROCESS = Kind(
    "a count",
    "a count, or one for each process",
    {"anyOf": [_COUNT_SCHEMA, {"type": "object", "additionalProperties": _COUNT_SCHEMA, "minProperties": 1}]},
    _per_process,
)
OWNED_PLACES = Kind("places", "a list of places", {"type": "array", "items": _OWNED_SCHEMA, "minItems": 1}, _owned_list)
OWNED_GROUPS = Kind(
    "groups of places",
    "a list of lists",
    {"type": "array", "items": OWNED_PLACES.schema, "minItems": 1},
    _owned_groups,
)
OWNED_FLAGS = Kind(
    "places and flags",
    "a mapping of places to true or false",
    {
        "type": "object",
        "propertyNames": _OWNED_SCHEMA,
        "additionalProperties": {"type": "boolean"},
        "minProperties": 1,
    },
    _owned_flags,
)
FILE_BYTES = Kind(
    "bytes on disk",
    "a mapping of pages of files to bytes",
    {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME_PATTERN}\\[[0-9]+\\]$"},
        "additionalProperties": _BYTE_SCHEMA,
        "minProperties": 1,
    },
    _file_bytes,
)
STEPS = Kind("steps", "a list of steps", {"type": "array", "minItems": 1}, _sequence)
