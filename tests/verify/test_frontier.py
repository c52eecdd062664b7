"""An exploration that is stopped, and goes on from there."""

import heapq
import json
import pathlib

import pytest

from grader import kept
from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel
from grader.lab.scope import Mapped, World
from grader.state.unmergeable import Unmergeable
from grader.verify.explore import explore
from grader.verify.frontier import KIND, Frontier
from grader.verify.product import Product
from grader.verify.sides import LocalSide
from grader.verify.verify import verify_submission
from grader.verify.words import remarks
from tests.labs import kernel_text
from tests.marks import proofs_except

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
REFERENCE = reference_kernel(LAB)
SMALL = World("small", (Mapped("P", {"name": "h", "pages": 1}),), failures=("allocate",))


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / KIND


@pytest.fixture
def stop(monkeypatch):
    """stop(method, n): ctrl-C before the n-th call of a method of the product from now on; None: no more."""
    before = {name: getattr(Product, name) for name in ("step", "save", "ends_well", "forget")}

    def at(method, number):
        left = iter(range(number))

        def call(*arguments):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return before[method](*arguments)

        monkeypatch.setattr(Product, method, call)

    yield at


@pytest.fixture(scope="module")
def whole():
    """What an exploration that was never stopped finds."""
    return explore(SMALL, REFERENCE, REFERENCE)


QUICK = [("step", 1), ("step", 200), ("save", 3), ("ends_well", 20), ("forget", 3)]
STOPS = [("step", n) for n in (1, 2, 7, 40, 200, 333)] + [
    (m, n) for m in ("save", "ends_well", "forget") for n in (3, 20)
]


@pytest.mark.parametrize("place", proofs_except(QUICK, STOPS), ids=lambda place: f"{place[0]}-{place[1]}")
def test_it_ends_as_if_it_had_not_been_stopped(stop, whole, place):
    """States, steps between them, scenarios: wherever ctrl-C came."""
    method, number = place
    frontier = Frontier("one")
    stop(method, number)
    first = explore(SMALL, REFERENCE, REFERENCE, frontier=frontier)
    stop(method, 1 << 30)
    second = explore(SMALL, REFERENCE, REFERENCE, frontier=frontier)

    assert first.stopped and not first.closed
    assert second._replace(resumed=0) == whole and bool(second.resumed) == first.kept
    assert frontier.read() is None, "there is nothing left to go on with"


def test_it_can_be_stopped_again_and_again(stop, whole):
    """Each run adds to what the earlier ones have found; none begins at the start."""
    frontier, runs = Frontier("one"), []
    while not runs or not runs[-1].closed:
        stop("step", 150)
        runs.append(explore(SMALL, REFERENCE, REFERENCE, frontier=frontier))

    assert len(runs) > 2
    assert [run.states for run in runs] == sorted(run.states for run in runs)
    assert runs[-1].edges == whole.edges


@pytest.mark.parametrize("how", ["ctrl-C", "time"])
@pytest.mark.parametrize("number", range(1, 5))
def test_what_a_kernel_keeps_in_a_module_is_not_forgotten_when_it_is_stopped(monkeypatch, how, number):
    """What was explored is looked at before it is kept: the process that goes on would not see the change."""

    class Keeping(REFERENCE):
        def page_fault(self, process, fault):
            if fault.present:
                heapq.seen = 1
            super().page_fault(process, fault)

    def explored(number):
        heapq.seen = 0  # as in a process of its own
        left = iter(range(number))

        def progress(*_):
            if next(left, None) is not None:
                return
            if how == "ctrl-C":
                raise KeyboardInterrupt
            monkeypatch.setattr(LocalSide, "spent", lambda self: 1e9)

        monkeypatch.setattr(LocalSide, "spent", lambda self: 0)
        return explore(world, REFERENCE, Keeping, progress=progress, frontier=frontier)

    monkeypatch.setattr(heapq, "seen", 0, raising=False)
    world = World("refused", (Mapped("P", {"name": "h", "pages": 1, "protection": "r--"}),), verbs=("read", "write"))
    frontier = Frontier("one")
    with pytest.raises(Unmergeable, match="heapq"):
        explored(number - 1)
        explored(1 << 30)


def test_a_difference_is_found_after_it_was_stopped(stop):
    """It is the shortest, and is not kept."""
    kernel = misconception_kernel(LAB, "upgrade_other")
    stop("step", 60)
    frontier = Frontier("one")
    first = explore(SMALL, REFERENCE, kernel, frontier=frontier)
    stop("step", 1 << 30)
    second = explore(SMALL, REFERENCE, kernel, frontier=frontier)

    assert first.kept and first.difference is None and second.resumed
    assert second.difference == explore(SMALL, REFERENCE, kernel).difference
    assert frontier.read() is None


def stopped(stop, cache):
    """Stop an exploration; return its frontier and the file in which it is kept."""
    frontier = Frontier("one")
    stop("step", 100)
    assert explore(SMALL, REFERENCE, REFERENCE, frontier=frontier).kept
    stop("step", 1 << 30)
    [file] = cache.iterdir()
    return frontier, file


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: [found[0], -1, *found[2:]],
        lambda found: [*found[:2], found[2][:-1], *found[3:]],
        lambda found: [*found[:3], [[[1, 10_000]]] * len(found[3]), found[4]],
        lambda found: [*found[:4], {"0": [[0, [["rm", "P", {}]]]]}],
        lambda found: {"format": 1},
    ],
)
def test_what_is_not_as_it_should_be_is_not_used(stop, cache, change):
    """Too few parts, numbers out of range, verbs that are none: the exploration begins at the start."""
    frontier, file = stopped(stop, cache)
    found = json.loads(kept.read(KIND, file.name))
    kept.keep(KIND, file.name, json.dumps(change(found)).encode())

    assert frontier.read() is None
    assert explore(SMALL, REFERENCE, REFERENCE, frontier=frontier).resumed == 0


def test_states_that_lead_elsewhere_are_not_used(stop, cache, whole):
    """Hashes of other states, as another kernel would have them: everything is explored from the start."""
    frontier, file = stopped(stop, cache)
    found = json.loads(kept.read(KIND, file.name))
    found[2] = [digest[::-1] for digest in found[2]]
    kept.keep(KIND, file.name, json.dumps(found).encode())

    assert explore(SMALL, REFERENCE, REFERENCE, frontier=frontier) == whole


def test_a_cache_that_others_can_write_is_not_used(stop, cache):
    """Nothing is read from there."""
    frontier, _ = stopped(stop, cache)
    cache.chmod(0o777)

    assert frontier.read() is None


def test_a_kernel_in_the_sandbox_goes_on_too(stop):
    """Its states are reached again in its own process; another kernel has none of them."""
    submission = Submission("mine", KernelSource({"kernel": kernel_text()}, "kernel", "SmallKernel"), digest="a")

    with Session(LAB) as session:
        stop("step", 100)
        first = verify_submission(session, SMALL, submission, None, resume=True).outcome
        stop("step", 1 << 30)
        other = verify_submission(session, SMALL, submission._replace(digest="b"), None, resume=True).outcome
        second = verify_submission(session, SMALL, submission, None, resume=True).outcome

    assert first.kept and "The same command goes on from there." in remarks(first)
    assert other.resumed == 0 and second.resumed > 1
    assert second._replace(resumed=0) == other
    assert any("An earlier run" in remark for remark in remarks(second))
