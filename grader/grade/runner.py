"""Defines Runner, which tries scenarios on a kernel, and the runners that need no sandbox."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from grader.grade.attempt import Attempt, attempt_here
from grader.grade.misspelt import with_misspelt
from grader.grade.verdicts import REFUSED
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.trace.records import Trace


class KernelSource(NamedTuple):
    """A submission's modules by import name, and the class to construct; in C the one module `kernel` and no class."""

    modules: dict[str, str]
    main: str
    class_name: str
    language: str = "python"


class Printed(NamedTuple):
    """The output that a kernel printed during an attempt, as text. `truncated` is True if some was cut off."""

    text: str = ""
    truncated: bool = False


class Runner(Protocol):
    """Tries one kernel on scenarios. Whatever the kernel does, each try is an Attempt."""

    def __call__(self, scenario: Scenario, expected: Trace | None, known: bool = False, once: bool = False) -> Attempt:
        """Replay a scenario on the kernel and compare it with the expected trace.

        expected  None to judge only what the scenario itself expects, and the audit
        known     whether its later steps need not be kept from the kernel: the student may know the scenario, or it is
                  the twin of one
        once      whether the first attempt counts, whatever it prints: a kernel that can tell the second one from the
                  first would have two strategies. A child that dies may still do so because of an earlier scenario
        """

    def foresee(self, scenario: Scenario, expected: Trace) -> None:
        """Announce the public scenario that is tried after the next one: it can begin early."""

    def prepare(self, scenario: Scenario, expected: Trace) -> None:
        """Get ready for a scenario that is tried after the next `change`, so that nobody has to wait then.

        The process for it starts now. It gets no byte of the scenario before it is tried.
        """

    def change(self) -> None:
        """Forget what the kernel has seen: the next scenario is tried in a new process."""

    def printed(self) -> Printed:
        """Return what the kernel printed since the last call."""

    def remarks(self) -> tuple[str, ...]:
        """Return what a compiler remarked on the kernel, as far as it was run."""

    def discard(self) -> None:
        """Forget what the kernel has seen, as `change` does, and end what was prepared: nothing may follow."""

    def renew(self) -> None:
        """Forget also what the kernel has used up: its time for all scenarios together begins again."""


class LocalRunner:
    """Runs a kernel in this process: one of ours, or the student's own with --debug."""

    def __init__(self, make_kernel: MakeKernel) -> None:
        self._make_kernel = make_kernel

    def __call__(self, scenario: Scenario, expected: Trace | None, known: bool = False, once: bool = False) -> Attempt:
        """Replay a scenario on a new kernel."""
        attempt = attempt_here(scenario, expected, self._make_kernel)
        return with_misspelt(attempt, lambda: dir(self._make_kernel))

    def foresee(self, scenario: Scenario, expected: Trace) -> None:
        """Do nothing: nothing can begin early here."""

    def prepare(self, scenario: Scenario, expected: Trace) -> None:
        """Do nothing: there is no other process."""

    def change(self) -> None:
        """Do nothing: each scenario has a kernel of its own."""

    def printed(self) -> Printed:
        """Return nothing: what a kernel prints in this process has gone to standard output."""
        return Printed()

    def remarks(self) -> tuple[str, ...]:
        """Return nothing: nothing was compiled."""
        return ()

    def discard(self) -> None:
        """Do nothing: each scenario has a kernel of its own."""

    def renew(self) -> None:
        """Do nothing: nothing is counted here."""


class RefusedRunner:
    """Stands for a submission that intake rejected: every scenario is `refused`, for the same reason."""

    def __init__(self, reason: str) -> None:
        self._attempt = Attempt(REFUSED, reason, (reason,))

    def __call__(self, scenario: Scenario, expected: Trace | None, known: bool = False, once: bool = False) -> Attempt:
        """Return the refusal."""
        return self._attempt

    def foresee(self, scenario: Scenario, expected: Trace) -> None:
        """Do nothing: nothing can begin early here."""

    def prepare(self, scenario: Scenario, expected: Trace) -> None:
        """Do nothing: there is no other process."""

    def change(self) -> None:
        """Do nothing: nothing was run."""

    def printed(self) -> Printed:
        """Return nothing: nothing was run."""
        return Printed()

    def remarks(self) -> tuple[str, ...]:
        """Return nothing: nothing was compiled."""
        return ()

    def discard(self) -> None:
        """Do nothing: nothing was run."""

    def renew(self) -> None:
        """Do nothing: nothing was run."""
