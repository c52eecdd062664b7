"""Write the result as JSON; result.schema.json in this folder describes it."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.grade.result import Result

#: The JSON Schema of a result.
SCHEMA = pathlib.Path(__file__).with_name("result.schema.json")


def render(result: Result) -> str:
    """Return indented JSON, ASCII only, that ends with a newline."""
    return json.dumps(result, indent=1) + "\n"
