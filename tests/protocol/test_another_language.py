"""A worker that was written from the page alone (client.py) is graded like one of ours."""

import pathlib
import re
import subprocess
import sys

import pytest

from grader.grade.attempt import conclude, judge
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recordings
from grader.protocol import wire
from grader.protocol.lockstep import RemoteReplay, send_source
from grader.protocol.messages import ScenarioMessages
from tests.sandbox.plain_box import PlainChild

CLIENT = pathlib.Path(__file__).with_name("client.py")


class Greeted(PlainChild):
    """A child of which HELLO was read, as the sandbox does."""

    def __init__(self, folder):
        super().__init__(CLIENT.read_text(), folder)
        kind, pid = self.receive()
        assert (kind, int.from_bytes(pid, "little")) == (wire.HELLO, self.process.pid)


@pytest.fixture
def child(tmp_path):
    made = Greeted(tmp_path)
    assert send_source(made, {"kernel": "in a language that nobody here knows"}, "kernel", "") is None
    yield made
    made.close()


def attempts(child, lab, at_once):
    """Yield scenario and attempt for everything that a lab has, at each failure point."""
    for scenario in lab.all_scenarios:
        recording = load_recordings(lab, [scenario])[scenario.id]
        for point, expected in enumerate(recording.traces):
            one = scenario.at_failure_point(point)
            replay = RemoteReplay(child, ScenarioMessages(one), at_once)
            replay.start()
            records, divergence = judge(one, expected, replay.records())
            yield one, conclude(one, expected, records, divergence, None)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("lab", ["demand-paging", "copy-on-write"])
def test_it_passes_every_scenario(child, root, lab, at_once):
    """All of a lab, hidden ones included, step by step and sent at once: the page says all that one needs."""
    failed = {
        s.id: a.lines for s, a in attempts(child, load_lab(root / "labs" / lab), at_once) if a.verdict != "passed"
    }

    assert failed == {}


def test_it_knows_nothing_of_the_grader():
    """It runs where nothing but the standard library can be imported, and leaves when its channel is closed."""
    command = [sys.executable, "-I", "-S", "-c", CLIENT.read_text(), "0", "1"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False, cwd="/", timeout=30)

    assert done.returncode == 0, done.stderr
    assert done.stdout[:5] == bytes([wire.HELLO, 4, 0, 0, 0])
    assert not re.search(r"^(?:import|from) grader", CLIENT.read_text(), re.M)
