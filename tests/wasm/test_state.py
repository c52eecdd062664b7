"""What is known of a kernel in C in an exploration, and how much of it is kept."""

from base64 import b64encode
from collections import deque

import pytest

from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.protocol import wire
from grader.sandbox.inside import wasm_state
from grader.sandbox.inside.explorer import Explorer
from grader.sandbox.inside.source import CompiledSource
from grader.verify.explore import explore_side
from grader.verify.sides import RemoteSide
from grader.wasm.compiler import compile_kernel

WORLD = World("one", (Mapped("P", {"name": "h", "pages": 1}),))


class Inside:
    """Stands for a child: an explorer in this process, which answers at once."""

    def __init__(self, source):
        self.explorer, self.frames = Explorer(-1), deque()
        self.explorer.source = source
        self.explorer.send = lambda: None

    def send(self, kind, payload):
        self.explorer.answer(kind, payload)
        data, self.explorer.unsent = self.explorer.unsent, b""
        while data:
            kind, size = wire.HEAD.unpack_from(data)
            end = wire.HEAD.size + size
            self.frames.append((kind, data[wire.HEAD.size : end]))
            data = data[end:]

    def receive(self):
        return self.frames.popleft()

    def begin_scenario(self, *limits):
        pass

    def take_output(self):
        return b"", False

    def spent(self):
        return 0.0, 0.0


@pytest.fixture(scope="module")
def explored(request):
    """explored(): what an exploration of the model answer covers, in this process."""
    root = request.config.rootpath
    compiled = compile_kernel((root / "reference" / "c" / "copy-on-write.c").read_text())
    assert compiled.module, compiled
    reference = reference_kernel(load_lab(root / "labs" / "copy-on-write"))

    def explore():
        source = CompiledSource({}, b64encode(compiled.module).decode(), "")
        return explore_side(
            WORLD, reference, lambda begun, base, plain: RemoteSide(Inside(source), WORLD, begun, base, plain)
        )

    return explore


@pytest.mark.parametrize("room", [0, 50])
def test_what_is_forgotten_is_found_out_again(explored, monkeypatch, room):
    """With room for no memory, or for a few, the same states and steps are found."""
    whole = explored()
    monkeypatch.setattr(wasm_state, "ROOM", room)

    assert whole.closed and whole.states > 30
    assert explored() == whole


def test_an_exploration_ends_where_no_more_states_can_be_saved(explored, monkeypatch):
    """It has covered what it has covered, and is no difference and no reason against merging."""
    monkeypatch.setattr(Explorer, "_is_full", lambda self: True)
    outcome = explored()

    assert (outcome.merged, outcome.closed, outcome.difference) == (True, False, None)
    assert outcome.reason == "needs more memory for its states than there is"
