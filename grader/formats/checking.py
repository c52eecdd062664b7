"""Check a mapping against a field table: every refusal names the line, what was found and what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from grader.errors import FormatError, did_you_mean

from .fields import Table
from .yaml_reader import Block, plain_value


class Problem(NamedTuple):
    """One thing that is wrong with a mapping. `field` is "" if it concerns the whole of it."""

    field: str
    line: int
    message: str


def find_problems(what: str, block: object, fields: Table, line: int) -> Iterator[Problem]:
    """Find all that is wrong with `block`, which should be a mapping with these fields; `what` names it in messages."""
    if not isinstance(block, Block):
        yield Problem("", line, f"{what} must be a mapping of {listed(fields)}")
        return
    for key, value in block.items():
        field = fields.get(key)
        if field is None:
            unknown = f"{what} has no field {key!r}{guess(key, fields)}; it takes {listed(fields)}"
            yield Problem(key, block.lines[key], unknown)
            continue
        try:
            wrong = "" if field.kind.fits(value) else f"{key} is {shown(value)}; expected {field.kind.expected}"
        except ValueError as error:
            wrong = str(error)
        if wrong:
            yield Problem(key, block.lines[key], f"{what}: {wrong}")
    for key, field in fields.items():
        if field.required and key not in block:
            yield Problem(key, block.line, f"{what} needs {key!r} ({field.about})")


def check_fields(name: str, what: str, block: object, fields: Table, line: int) -> Block:
    """Return `block`. Raise FormatError, with the file's `name`, unless it is a mapping with these fields."""
    for problem in find_problems(what, block, fields, line):
        raise FormatError(name, problem.line, problem.message)
    assert isinstance(block, Block)
    return block


def listed(words: Iterable[str]) -> str:
    """Return words with commas between them."""
    return ", ".join(words)


def guess(word: str, words: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)`, or "" if no word is close."""
    meant = did_you_mean(word, words, 1)
    return f" ({meant})" if meant else ""


def shown(value: object) -> str:
    """Return a value as a message quotes it: at most 60 characters."""
    text = repr(plain_value(value))
    return text if len(text) <= 60 else text[:57] + "..."
