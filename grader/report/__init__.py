"""Results -> text. A format a file, each with `render(result) -> str`; all take the plain dict of grade.py."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.grade.result import Result

#: format -> module of this package
FORMATS = {
    "text": "text",
    "json": "json_result",
    "junit": "junit",
    "gradescope": "gradescope",
    "github": "github",
    "markdown": "markdown",
    "html": "html_page",
}


def render(result: Result, format: str, **options: Any) -> str:
    """Return the result in one of the FORMATS; options are for `text`, `github` and `html` only."""
    module = import_module(f"grader.report.{FORMATS[format]}")
    return module.render(result, **options) if format in ("text", "github", "html") else module.render(result)
