"""Results -> text. A format a file, each with `render(result) -> str`; all take the plain dict of grade.py."""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: format -> module of this package
FORMATS = {
    "text": "text",
    "json": "json_result",
}


def render(result: dict[str, Any], format: str, **options: Any) -> str:
    """The result in one of the FORMATS; options are for `text` alone."""
    module = import_module(f"grader.report.{FORMATS[format]}")
    return module.render(result, **options) if format == "text" else module.render(result)
