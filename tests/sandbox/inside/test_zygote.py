"""What the zygote does before it forks children."""

import sys

import pytest

from grader.sandbox import launch

if sys.platform == "win32":
    pytest.skip("nothing is forked there", allow_module_level=True)

from grader.sandbox.inside import zygote


class Fallen:
    """Walls of which one falls the first time that they are put up."""

    def __init__(self):
        self.without = []

    def put_up(self, parent, keep):
        if not self.without:
            raise zygote.WallDown("landlock", "not here")

    def refused(self, layer, error):
        self.without.append(layer)


def test_something_is_done_while_the_walls_are_tried(monkeypatch):
    """Once, however often they are tried."""
    monkeypatch.setattr(zygote.probes, "run_probes", dict)
    monkeypatch.setattr(zygote.probes, "level_of", lambda possible, jailed: "L1")
    walls, done = Fallen(), []
    report = zygote.stand(walls, False, lambda: done.append(list(walls.without)))

    assert report == {"possible": {}, "level": "L1"}
    assert walls.without == ["landlock"] and done == [[]]


@pytest.mark.parametrize(("system", "made"), [("linux", True), ("darwin", False)])
def test_the_runtime_is_made_before_a_fork_where_that_can_be(monkeypatch, system, made):
    """On macOS its library starts a thread, which no fork has: each child makes its own."""
    from grader.sandbox.inside import wasm_runtime

    calls = []
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(wasm_runtime, "host", lambda: calls.append(1))
    launch.make_host()

    assert bool(calls) is made
