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
from grader.scenario.model import MachineSpec
from grader.state.unmergeable import Unmergeable
from grader.verify import known
from grader.verify.explore import explore_side
from grader.verify.knowing import KnowingSide
from grader.verify.sides import RemoteSide
from grader.wasm.compiler import compile_kernel

ONE = (Mapped("P", {"name": "h", "pages": 1}),)
WORLD = World("one", ONE)

#: Worlds in which the machine answers differently: where frames run out, calls fail, frames are held by nobody.
WORLDS = (
    WORLD,
    World("few", (Mapped("P", {"name": "h", "pages": 2}),), machine=MachineSpec(frames=1)),
    World("failing", ONE, verbs=("write", "fork", "exit"), failures=("allocate", "map-in-fork")),
    World("zeros", ONE, 2, ("read", "write", "fork", "mprotect"), ("r--", "rw-"), machine=MachineSpec(zero_page=True)),
)


class Eager(KnowingSide):
    """Gets notes from the first state on."""

    without = 0


class Inside:
    """Stands for a child: an explorer in this process, which answers at once."""

    def __init__(self, source):
        self.explorer, self.frames, self.asked = Explorer(-1), deque(), []
        self.explorer.source = source
        self.explorer.send = lambda: None

    def send(self, kind, payload):
        self.asked.append(kind)
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
def model(request):
    return (request.config.rootpath / "reference" / "c" / "copy-on-write.c").read_text()


@pytest.fixture(scope="module")
def explored(request, model):
    """explored(side, text, ordered): what an exploration of a kernel covers in this process, and what was asked."""
    reference = reference_kernel(load_lab(request.config.rootpath / "labs" / "copy-on-write"))

    def explore(side=Eager, text=model, ordered=False, steps=4, world=WORLD):
        compiled = compile_kernel(text)
        assert compiled.module, compiled
        child = Inside(CompiledSource({}, b64encode(compiled.module).decode(), ""))
        try:
            found = explore_side(
                world, reference, lambda begun, base, plain: side(child, world, begun, base, plain, ordered), steps
            )
        except Unmergeable as problem:
            found = str(problem)
        return found, child.asked.count(wire.VISIT)

    return explore


@pytest.mark.parametrize("where", [wasm_state, known])
@pytest.mark.parametrize("room", [0, 50])
def test_what_is_forgotten_is_found_out_again(explored, monkeypatch, where, room):
    """With room for no memory and no call, or for a few, the same states and steps are found."""
    whole, _ = explored()
    monkeypatch.setattr(where, "ROOM", room)

    assert whole.states > 30
    assert explored()[0] == whole


def test_an_exploration_ends_where_no_more_states_can_be_saved(explored, monkeypatch):
    """It has covered what it has covered, and is no difference and no reason against merging."""
    monkeypatch.setattr(Explorer, "_is_full", lambda self: True)
    outcome, _ = explored()

    assert (outcome.merged, outcome.closed, outcome.difference) == (True, False, None)
    assert outcome.reason == "needs more memory for its states than there is"


PROTECT = "int readable = entry->protection & ~PROT_WRITE;"
FAILED = "    if (error) region_clear(&regions[child]);"
EXIT = "void kernel_exit(process_t process) {"
FORK = "int kernel_fork(process_t parent, process_t child) {"

#: What is changed of the model answer: old code -> new code.
CHANGES = {
    "nothing": ("", ""),
    "the parent stays writable": (PROTECT, "int readable = entry->protection;"),
    "a failed fork returns 1": (FAILED, "    if (error) return 1;"),
    "a failed fork crashes": (FAILED, "    if (error) __builtin_trap();"),
    "it takes all frames": (
        "    frame_t frame = fl_allocate();\n    if (frame < 0) return frame;\n    fl_zero(frame);",
        "    frame_t all[99], frame;\n    int n = 0;\n    while (n < 99 && (all[n] = fl_allocate()) >= 0) n++;\n"
        "    while (n) fl_free(all[--n]);\n    frame = fl_allocate();\n    if (frame < 0) return frame;\n"
        "    fl_zero(frame);",
    ),
    "it uses a block that is free": (
        FORK,
        f"static int *n; {FORK} if (!n) free(n = malloc(4096)), n[900] = 0; if (++n[900] == 5) return -FL_NOMEM;",
    ),
    "it counts exits": (EXIT, f"static int exits; {EXIT} exits++;"),
    "it compares processes": (
        FORK,
        f'static process_t low; {FORK} if (parent < low || !low) fl_log("%d", low = parent);',
    ),
}


@pytest.mark.parametrize("world", WORLDS, ids=[world.name for world in WORLDS])
@pytest.mark.parametrize(
    ("change", "ordered"), [*dict.fromkeys(CHANGES, False).items(), ("it compares processes", True)]
)
def test_what_is_known_need_not_be_asked_and_is_the_same(explored, model, change, ordered, world):
    """With all steps asked of the kernel's process, the same states, steps and differences are found."""
    old, new = CHANGES[change]
    assert old in model
    text = model.replace(old, new, 1)
    found, asked = explored(Eager, text, ordered, 3, world)
    every, all_asked = explored(RemoteSide, text, ordered, 3, world)

    assert found == every
    assert asked <= all_asked


def test_many_steps_need_not_be_asked(explored):
    """Those in states that only the machine tells apart; in a small world that is one of three, in a large one two."""
    (whole, asked), (_, every) = explored(Eager, steps=30), explored(RemoteSide, steps=30)

    assert whole.closed
    assert asked < every * 0.7


@pytest.mark.parametrize(("where", "name"), [(wasm_state, "FUEL"), (wire, "NOTED")])
def test_calls_that_took_much_or_are_long_are_asked_for_each_time(explored, monkeypatch, where, name):
    """Not every state has as much fuel as the one in which they came to an end. What is found is the same."""
    found, asked = explored()
    monkeypatch.setattr(where, name, 30)
    again, asked_again = explored()

    assert again == found
    assert asked_again > asked


def test_a_world_of_few_states_has_no_notes(explored):
    """They would take more time than they save; all is asked, and found the same."""
    found, asked = explored(KnowingSide, steps=2)

    assert found.states < KnowingSide.without
    assert (found, asked) == explored(RemoteSide, steps=2)


def test_what_counts_as_tried_was_done_in_every_trial(explored, monkeypatch):
    """Each state and the calls that followed: by themselves, or as the first ones of more calls."""
    states, done = set(), {}
    bring = wasm_state.CompiledState._bring

    def noted(self, number, begin, calls, fuel):
        bring(self, number, begin, calls, fuel)
        states.add(self)
        for many in range(len(calls) + 1):
            done.setdefault((begin.hash, calls[:many]), set()).add(number)

    monkeypatch.setattr(wasm_state.CompiledState, "_bring", noted)
    explored()
    (state,) = states

    assert any(len(calls) > 1 for _, calls in state._tried)
    assert all(done[key] == set(state._trials.all) for key in state._tried)
