"""Traces as JSON, and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.replay.simulated import replay
from grader.trace.json_form import trace_from_json, trace_to_json
from reference.swapping import SwappingKernel
from tests.kernels import SmallKernel
from tests.marks import long_property
from tests.replay.test_simulated import STEP
from tests.scenario.test_loader import parse
from tests.trace.test_state import SWAP_HEAD


@given(st.lists(STEP, max_size=12), st.booleans())
@long_property(60)
def test_a_trace_goes_to_json_and_back_unchanged(steps, fork):
    """trace_to_json and trace_from_json are inverse, through text."""
    trace = replay(parse(*steps, *(["fork: {by: P, child: C}", "exit: {by: P}"] if fork else [])), SmallKernel)

    assert trace_from_json(json.loads(json.dumps(trace_to_json(trace)))) == trace


def test_what_moved_to_and_from_swap_goes_to_json_and_back():
    """Each move is a short list; a step that moves nothing has no such field."""
    scenario = parse("write: {by: P, at: h, value: 1}", "read: {by: P, at: 'h[0]'}", head=SWAP_HEAD)
    trace = replay(scenario, SwappingKernel)
    plain = json.loads(json.dumps(trace_to_json(trace)))

    assert ["swapped" in step for step in plain["steps"]] == [False, True, True]
    assert plain["steps"][2]["swapped"][:2] == [["write", 2, 0], ["leave", 2, 0, 1, 18]]
    assert trace_from_json(plain) == trace


def test_an_output_that_lacks_the_moves_is_refused():
    """What an older grader recorded cannot say which pages are out: it must be recorded again."""
    scenario = parse("write: {by: P, at: h, value: 1}", head=SWAP_HEAD)
    plain = trace_to_json(replay(scenario, SwappingKernel))
    del plain["steps"][1]["swapped"]

    with pytest.raises(ValueError, match="step 2 has 2 swap slots in use, but the trace does not say what was swapped"):
        trace_from_json(plain)


@pytest.mark.parametrize("plain", [None, [], {"format": 2}, {"format": 1}, {"format": 1, "scenario": "x", "steps": 3}])
def test_what_is_not_a_trace_is_refused(plain):
    """Whatever a file holds, the answer is a ValueError."""
    with pytest.raises(ValueError, match="not a trace"):
        trace_from_json(plain)
