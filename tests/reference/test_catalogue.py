"""The course's catalogue of scenarios: each item is in a lab, and the recorded outputs show what it promises."""

import collections
import pathlib
import re

import pytest
import yaml

from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.machine.entry import FRAME_SHIFT
from grader.quiz.model import Observation
from grader.quiz.observe import observe
from grader.scenario.place import parse_owned_place
from grader.trace.state import State

ROOT = pathlib.Path(__file__).resolve().parents[2]
ITEMS = yaml.safe_load((ROOT / "tests" / "reference" / "catalogue.yaml").read_text(encoding="utf-8"))
SIZES = {"DP": 15, "CW": 15, "FM": 10, "PM": 9, "SH": 9, "MM": 13, "FI": 11, "KA": 8, "OM": 9, "SW": 9, "TL": 6}
CLAIM = re.compile(r"^# catalogue: (.*)$", re.MULTILINE)

_labs = {}


def recorded(where):
    """A scenario, given as lab/scenario, and the trace that is recorded of it."""
    name, _, id = where.partition("/")
    if name not in _labs:
        _labs[name] = load_lab(ROOT / "labs" / name)
    scenario = next(s for s in _labs[name].all_scenarios if s.id == id)
    return scenario, load_recording(_labs[name], scenario).traces[0]


def frame_of(scenario, trace, owned, after):
    """The frame of one page such as P:h[0] after a step, with how often that frame was handed out by then."""
    process, place = parse_owned_place(owned)
    state = State.after(scenario, trace.steps[:after])
    frame = state.entry(trace.pids[process], state.mappings[place.name].first + place.first) >> FRAME_SHIFT
    return frame, sum(r.allocated.count(frame) for r in trace.steps[:after])


def shown(scenario, trace, step, figure, promised):
    """What the trace shows of a figure, in the words in which the catalogue promises it."""
    word, _, of = figure.partition(" ")
    if word == "same":
        # The frame of a page as it was, or with `as`, the frame that another page once had and has given back.
        page, _, other = of.partition(" as ")
        then = frame_of(scenario, trace, other or page, promised)
        now = frame_of(scenario, trace, page, step)
        return promised if (then[0] == now[0] if other else then == now) else f"another frame than after {promised}"
    owned = of if word in ("present", "writable", "users", "file") else ""
    what = Observation(
        scenario=scenario,
        after=step,
        process="" if owned else of,
        observe="shared" if word == "users" else word,
        at=owned,
    )
    value = observe(trace, what)
    return value if isinstance(value, str) else int(value)


@pytest.mark.parametrize("item", ITEMS)
def test_the_recorded_outputs_show_what_an_item_promises(item):
    """Every figure of the item is what the reference did, in each lab that takes the item up."""
    for where, steps in ITEMS[item].items():
        scenario, trace = recorded(where)
        for step, figures in steps.items():
            found = {figure: shown(scenario, trace, step, figure, value) for figure, value in figures.items()}
            assert found == figures, (where, step)
        assert trace.end is not None and (trace.end.frames, trace.end.slots) == (0, 0), where


def test_every_item_is_in_some_lab():
    """All of each group, and none that is made up."""
    assert collections.Counter(item[:2] for item in ITEMS) == SIZES


def test_scenarios_name_the_items_that_they_realise():
    """The first line of a scenario's file says which item it is, and every item's own scenarios are listed here."""
    claims = collections.defaultdict(set)
    for path in ROOT.glob("labs/*/*/*.yaml"):
        for line in CLAIM.findall(path.read_text(encoding="utf-8")):
            for item in line.split(","):
                claims[item.strip()].add(f"{path.parts[-3]}/{path.stem}")
    del claims["-"]

    assert set(claims) == set(ITEMS)
    assert [item for item in ITEMS if not set(ITEMS[item]) <= claims[item]] == []


def test_a_wrong_figure_is_noticed():
    """The measure itself: another number, another frame and another word are told from what happened."""
    scenario, trace = recorded("copy-on-write/child-moves-out")

    assert shown(scenario, trace, 5, "faults C", 9) == 1
    assert shown(scenario, trace, 5, "same P:h[0]", 2) == 2
    assert shown(scenario, trace, 5, "same C:h[0]", 4) == "another frame than after 4"
    assert shown(scenario, trace, 7, "outcome", "segv") == "ok"
