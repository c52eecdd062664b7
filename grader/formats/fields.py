"""Defines field tables: a format written down once, as a mapping of field names to their kinds.

`checking` checks a file against a table, and `schema` makes a JSON Schema of it. The worker imports this module through
the scenario model, so nothing here may import YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeGuard

#: A JSON Schema, or a part of one.
Schema = dict[str, Any]


class Kind(NamedTuple):
    """A kind of value.

    expected  what to write, as messages say it: "… is 7; expected a list of names"
    schema    the same as JSON Schema
    fits      takes a value and returns True if it is of this kind; where more can be said than `expected`, it raises
              ValueError with that sentence
    """

    expected: str
    schema: Schema
    fits: Callable[[object], bool] = lambda value: True


class Field(NamedTuple):
    """A field of a mapping: its kind, if it is required, and its purpose."""

    kind: Kind
    required: bool
    about: str


#: Field name -> field: all fields that one kind of mapping may have.
Table = dict[str, Field]


def required(kind: Kind, about: str) -> Field:
    """Return a field that must be given."""
    return Field(kind, True, about)


def optional(kind: Kind, about: str) -> Field:
    """Return a field that may be left out."""
    return Field(kind, False, about)


def is_whole(value: object) -> TypeGuard[int]:
    """Return True for a whole number. True and False are numbers for Python, but not for authors."""
    return type(value) is int


def is_number(value: object) -> TypeGuard[int | float]:
    """Return True for a whole or decimal number."""
    return type(value) is int or type(value) is float


def is_text(value: object) -> TypeGuard[str]:
    """Return True for a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def whole_number(least: int, most: int) -> Kind:
    """Return the kind of whole numbers from `least` to `most`."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Kind(f"a whole number, {least} to {most}", schema, lambda v: is_whole(v) and least <= v <= most)


def number(least: int, most: int, expected: str = "") -> Kind:
    """Return the kind of whole and decimal numbers from `least` to `most`."""
    schema = {"type": "number", "minimum": least, "maximum": most}
    words = expected or f"a number, {least} to {most}"
    return Kind(words, schema, lambda v: is_number(v) and least <= v <= most)


def number_above(least: int, most: int) -> Kind:
    """Return the kind of whole and decimal numbers above `least`, up to `most`."""
    schema = {"type": "number", "exclusiveMinimum": least, "maximum": most}
    words = f"a number above {least}, at most {most}"
    return Kind(words, schema, lambda v: is_number(v) and least < v <= most)


def choice(words: Iterable[str]) -> Kind:
    """Return the kind that is one of some words."""
    known = list(words)
    expected = " or ".join(known) if len(known) < 3 else ", ".join(known)
    return Kind(expected, {"enum": known}, lambda v: isinstance(v, str) and v in known)


def text(expected: str = "a text") -> Kind:
    """Return the kind of texts that are not blank; `expected` says what such a text is for."""
    return Kind(expected, {"type": "string", "minLength": 1}, is_text)


def version(only: int) -> Kind:
    """Return the kind of the field `format`: the one version that this grader reads."""

    def fits(value: object) -> bool:
        if is_whole(value) and value == only:
            return True
        raise ValueError(f"format {value!r} is not known; this grader reads {only}")

    return Kind(str(only), {"const": only}, fits)


def list_of(expected: str, items: Schema, fits: Callable[[object], bool], least: int = 1) -> Kind:
    """Return the kind of lists with at least `least` items that all fit; `items` is the schema of one."""
    schema: Schema = {"type": "array", "items": items}
    if least:
        schema["minItems"] = least
    return Kind(expected, schema, lambda v: isinstance(v, list) and len(v) >= least and all(map(fits, v)))


WHOLE_NUMBER = Kind("a whole number", {"type": "integer"}, is_whole)
BOOLEAN = Kind("true or false", {"type": "boolean"}, lambda value: isinstance(value, bool))
