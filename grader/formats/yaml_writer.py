"""Writes YAML: texts in quotes if a reader could take them for something else.

All texts come back unchanged, except that half characters (lone surrogates), which no file can hold, become `?`.
"""

from __future__ import annotations

import json
import re

#: Bare in every YAML reader and in every place: no blank, no sign that means something, no digit at the start.
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")

#: Bare where a value stands on its own line: a comma or a bracket would end an item of a `[list]`.
_SENTENCE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;()'/_?!-]*(?<! )\Z")

#: Numbers that every reader reads as the number that was written.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?\Z")

#: What YAML 1.1 does not read as words.
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

#: What JSON leaves as it is and YAML wants escaped.
_UNPRINTABLE = re.compile("[\x7f-\xa0\xad\u2028\u2029\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """Return a text in double quotes. JSON's strings are YAML's, except for what YAML does not print."""
    written = json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", written)


def word(text: str) -> str:
    """Return a text as a scalar for any place: bare if it is a word, else in quotes."""
    return text if _WORD.match(text) and text.lower() not in _RESERVED else quoted(text)


def word_or_number(text: str) -> str:
    """Return a text as a scalar for any place; a number stays bare and is read as a number."""
    return text if _NUMBER.match(text) else word(text)


def sentence(text: str) -> str:
    """Return a text as a scalar for the rest of a line; never for a place inside brackets."""
    return text if _SENTENCE.match(text) and text.lower() not in _RESERVED else quoted(text)


def flow(value: object) -> str:
    """Return a value of dict, list, str, int, float and bool in one line: `{by: P, values: [1, 2]}`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        return _decimal(value)
    return word(value) if isinstance(value, str) else str(value)


def _decimal(value: float) -> str:
    """Return a number without an exponent, with a point: YAML 1.1 reads `1e-07` as a word."""
    text = repr(value)
    if "e" in text:
        from decimal import Decimal

        text = f"{Decimal(text):f}"
    return text if "." in text else f"{text}.0"
