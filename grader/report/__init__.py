"""Turn results into text: one file per format, each with `render(result) -> str`, and the class report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.grade.result import Result

#: format -> module of this package
FORMATS = {
    "text": "text",
    "json": "json_result",
    "junit": "junit",
    "gradescope": "gradescope",
    "github": "github",
    "classroom50": "classroom50",
    "markdown": "markdown",
    "html": "html_page",
}


def render(result: Result, format: str, **options: object) -> str:
    """Return the result in one of the FORMATS; options are for `text`, `github` and `html` only."""
    module = import_module(f"grader.report.{FORMATS[format]}")
    return module.render(result, **options) if format in ("text", "github", "html") else module.render(result)
