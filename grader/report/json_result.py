"""The result as JSON; result.schema.json beside this file describes it."""

from __future__ import annotations

import json
from typing import Any


def render(result: dict[str, Any]) -> str:
    """Readable JSON, ASCII only, one line at the end."""
    return json.dumps(result, indent=1) + "\n"
