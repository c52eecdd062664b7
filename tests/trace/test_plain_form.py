"""Traces as tuples of plain values."""

import json
import marshal
import pathlib

import pytest

from grader.trace.json_form import trace_from_json
from grader.trace.plain_form import plain_trace, trace_of

OUTPUTS = pathlib.Path(__file__).parents[2] / "reference" / "outputs"


@pytest.mark.parametrize("lab", sorted(path.name for path in OUTPUTS.iterdir()))
def test_every_trace_comes_back(lab):
    """Every record of every recording is the same, types included, after it was kept."""
    for path in sorted((OUTPUTS / lab).glob("*.json")):
        for plain in json.loads(path.read_bytes())["traces"]:
            trace = trace_from_json(plain)
            again = trace_of(marshal.loads(marshal.dumps(plain_trace(trace))))

            assert again == trace
            assert repr(again) == repr(trace)
