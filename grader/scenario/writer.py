"""A Scenario back to YAML that people read: a step a line, in the style of the labs.

The way back is exact: loading the text gives an equal scenario (line numbers and path apart).
"""

from __future__ import annotations

import re
from typing import Any

from .model import Scenario

_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")

#: Words that YAML would not read as words.
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def to_yaml(scenario: Scenario) -> str:
    """The scenario as the text of a file."""
    plain = scenario.plain()
    steps = plain.pop("steps")
    hint = plain.pop("hint", None)
    weight = plain.pop("weight", None)
    lines = [f"{key}: {_flow(value, top=True)}" for key, value in plain.items()]
    lines.append("steps:")
    for step in steps:
        [(verb, fields)] = step.items()
        lines.append(f"  - {verb}: {_flow(fields)}")
    if hint is not None:
        lines.append(f"hint: {_quoted(hint)}")
    if weight is not None:
        lines.append(f"weight: {weight}")
    return "\n".join(lines) + "\n"


def _flow(value: Any, top: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    return str(value)


def _is_plain(text: str) -> bool:
    return bool(_PLAIN_WORD.match(text)) and text.lower() not in _RESERVED


def _quoted(text: str) -> str:
    """A double-quoted scalar; JSON's escapes are YAML's too."""
    import json

    return json.dumps(text, ensure_ascii=True)
