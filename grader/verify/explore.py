"""Explores every scenario of a world, shortest first, until a difference is found or nothing new is left.

`explore` merges states whose canonical forms are equal (canonical.py): each is continued once. If all continuations
lead to known states the space is closed, and what holds in it holds for scenarios of any length.
`explore_by_replay` makes no assumption about the candidate: it runs every scenario from the beginning, up to a number
of steps.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from grader.lab.scope import World
from grader.machine.outcome import OK
from grader.replay.simulated import MakeKernel, Replay, replay
from grader.scenario.describe import in_words
from grader.scenario.model import Scenario, Step
from grader.state.memento import Memento, Opaque
from grader.state.unmergeable import Unmergeable
from grader.trace.records import Trace
from grader.verify.actions import Action, actions, setup
from grader.verify.frontier import Frontier, Kept
from grader.verify.product import MakeSide, Node, Product, ReferenceFault
from grader.verify.sides import LocalSide, Strayed

#: Steps after the mappings, unless the user asks for another number: enough for small worlds to close.
STEPS = 40

#: Scenarios that are explored by replay, unless the user asks for a number of steps: about ten seconds' worth.
REPLAYED = 5000

#: Bytes of the hash of a state's form.
HASHED = 20

#: States that are continued before the kernel is looked at thoroughly again; so many a stopped exploration may lose.
CHECKED = 4

#: Processor seconds that a kernel in the sandbox may use in one world.
TIME_S = 90.0

#: Called after each state is continued: steps so far, states known, edges, and the share of this level that is done.
Progress = Callable[[int, int, int, float], None]


class Outcome(NamedTuple):
    """Holds what an exploration has covered.

    steps       all scenarios of up to so many steps, after the mappings, show no difference
    states      different states; edges: steps tried from them
    scenarios   number of scenarios that these stand for
    closed      True if no further step leads to a new state
    difference  the shortest scenario with a difference, or None
    merged      False if the kernel was explored by replay; `reason` says why, after "it". If the kernel was merged,
                `reason` says why the exploration ended early
    stopped     True if the user stopped it
    kept        True if the same command goes on from here; resumed: states that an earlier one had found
    """

    steps: int
    states: int
    edges: int
    scenarios: int
    closed: bool
    difference: Scenario | None = None
    merged: bool = True
    reason: str = ""
    stopped: bool = False
    kept: bool = False
    resumed: int = 0


class _Found(NamedTuple):
    """A difference: length in steps after the mappings, and the steps."""

    length: int
    steps: tuple[Step, ...]


class _State(NamedTuple):
    """A state that waits to be continued."""

    number: int
    steps: tuple[Step, ...]
    node: Node | None  # None if an earlier exploration found it: its steps lead there


class _Checked(NamedTuple):
    """Holds how far the search had come when the kernel was last found to have changed nothing outside of itself.

    again  levels and states that have been continued since then
    """

    states: int
    edges: int
    again: list[tuple[int, _State]]


class _Unfit(Exception):
    """Something that an earlier exploration kept does not fit this one."""


class _Tired(Exception):
    """The kernel has used all the processor time that an exploration may take."""


class _Search:
    """The search with merging."""

    def __init__(
        self,
        world: World,
        reference: MakeKernel,
        make_side: MakeSide,
        progress: Progress,
        time_s: float = TIME_S,
        frontier: Frontier | None = None,
    ) -> None:
        self.world = world
        self.frontier = frontier
        self.begun: Node | None = None  # before the first step, if there may be states without a node
        self.resumed = 0
        self.checked = _Checked(0, 0, [])
        self.time_s = time_s
        self.product = Product(world, reference, make_side)
        self.progress = progress
        self.known: dict[bytes, int] = {}
        self.levels: dict[int, deque[_State]] = {}
        self.next: list[list[tuple[int, int]]] = []  # state -> (steps, state that follows) for each action
        self.edges = 0
        self.best: _Found | None = None
        self.setup = setup(world)
        self.path: tuple[Step, ...] = ()  # the steps that are under way, and where they begin
        self.level = 0

    def run(self, steps: int) -> Outcome:
        level = 0
        try:
            level = self._resume(steps)
            if not self.resumed:
                self._begin()
            while self.best is None and self.levels and level < steps:
                self._continue_level(level)
                if self.best is None:
                    self._check()
                level += 1
        except ReferenceFault as fault:
            raise ReferenceFault(
                f"scope {self.world.name}: {fault} in the last step of: {in_words(self.path)}"
            ) from None
        except KeyboardInterrupt:
            return self._outcome(level, stopped=True)._replace(kept=self._keep(level))
        except Strayed:
            # Whether this is a difference, a run of these steps from the beginning will show.
            self._note(_Found(self.level, self.path))
        except _Tired:
            reason = f"used {self.time_s:g} s of processor time"
            return self._outcome(level)._replace(reason=reason, kept=self._keep(level))
        if self.frontier is not None and (self.best is not None or not self.levels):
            self.frontier.forget()
        return self._outcome(level)

    def _resume(self, steps: int) -> int:
        """Go on where an earlier exploration was stopped, if one was. Return the level that comes next."""
        if self.frontier is None:
            return 0
        self.begun = self.product.save()
        found = self.frontier.read()
        if found is None or found.level > steps:
            return 0
        self.known = {digest: number for number, digest in enumerate(found.known)}
        self.next, self.edges = found.following, found.edges
        self.levels = {at: deque(_State(n, path, None) for n, path in rows) for at, rows in found.waiting.items()}
        self.resumed = len(found.known)
        self.checked = _Checked(self.resumed, self.edges, [])
        return found.level

    def _keep(self, level: int) -> bool:
        """Keep how far the search had come at the last check. Return True if it can go on from there.

        What has been done since may rest on state that the kernel keeps outside of itself, and nobody would look there
        again: the next exploration runs in another process. So those states are continued once more.
        """
        count, edges, again = self.checked
        if self.frontier is None or self.best is not None or not count:
            return False
        waiting: dict[int, dict[int, tuple[Step, ...]]] = {}
        for at, state in [*again, *((at, state) for at, states in self.levels.items() for state in states)]:
            if state.number < count:
                waiting.setdefault(at, {})[state.number] = state.steps
        following = self.next[:count]
        for states in waiting.values():
            for number in states:
                following[number] = []
        rows = {at: list(states.items()) for at, states in waiting.items()}
        known = list(self.known)[:count]
        return self.frontier.keep(Kept(min(waiting, default=level), edges, known, following, rows))

    def _check(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself since the search began."""
        self.product.candidate.check_elsewhere()
        self.checked = _Checked(len(self.known), self.edges, [])

    def _begin(self) -> None:
        path: tuple[Step, ...] = ()
        for step in self.setup:
            self.path = path = (*path, step)
            if not self.product.step(step):
                self._note(_Found(0, path))
                return
        self._arrive(path, 0)

    def _continue_level(self, level: int) -> None:
        """Try every action in every state of a level."""
        states = self.levels.setdefault(level, deque())
        many = len(states)
        for done in range(many):
            state = self._reached(states[0])
            byte = self.product.fresh_byte()
            for action in actions(self.world, self.product.reference, len(state.steps), byte):
                self._try(state, action, level)
                if self.best is not None and self.best.length <= level + 1:
                    return
            self.checked.again.append((level, state))
            states.popleft()
            assert state.node is not None
            self.product.forget(state.node)
            self.progress(level, len(self.next), self.edges, (done + 1) / many)
            tired = self.product.candidate.spent() > self.time_s and any(self.levels.values())
            if tired or len(self.checked.again) >= CHECKED:
                self._check()
            if tired:
                raise _Tired
        del self.levels[level]

    def _reached(self, state: _State) -> _State:
        """Go to a state. _Unfit if it was found by an earlier exploration, and its steps lead elsewhere now."""
        product = self.product
        if state.node is not None:
            product.restore(state.node)
            return state
        assert self.begun is not None
        product.restore(self.begun)
        try:
            fits = all(map(product.step, state.steps)) and self.known.get(self._key()) == state.number
        except (Strayed, ReferenceFault):
            fits = False
        if not fits:
            raise _Unfit
        return state._replace(node=product.save())

    def _key(self) -> bytes:
        return hashlib.sha256(self.product.key()).digest()[:HASHED]

    def _try(self, state: _State, action: Action, level: int) -> None:
        product = self.product
        assert state.node is not None
        product.restore(state.node)
        path = state.steps + action
        for number, step in enumerate(action, 1):
            self.path, self.level = state.steps + action[:number], level + number
            if not product.step(step):
                if number > 1 and product.reference.unfired:
                    return  # a failure that the reference does not meet: not a valid scenario
                self._note(_Found(level + number, state.steps + action[:number]))
                return
        if len(action) > 1 and product.reference.unfired:
            return
        self.edges += 1
        self.next[state.number].append((len(action), self._arrive(path, level + len(action))))

    def _arrive(self, path: tuple[Step, ...], level: int) -> int:
        """Return the number of the present state; a new one is saved, and the end is tried there."""
        key = self._key()
        known = self.known.get(key)
        if known is not None:
            return known
        number = len(self.known)
        self.levels.setdefault(level, deque()).append(_State(number, path, self.product.save()))
        self.next.append([])
        if not self.product.ends_well():
            self._note(_Found(level, path))
        self.known[key] = number
        return number

    def _note(self, found: _Found) -> None:
        if self.best is None or found.length < self.best.length:
            self.best = found

    def _outcome(self, level: int, stopped: bool = False) -> Outcome:
        closed = self.best is None and not any(self.levels.values()) and not stopped
        covered = level if self.best is None else max(self.best.length - 1, 0)
        difference = None if self.best is None or stopped else self.best.steps
        return Outcome(
            covered,
            len(self.next),
            self.edges,
            _count(self.next, covered),
            closed,
            None if difference is None else written(self.world, difference),
            stopped=stopped,
            resumed=self.resumed,
        )


def _count(following: list[list[tuple[int, int]]], steps: int) -> int:
    """Return the number of action sequences of up to so many steps, merged states counted as often as they are met."""
    if not following:
        return 0
    waiting: dict[int, dict[int, int]] = {0: {0: 1}}
    total = 0
    for level in range(steps + 1):
        for state, ways in waiting.pop(level, {}).items():
            total += ways
            for length, target in following[state]:
                later = waiting.setdefault(level + length, {})
                later[target] = later.get(target, 0) + ways
    return total


def quiet(steps: int, states: int, edges: int, share: float) -> None:
    """Report no progress."""


def explore(
    world: World,
    reference: MakeKernel,
    candidate: MakeKernel,
    steps: int = STEPS,
    progress: Progress = quiet,
    frontier: Frontier | None = None,
) -> Outcome:
    """Explore a world with merging. Unmergeable, or Opaque, if two states of the candidate cannot be compared."""
    return explore_side(
        world,
        reference,
        lambda begun, base, _: LocalSide(begun, candidate, base),
        steps,
        progress,
        frontier=frontier,
    )


def explore_side(
    world: World,
    reference: MakeKernel,
    make_side: MakeSide,
    steps: int = STEPS,
    progress: Progress = quiet,
    time_s: float = TIME_S,
    frontier: Frontier | None = None,
) -> Outcome:
    """Explore a world with merging, with a candidate in this process or in the sandbox. Unmergeable, Opaque, Strayed.

    time_s    processor seconds of the candidate after which the exploration ends
    frontier  where an exploration that was stopped is kept

    A difference may come from a kernel whose process failed. Whether it is one, a run from the beginning shows.
    """
    import gc

    search = _Search(world, reference, make_side, progress, time_s, frontier)
    gc.disable()  # nothing here is garbage before the end, and looking for it costs a fifth of the time
    try:
        return search.run(steps)
    except _Unfit:
        assert frontier is not None
        frontier.forget()
        return _Search(world, reference, make_side, progress, time_s).run(steps)
    finally:
        gc.enable()


def explore_by_replay(
    world: World,
    reference: MakeKernel,
    differs: Callable[[Scenario, Trace], bool],
    steps: int | None = None,
    progress: Progress = quiet,
    reason: str = "",
) -> Outcome:
    """Try every scenario of up to so many steps from its beginning: `differs` runs it on the candidate.

    A scenario is only tried as a whole. Its beginnings are scenarios of fewer steps, which have been tried before.
    Without a number of steps, the search goes as far as REPLAYED scenarios allow.
    """
    level = tried = covered = 0
    cut = False  # True once scenarios were left out that are longer
    levels: dict[int, list[tuple[Step, ...]]] = {0: [tuple(setup(world))]}
    try:
        while levels and (steps is None or level <= steps):
            paths = levels.pop(level, [])
            if paths and steps is None and (level > STEPS or tried + len(paths) > REPLAYED):
                cut = True
                break
            cut = cut or (level == steps and bool(paths))
            for done, path in enumerate(paths):
                scenario = with_outcomes(written(world, path), reference)
                tried += 1
                if differs(scenario, replay(scenario, reference)):
                    return Outcome(max(level - 1, 0), tried, tried, tried, False, scenario, False, reason)
                if steps is None or level < steps:
                    for action in _possible(world, reference, path):
                        levels.setdefault(level + len(action), []).append(path + action)
                progress(level, tried, tried, (done + 1) / len(paths))
            level += 1
            covered = tried
    except KeyboardInterrupt:
        return Outcome(max(level - 1, 0), covered, covered, covered, False, None, False, reason, stopped=True)
    return Outcome(level - 1, tried, tried, tried, not levels and not cut, None, False, reason)


def _possible(world: World, reference: MakeKernel, path: tuple[Step, ...]) -> list[Action]:
    """Return the actions that can follow, without failures that never come to pass."""
    run = Replay(written(world, path), reference)
    for step in path:
        run.step(step)
    byte = sum(step.verb in ("write", "copy_to_user") for step in path) + 1
    before = Memento([run])
    found = []
    for action in actions(world, run, len(path), byte % 200):
        if len(action) > 1:
            before.restore()
            for step in action:
                run.step(step)
            if run.unfired:
                continue
        found.append(action)
    return found


def written(world: World, steps: tuple[Step, ...]) -> Scenario:
    """Return steps as a scenario on the world's own machine."""
    title = f"{len(steps)} steps end as on the reference"
    return Scenario("found", title, "", world.machine, world.files, world.started, steps)


def with_outcomes(scenario: Scenario, reference: MakeKernel) -> Scenario:
    """Return a scenario in which each step that does not succeed on the reference says how it ends."""
    run = Replay(scenario, reference)
    told = []
    for step in scenario.steps:
        record = run.step(step)
        if record.ends or record.findings:
            raise ReferenceFault(f"the reference is wrong in step {step.number} of: {in_words(scenario.steps)}")
        told.append(step._replace(expect={} if record.outcome == OK else {"outcome": record.outcome}))
    return scenario._replace(steps=tuple(told))


__all__ = [
    "Opaque",
    "Outcome",
    "ReferenceFault",
    "Strayed",
    "Unmergeable",
    "explore",
    "explore_by_replay",
    "explore_side",
    "quiet",
]
