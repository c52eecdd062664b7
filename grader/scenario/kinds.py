"""Defines the kinds of values of scenario fields, in addition to those that every format has."""

from __future__ import annotations

from grader.formats.fields import Kind, Schema, choice, is_whole, list_of, whole_number
from grader.machine.protection import ACCEPTED as PROTECTIONS

from .place import PLACE_PATTERN, parse_owned_place, parse_place

NAME_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,31}"
OUTCOMES = ("ok", "segv", "oom", "error")

#: Pages of one mapping: half a million of 4096 bytes are 2 GiB.
PAGE_COUNT_LIMIT = 1 << 19

_COUNT: Schema = {"type": "integer", "minimum": 0}
_BYTE: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_OWNED: Schema = {"type": "string", "pattern": f"^{NAME_PATTERN}:{PLACE_PATTERN}$"}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier() and value.isascii() and len(value) <= 32


def _is_count(value: object) -> bool:
    return is_whole(value) and value >= 0


def _is_byte(value: object) -> bool:
    return is_whole(value) and 0 <= value <= 255


def _is_place(value: object) -> bool:
    return isinstance(value, str) and bool(parse_place(value))


def _is_whole_place(value: object) -> bool:
    return isinstance(value, str) and parse_place(value).offset is None


def _is_owned(value: object) -> bool:
    return isinstance(value, str) and bool(parse_owned_place(value))


def _is_owned_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_owned, value))


def _are_owned_flags(value: object) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(flag, bool) for flag in value.values()) and all(map(_is_owned, value))


def _are_counts(value: object) -> bool:
    return _is_count(value) or (isinstance(value, dict) and bool(value) and all(map(_is_count, value.values())))


def _are_file_bytes(value: object) -> bool:
    if not isinstance(value, dict) or not all(map(_is_byte, value.values())):
        return False
    try:
        return all(len(parse_place(place).pages(0)) == 1 for place in value)
    except ValueError:
        return False


def _is_failure_point(value: object) -> bool:
    return bool(value == "each") or (is_whole(value) and 0 <= value <= 1 << 20)


NAME = Kind(
    "a name: letters, digits and _, not starting with a digit",
    {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
    _is_name,
)
TRUE = Kind("true (leave it out otherwise)", {"const": True}, lambda value: value is True)
COUNT = whole_number(0, 1 << 31)
PAGES = whole_number(0, PAGE_COUNT_LIMIT)
TIMES = whole_number(1, 10_000)
BYTE = whole_number(0, 255)
BYTES = list_of("a list of bytes (0 to 255)", _BYTE, _is_byte)
PROTECTION = choice(PROTECTIONS)
OUTCOME = choice(OUTCOMES)
OPERATION = choice(("allocate", "map"))
FAILURE = Kind("a whole number, or `each`", {"anyOf": [_COUNT, {"const": "each"}]}, _is_failure_point)
PLACE = Kind(
    "a place such as h, h[2], h[1:3] or h[2]+5", {"type": "string", "pattern": f"^{PLACE_PATTERN}$"}, _is_place
)
WHOLE_PLACE = Kind("whole pages such as h, h[2] or h[1:3], without a byte", PLACE.schema, _is_whole_place)
COUNT_PER_PROCESS = Kind(
    "a whole number, or a mapping of processes to whole numbers",
    {"anyOf": [_COUNT, {"type": "object", "additionalProperties": _COUNT, "minProperties": 1}]},
    _are_counts,
)
OWNED_PLACES = list_of("a list of places of processes such as P:h[0]", _OWNED, _is_owned)
OWNED_GROUPS = list_of("a list of lists of places of processes such as P:h[0]", OWNED_PLACES.schema, _is_owned_list)
OWNED_FLAGS = Kind(
    "a mapping of places of processes to true or false",
    {"type": "object", "propertyNames": _OWNED, "additionalProperties": {"type": "boolean"}, "minProperties": 1},
    _are_owned_flags,
)
FILE_BYTES = Kind(
    "a mapping of pages of files to bytes, such as {'notes[0]': 90}",
    {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME_PATTERN}\\[[0-9]+\\]$"},
        "additionalProperties": _BYTE,
        "minProperties": 1,
    },
    _are_file_bytes,
)
STEPS = Kind(
    "a list of at least one step",
    {"type": "array", "minItems": 1},
    lambda value: isinstance(value, list) and bool(value),
)
