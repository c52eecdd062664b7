"""Writes a Scenario as readable YAML: one step per line, in the style of the labs.

Loading the text gives an equal scenario, except for line numbers and path.
"""

from __future__ import annotations

from grader.formats.yaml_writer import flow, quoted

from .model import Scenario


def to_yaml(scenario: Scenario) -> str:
    """Return the scenario as the text of a file."""
    plain = scenario.plain()
    steps = plain.pop("steps")
    hint = plain.pop("hint", None)
    weight = plain.pop("weight", None)
    lines = [f"{key}: {flow(value)}" for key, value in plain.items()]
    lines.append("steps:")
    for step in steps:
        [(verb, fields)] = step.items()
        lines.append(f"  - {verb}: {flow(fields)}")
    if hint is not None:
        lines.append(f"hint: {quoted(hint)}")
    if weight is not None:
        lines.append(f"weight: {flow(weight)}")
    return "\n".join(lines) + "\n"
