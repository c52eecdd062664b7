"""With root's eyes: the frame numbers that only root may read agree with what a replay infers without them."""

import os
import struct

import pytest

from grader.host.compare import groups, simulated_side
from grader.host.machine import BASE
from grader.host.model import linux_model
from grader.host.probes import missing
from grader.host.replay import HostReplay
from grader.lab.lab import load_lab
from grader.trace.state import State
from tests.host.test_host import LABS

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
    pytest.mark.skipif(not missing() and os.geteuid() != 0, reason="only root may read frame numbers"),
]

NUMBER = (1 << 55) - 1


class SeenByRoot(HostReplay):
    """Notes the frame number of every page that is present, after each step."""

    def __init__(self, host, scenario):
        super().__init__(host, scenario)
        self.numbers_of_frames = []

    def _look(self):
        seen = super()._look()
        self.numbers_of_frames.append({(name, page): self.frame(name, page) for name, page in seen.frames})
        return seen

    def frame(self, name, page):
        """Return the frame number of a page."""
        with open(f"/proc/{self.host.pids[self.numbers[name]]}/pagemap", "rb", buffering=0) as file:
            entry = os.pread(file.fileno(), 8, (BASE // self.size + page) * 8)
        return struct.unpack("Q", entry)[0] & NUMBER


@pytest.mark.parametrize("name", LABS)
def test_the_sharing_of_a_replay_is_that_of_frame_numbers(host, root, name):
    """In every step: pages with one frame number have one label, and share a frame in the profile."""
    lab = load_lab(root / "labs" / name)
    model = linux_model(lab, host.found.sizes)
    compared = 0
    for scenario in lab.scenarios:
        if host.found.unfit(scenario):
            continue
        expected = model.run(scenario)
        play = SeenByRoot(host, scenario)
        steps, _ = play.run()
        state = State(scenario)
        for step, record, seen, frames in zip(
            scenario.steps, expected.steps, steps, play.numbers_of_frames, strict=True
        ):
            state.follow(record)
            if 0 in frames.values():
                pytest.skip("this root may not read frame numbers")
            assert groups(seen.frames) == groups(frames), (scenario.id, step.number)
            assert groups(simulated_side(step, record, state).frames) == groups(frames), (scenario.id, step.number)
            compared += 1

    assert compared > 100
