"""The process of a kernel that is explored: one for several worlds in C, a new one for each world in Python."""

import json
from types import SimpleNamespace

import pytest

from grader.grade import sandbox_runner
from grader.grade.runner import KernelSource
from grader.protocol import wire
from grader.protocol.lockstep import WorkerEnded
from grader.sandbox.termination import LOST
from grader.verify.kernel_process import WORN_S, KernelProcess

TROUBLE = {"kind": "compile", "method": "compile", "type": "SyntaxError", "message": "", "lines": []}


class Process:
    """Stands for a child that has answered the source, and has used so many seconds."""

    def __init__(self, answer):
        self.answer, self.seconds, self.talks, self.closed = answer, 0.0, False, False

    def begin_scenario(self, *limits):
        pass

    def send(self, kind, payload):
        assert kind == wire.SOURCE

    def receive(self):
        return self.answer

    def quiet(self):
        return not self.talks

    def spent(self):
        return self.seconds, 0.0

    def take_output(self):
        return b"", False

    def close(self):
        self.closed = True


@pytest.fixture
def process_of(monkeypatch):
    """Return what makes the process of a kernel in a language, whose children answer the source so."""

    def make(language, answer=(wire.READY, b"")):
        box = SimpleNamespace(spawn=lambda: Process(answer))
        session = SimpleNamespace(explorer=lambda language: box, compiling=lambda: None)
        return KernelProcess(session, KernelSource({"kernel": ""}, "kernel", "", language))

    monkeypatch.setattr(sandbox_runner, "compiled_kernel", lambda *_: SimpleNamespace(module=b"module"))
    return make


def explored(process):
    """Explore a world without a problem, and return the process that did it."""
    child = process.begin()
    process.keep()
    process.end()
    return child


def test_a_kernel_in_c_keeps_its_process_for_the_next_world(process_of):
    """Nothing of one world can be left in the next: each has a new instance."""
    with process_of("c") as process:
        first = explored(process)

        assert explored(process) is first and not first.closed


def test_a_kernel_in_python_has_a_new_process_in_each_world(process_of):
    """It could leave something anywhere."""
    with process_of("python") as process:
        first = explored(process)

        assert first.closed and explored(process) is not first


def test_a_world_with_a_problem_ends_the_process(process_of):
    """Nobody said that it may be kept."""
    with process_of("c") as process:
        first = process.begin()
        process.end()

        assert first.closed and process.begin() is not first


@pytest.mark.parametrize(("name", "value"), [("seconds", WORN_S), ("talks", True)])
def test_a_process_that_is_worn_or_has_sent_too_much_is_not_used_again(process_of, name, value):
    """It has used much processor time, or its next answer would be taken for another one."""
    with process_of("c") as process:
        first = process.begin()
        setattr(first, name, value)
        process.keep()
        process.end()

        assert process.begin() is not first
        assert first.closed


def test_leaving_ends_a_process_that_was_kept(process_of):
    """No world comes that could have it."""
    with process_of("c") as process:
        child = explored(process)

    assert child.closed


def test_a_submission_that_cannot_be_loaded_has_no_process(process_of):
    """The caller says so; nothing is explored."""
    with process_of("python", (wire.TROUBLE, json.dumps(TROUBLE).encode())) as process:
        assert process.begin() is None


def test_a_process_that_ends_while_it_reads_the_source_is_ended(process_of):
    """The error says so, and nothing of it is left."""
    with process_of("c", LOST) as process:
        with pytest.raises(WorkerEnded):
            process.begin()
        child = process._child
        process.end()

    assert child.closed
