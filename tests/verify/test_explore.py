"""The search: what it merges, what it counts, and what it must not merge."""

import itertools
import pathlib
import random
from typing import NamedTuple

import pytest

from grader.grade.attempt import attempt_here
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel
from grader.lab.scope import Mapped, World
from grader.machine import InvalidArgument, OutOfMemory, SegmentationFault
from grader.scenario.loader import parse_scenario
from grader.scenario.writer import to_yaml
from grader.verify.by_replay import explore_by_replay
from grader.verify.explore import explore
from grader.verify.frontier import Frontier
from grader.verify.verified import Verified
from grader.verify.verify import verify_kernel
from grader.verify.words import headline, remarks, summary
from reference.copy_on_write import CopyOnWriteKernel

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
REFERENCE = reference_kernel(LAB)
SMALL = World("small", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("read", "write", "fork", "exit"))


def test_a_small_world_closes():
    """Two processes and one page: nothing new after a few steps, and no difference of the reference from itself."""
    outcome = explore(SMALL, REFERENCE, REFERENCE)

    assert outcome.closed
    assert outcome.difference is None
    assert outcome.states < 100


def test_the_scenarios_are_those_that_a_search_without_merging_runs():
    """Merged states count as often as they are met."""
    merged = explore(SMALL, REFERENCE, REFERENCE, 3)
    replayed = explore_by_replay(SMALL, REFERENCE, lambda scenario, expected: False, 3)

    assert merged.scenarios == replayed.scenarios


@pytest.mark.parametrize(
    ("verbs", "steps", "closed"), [(("read",), 2, False), (("read",), None, False), (("exit",), 3, True)]
)
def test_without_merging_a_space_closes_only_if_no_scenario_is_left_out(verbs, steps, closed):
    """What was tried says nothing of longer scenarios, and a report must not say that it does."""
    world = World("one", (Mapped("P", {"name": "h", "pages": 1}),), 1, verbs)
    outcome = explore_by_replay(world, REFERENCE, lambda scenario, expected: False, steps)

    assert outcome.closed is closed
    assert ("of any length" in summary([Verified(world, outcome)])) is closed


def test_a_failure_that_never_comes_to_pass_is_no_scenario():
    """With and without merging, the same scenarios are left."""
    world = SMALL._replace(failures=("allocate", "map"))
    merged = explore(world, REFERENCE, REFERENCE, 2)
    replayed = explore_by_replay(world, REFERENCE, lambda scenario, expected: False, 2)

    assert merged.scenarios == replayed.scenarios


def test_a_failure_that_only_the_candidate_meets_is_no_scenario():
    """A kernel that removes an entry before it makes the new one meets failures that the reference cannot meet."""

    class RemovesFirst(CopyOnWriteKernel):
        def first_write(self, process, page, region):
            entry = process.page_table.get(page)
            if self.references[entry.frame] == 1:
                process.page_table.unmap(page)
                process.page_table.map(page, entry.frame, region.protection)
            else:
                super().first_write(process, page, region)

    outcome = explore(SMALL._replace(failures=("map-in-fork", "map")), REFERENCE, RemovesFirst, 4)

    assert outcome.difference is None


@pytest.mark.parametrize("flag", ["parent_w", "eager_fork", "no_dec"])
def test_the_difference_is_as_short_as_without_merging(flag):
    """Both searches find one after the same number of steps."""
    kernel = misconception_kernel(LAB, flag)
    merged = explore(SMALL, REFERENCE, kernel)
    replayed = explore_by_replay(SMALL, REFERENCE, differs(kernel), 5)

    assert len(merged.difference.steps) == len(replayed.difference.steps)


def test_the_difference_is_a_scenario_that_loads():
    """Its YAML can be put into the lab as it is, and fails there."""
    kernel = misconception_kernel(LAB, "parent_w")
    found = verify_kernel(LAB, SMALL, kernel, None)

    assert parse_scenario(to_yaml(found.outcome.difference), "found").steps
    assert found.attempt.verdict == "failed"


def differs(kernel):
    return lambda scenario, expected: attempt_here(scenario, expected, kernel).verdict != "passed"


def test_ctrl_c_leaves_what_was_covered():
    """The result speaks of whole levels only."""

    def stop(steps, states, edges, share):
        if steps == 2:
            raise KeyboardInterrupt

    outcome = explore(SMALL, REFERENCE, REFERENCE, progress=stop)

    assert outcome.stopped
    assert not outcome.closed
    assert outcome.steps == 2


# -- kernels whose third fork fails, and which count in a place where a comparison might not look ------------------


class ThirdForkFails(CopyOnWriteKernel):
    def fork(self, parent, child):
        if self.count() == 3:
            raise InvalidArgument("the third fork")
        super().fork(parent, child)


class InAnAttribute(ThirdForkFails):
    def count(self):
        self.forks = getattr(self, "forks", 0) + 1
        return self.forks


FORKS = 0


class InAGlobal(ThirdForkFails):
    def count(self):
        global FORKS  # noqa: PLW0603
        FORKS += 1
        return FORKS


BOOK = []


class InAGlobalList(ThirdForkFails):
    def count(self):
        BOOK.append(1)
        return len(BOOK)


def in_a_closure():
    forks = 0

    def count(self):
        nonlocal forks
        forks += 1
        return forks

    return count


class InAClosure(ThirdForkFails):
    count = in_a_closure()


class InADefault(ThirdForkFails):
    def count(self, book=[]):  # noqa: B006
        book.append(1)
        return len(book)


class InTheClass(ThirdForkFails):
    forks = 0

    def count(self):
        type(self).forks += 1
        return self.forks


class InAFunction(ThirdForkFails):
    def count(self):
        InAFunction.count.forks = getattr(InAFunction.count, "forks", 0) + 1
        return InAFunction.count.forks


class InAModule(ThirdForkFails):
    def count(self):
        import heapq

        heapq.forks = getattr(heapq, "forks", 0) + 1
        return heapq.forks


class InAnIterator(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.numbers = itertools.count(1)

    def count(self):
        return next(self.numbers)


class InAGenerator(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.numbers = (n for n in range(1, 100))

    def count(self):
        return next(self.numbers)


class InAListIterator(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.numbers = iter(list(range(1, 100)))

    def count(self):
        return next(self.numbers)


class InRandomNumbers(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.random = random.Random(0)
        self.third = [random.Random(0).random() for _ in range(1)] and self.numbers()[2]

    def numbers(self):
        source = random.Random(0)
        return [source.random() for _ in range(3)]

    def count(self):
        return 3 if self.random.random() == self.third else 0


class InAnIdentity(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.seen = []

    def count(self):
        self.seen.append(object())
        return 3 if len({id(one) for one in self.seen}) == 3 else 0


class InTheMachine(ThirdForkFails):
    def count(self):
        self.hw.replacement += "i"
        return self.hw.replacement.count("i") - "fifo".count("i")


class InAnInnerObject(ThirdForkFails):
    class Book:
        __slots__ = ("forks",)

    def __init__(self, hw):
        super().__init__(hw)
        self.book = self.Book()
        self.book.forks = 0

    def count(self):
        self.book.forks += 1
        return self.book.forks


class InAnOrder(ThirdForkFails):
    """Turns a dict round at each fork: its keys are the same, and only their order counts."""

    def __init__(self, hw):
        super().__init__(hw)
        self.ring = {1: 0, 2: 0, 3: 0}

    def count(self):
        first = next(iter(self.ring))
        self.ring[first] = self.ring.pop(first)
        return first


class InATextOfNumbers(CopyOnWriteKernel):
    """Names a process in a text, and fails the fork of the one that is named. Nothing else tells its states apart."""

    def __init__(self, hw):
        super().__init__(hw)
        self.named = ""

    def fork(self, parent, child):
        if self.named == f"process {parent.pid}":
            raise InvalidArgument("its turn is over")
        super().fork(parent, child)
        self.named = f"process {child.pid}"


class InAnAlias(ThirdForkFails):
    """Two equal lists, of which one is the other: only that tells its states apart."""

    def __init__(self, hw):
        super().__init__(hw)
        self.first, self.second, self.third = [], [], []

    def count(self):
        if self.first is self.second is self.third:
            return 3
        if self.first is self.second:
            self.third = self.first
            return 3
        self.second = self.first
        return 1


#: Where the count is -> whether states can still be merged.
HIDDEN = {
    InAnAttribute: True,
    InAnInnerObject: True,
    InAnOrder: True,
    InAnAlias: True,
    InATextOfNumbers: True,
    InTheMachine: True,
    InAGlobal: False,
    InAGlobalList: False,
    InAClosure: False,
    InADefault: False,
    InTheClass: False,
    InAFunction: False,
    InAModule: False,
    InAnIterator: False,
    InAGenerator: False,
    InAListIterator: False,
    InRandomNumbers: False,
    InAnIdentity: False,
}

FORKS_ONLY = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("fork", "exit"))


@pytest.mark.parametrize("kernel", HIDDEN, ids=lambda kernel: kernel.__name__)
def test_state_is_noticed_wherever_it_is(kernel):
    """The third fork is found to fail, or the kernel is explored without merging; it never counts as correct."""
    found = verify_kernel(LAB, FORKS_ONLY, kernel, 5)

    assert found.outcome.merged is HIDDEN[kernel], found.outcome.reason
    assert found.outcome.difference is not None or not found.outcome.closed
    if HIDDEN[kernel]:
        assert [step.verb for step in found.outcome.difference.steps].count("fork") <= 3


class Users(NamedTuple):
    """How many forks there were."""

    forks: int


class InANamedTuple(ThirdForkFails):
    def __init__(self, hw):
        super().__init__(hw)
        self.users = Users(0)

    def count(self):
        self.users = self.users._replace(forks=self.users.forks + 1)
        return self.users.forks


def test_named_tuples_are_no_reason_against_merging():
    """What their generated methods use keeps no state; what a kernel keeps in one is part of its own."""
    found = verify_kernel(LAB, SMALL, InANamedTuple, 6).outcome

    assert (found.merged, found.reason) == (True, "")
    assert [step.verb for step in found.difference.steps].count("fork") == 3


def test_a_table_of_a_process_that_has_ended_can_be_kept():
    """A kernel that never forgets its tables is still explored with merging."""

    class Keeps(CopyOnWriteKernel):
        def __init__(self, hw):
            super().__init__(hw)
            self.tables = {}

        def fork(self, parent, child):
            self.tables[child.pid] = child.page_table
            super().fork(parent, child)

    found = verify_kernel(LAB, SMALL, Keeps, 4)

    assert found.outcome.merged
    assert found.outcome.difference is None


class WrongError(CopyOnWriteKernel):
    """Ends a process for want of memory as if it had no right."""

    def page_fault(self, process, fault):
        try:
            super().page_fault(process, fault)
        except OutOfMemory:
            raise SegmentationFault from None


def test_a_search_that_is_stopped_in_a_level_does_not_claim_it():
    """A difference after a failure is two steps longer than its state, and a later state may differ after one."""

    def interrupt(*how_far):
        raise KeyboardInterrupt

    world = World("w", (Mapped("P", {"name": "h", "pages": 1}),), 1, ("read",), failures=("allocate",))
    outcome = explore(world, REFERENCE, WrongError, progress=interrupt)

    assert (outcome.stopped, outcome.steps, outcome.shortest) == (True, 0, False)


def test_ctrl_c_leaves_the_difference_that_was_found():
    """While the rest of its level is searched for a shorter one. It is not kept: there is something to show."""

    def interrupt(*how_far):
        raise KeyboardInterrupt

    world = World("w", (Mapped("P", {"name": "h", "pages": 1}),), 1, ("read", "write"), failures=("allocate",))
    found = verify_kernel(LAB, world, WrongError, None, interrupt, Frontier("one"))

    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "fail", "read"]
    assert (found.outcome.stopped, found.outcome.kept, found.attempt.verdict) == (True, False, "failed")
    assert headline(found.outcome) == "a scenario with a difference"
    assert remarks(found.outcome) == ["There may be a shorter one, because the search was stopped."]


SEEN = []


class WrongErrorAndACount(WrongError):
    """Counts forks where no state of the kernel shows it."""

    def fork(self, parent, child):
        SEEN.append(child.pid)
        super().fork(parent, child)


def test_a_difference_is_kept_though_states_cannot_be_compared_after_it(monkeypatch):
    """In the rest of its level. Replay begins at the beginning, and may not come as far."""
    world = World("w", (Mapped("P", {"name": "h", "pages": 1}),), 2, ("read", "fork"), failures=("allocate",))
    short = verify_kernel(LAB, world, WrongErrorAndACount, None).outcome
    monkeypatch.setattr("grader.verify.by_replay.REPLAYED", 1)
    found = verify_kernel(LAB, world, WrongErrorAndACount, None)

    assert short.shortest and not found.outcome.shortest
    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "fail", "read"]
    assert found.attempt.verdict == "failed" and not found.outcome.merged
