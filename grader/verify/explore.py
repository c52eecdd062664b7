"""Explores every scenario of a world, shortest first, until a difference is found or nothing new is left.

States whose canonical forms are equal (state/machine_form.py, state/kernel_form.py) are merged: each is continued once.
If all continuations lead to known states the space is closed, and what holds in it holds for scenarios of any length.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import NamedTuple

from grader.lab.scope import World
from grader.replay.simulated import MakeKernel
from grader.scenario.describe import in_words
from grader.scenario.model import Step
from grader.state.memento import Opaque
from grader.state.unmergeable import Unmergeable
from grader.verify.actions import Action, actions, setup
from grader.verify.frontier import Frontier, Kept
from grader.verify.outcome import STEPS, Outcome, Progress, quiet
from grader.verify.product import MakeSide, Node, Product, ReferenceFault
from grader.verify.sides import LocalSide, Strayed
from grader.verify.written import written

#: Bytes of the hash of a state's form.
HASHED = 20

#: States that are continued before the kernel is looked at thoroughly again; so many a stopped exploration may lose.
CHECKED = 4

#: Processor seconds that a kernel in the sandbox may use in one world.
TIME_S = 90.0


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
    """The kernel has used all the processor time that an exploration may take, or all the memory."""


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
        level, reason = 0, ""
        try:
            level = self._resume(steps)
            if not self.resumed:
                self._begin()
                if self.best is None:
                    self._check()
            while self.best is None and self.levels and level < steps:
                self._continue_level(level)
                if self.best is None:
                    self._check()
                level += 1
        except ReferenceFault as fault:
            told = f"scope {self.world.name}: {fault} in the last step of: {in_words(self.path)}"
            raise ReferenceFault(told) from None
        except KeyboardInterrupt:
            return self._outcome(level, stopped=True)._replace(kept=self._keep(level))
        except Strayed:
            # Whether this is a difference, a run of these steps from the beginning will show.
            self._note(_Found(self.level, self.path))
            reason = "could not be explored further"
        except (Unmergeable, Opaque) as problem:
            if self.best is None:
                raise
            # Claim nothing about shorter ones: states may have been merged wrongly.
            return self._outcome(0)._replace(merged=False, shortest=False, reason=why_not_merged(problem))
        except _Tired as tired:
            return self._outcome(level)._replace(reason=str(tired), kept=self._keep(level))
        if self.frontier is not None and (self.best is not None or not self.levels):
            self.frontier.forget()
        outcome = self._outcome(level)
        return outcome if outcome.shortest else outcome._replace(reason=reason)

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
            tired = self.product.candidate.spent() > self.time_s
            if tired or len(self.checked.again) >= CHECKED:
                self._check()
            if tired and any(self.levels.values()):
                raise _Tired(f"used {self.time_s:g} s of processor time")
            if self.product.candidate.full and any(self.levels.values()):
                raise _Tired("needs more memory for its states than there is")
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
        path = state.steps + action
        for number, step in enumerate(action, 1):
            self.path, self.level = state.steps + action[:number], level + number
            if not product.step(step, state.node if number == 1 else None):
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
        # Of a level that was not finished, a later state may differ after fewer steps than the first difference has.
        covered = level if self.best is None else max(min(self.best.length - 1, level), 0)
        difference = None if self.best is None else self.best.steps
        return Outcome(
            covered,
            len(self.next),
            self.edges,
            _count(self.next, covered),
            closed,
            None if difference is None else written(self.world, difference),
            stopped=stopped,
            resumed=self.resumed,
            shortest=difference is None or (self.best is not None and self.best.length <= covered + 1),
        )


def why_not_merged(problem: Unmergeable | Opaque) -> str:
    """Return why the states of a kernel cannot be compared, after "it"."""
    return str(problem) if isinstance(problem, Unmergeable) else f"keeps {problem}"


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


def explore(
    world: World,
    reference: MakeKernel,
    candidate: MakeKernel,
    steps: int = STEPS,
    progress: Progress = quiet,
    frontier: Frontier | None = None,
) -> Outcome:
    """Explore a world with merging. Unmergeable, or Opaque, if two states of the candidate cannot be compared.

    See explore_side.
    """
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

    A difference may come from a kernel whose process failed, or from before its states could not be compared; then the
    outcome is not `merged`. Whether it is one, a run from the beginning shows.
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
