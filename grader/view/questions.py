"""Questions on a step, to be answered before it is shown: will it fault, will it copy, who shares the frame afterwards?

Used by the player and by `grader predict`. Pure: the state before and after a step in, question and answer out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.machine.moves import FREE, READ, WRITE
from grader.machine.outcome import OK, OOM, SEGV
from grader.plural import number_of
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario, Step
from grader.trace.memory import Memory
from grader.trace.names import Names
from grader.trace.records import ProcessPage, StepRecord
from grader.trace.state import State
from grader.view.reasons import Accessed, of_access, of_death, of_fork
from grader.view.sight import page_of

#: Verbs that access memory as the process does, and can therefore fault.
_ACCESSES = ("read", "write", "execute")


class Question(NamedTuple):
    """A question on a step. `answer` is the place of the right choice; `why` explains it from the run."""

    step: int
    text: str
    choices: tuple[str, ...]
    answer: int
    why: str


class Score:
    """Counts answers: right, wrong and skipped."""

    def __init__(self) -> None:
        self.right = self.wrong = self.skipped = 0

    def add(self, question: Question, choice: int | None) -> bool:
        """Count an answer, None if it was skipped; return True if it is right."""
        if choice is None:
            self.skipped += 1
        elif choice == question.answer:
            self.right += 1
        else:
            self.wrong += 1
        return choice == question.answer

    def __str__(self) -> str:
        answered = self.right + self.wrong
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.right} of {answered} right{skipped}"


def questions(
    scenario: Scenario, pids: Mapping[str, int], records: Iterable[StepRecord]
) -> Iterator[tuple[StepRecord, list[Question]]]:
    """Yield each step of a run with its questions; many steps have none."""
    memory = Memory(scenario)
    names = Names(pids, memory.state)
    slots: dict[int, int] = {}
    for record in records:
        if not 0 < record.number <= len(scenario.steps):
            continue
        step = scenario.steps[record.number - 1]
        before = _Before(memory, names, slots, step, record)
        memory.follow(record)
        _follow_slots(slots, record)
        yield record, before.questions(memory.state)


def _follow_slots(slots: dict[int, int], record: StepRecord) -> None:
    """Follow frame -> swap slot that has the same contents."""
    for frame in record.allocated:
        slots.pop(frame, None)
    for kind, slot, frame, _ in record.swapped:
        if kind in (READ, WRITE):
            slots[frame] = slot
        elif kind == FREE:
            for held in [frame for frame, other in slots.items() if other == slot]:
                del slots[held]


class _Before:
    """Holds what has to be remembered of the state before a step, which the records then change."""

    def __init__(self, memory: Memory, names: Names, slots: Mapping[int, int], step: Step, record: StepRecord) -> None:
        self.names, self.step, self.record = names, step, record
        state = memory.state
        self.places = _places(state, step, record) if step.verb in _ACCESSES else ()
        self.accessed = _accessed(memory, names, slots, self.places, step.verb)
        self.sharers = _others(state, self.places[0]) if self.places else frozenset()
        self.alive = [pid for pid in state.tables if pid != record.actor]

    def questions(self, state: State) -> list[Question]:
        """Return the questions on the step, once the state has gone on."""
        if self.step.verb == "fork":
            return [self._of_fork(state)] if self.record.outcome == OK else []
        if not self.places:
            return []
        asked = [self._of_access(state)]
        if self.alive and len(self.places) == 1 and self.record.outcome == OK:
            asked.append(self._of_sharers(state))
        return asked

    def _of_fork(self, state: State) -> Question:
        copies = self.record.copies
        why = f"The fork copied {number_of(copies, 'frame')}." if copies else of_fork(state, self.record)
        return Question(self.record.number, "Will this fork copy frames?", ("no", "yes"), int(copies > 0), why)

    def _of_access(self, state: State) -> Question:
        """Ask how the access ends, in order of what it costs."""
        faults, copies = sum(self.record.faults), self.record.copies
        choices = ["no", "yes, and nothing is copied", "yes, and a frame is copied", "yes, and the process is killed"]
        killed = self.record.outcome in (SEGV, OOM)
        answer = 3 if killed else 2 if copies else int(faults > 0)
        if len(self.places) > 1:
            choices[2] = "yes, and frames are copied"
        text = f"Will this {self.step.verb} cause a page fault?"
        return Question(self.record.number, text, tuple(choices), answer, self._why(state, killed))

    def _why(self, state: State, killed: bool) -> str:
        if killed:
            return of_death(self.accessed, self.record, state.scenario)
        faults = sum(self.record.faults)
        lives = [state.life(*place) for place in self.places]
        why = of_access(self.accessed, lives, faults > 0, self.record.copies > 0)
        many = len(self.places)
        return f"{why} It took {number_of(faults, 'fault')} for {many} pages." if many > 1 else why

    def _of_sharers(self, state: State) -> Question:
        """Ask which other processes map the page's frame afterwards."""
        place = self.places[0]
        after = _others(state, place)
        sets = dict.fromkeys([frozenset(), self.sharers, frozenset(self.alive), after])
        sets |= dict.fromkeys(frozenset([pid]) for pid in self.alive[:2])
        ordered = sorted(sets, key=lambda pids: (len(pids), sorted(pids)))
        label = self.names.page(*place)
        choices = tuple(self._named(pids) for pids in ordered)
        if after == self.sharers:
            why = "The step did not change that."
        elif after:
            why = f"{label} now leads to a frame that others map as well."
        else:
            why = f"No other process maps the frame that {label} now leads to."
        text = f"Which other processes share the frame of {label} afterwards?"
        return Question(self.record.number, text, choices, ordered.index(after), why)

    def _named(self, pids: frozenset[int]) -> str:
        names = [self.names.process(pid) for pid in sorted(pids)]
        if not names:
            return "none"
        return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _places(state: State, step: Step, record: StepRecord) -> Sequence[ProcessPage]:
    if "at" not in step.fields or record.actor not in state.tables:
        return ()
    return [ProcessPage(record.actor, page) for page in state.pages_of(step.fields["at"])]


def _accessed(
    memory: Memory, names: Names, slots: Mapping[int, int], places: Sequence[ProcessPage], verb: str
) -> list[Accessed]:
    """Return the pages that a step is about to access. slots: frame -> swap slot with the same contents"""
    state = memory.state
    if not places:
        return []
    users = Counter(pte >> FRAME_SHIFT for table in state.tables.values() for pte in table.values())
    waiting = Counter(state.out.values())
    returned = {slot for frame, slot in slots.items() if users[frame]}
    regions = state.regions.get(places[0].pid)
    found = []
    for place in places:
        frame, slot = state.entry(*place) >> FRAME_SHIFT, state.out.get(place)
        shared = users[frame] > 1 if slot is None else waiting[slot] > 1 or slot in returned
        found.append(
            Accessed(
                page_of(memory, names, place),
                place.page,
                verb,
                regions.find(place.page) if regions is not None else None,
                state.life(*place),
                shared,
                frame in memory.cached,
                slots.get(frame) in waiting,
            )
        )
    return found


def _others(state: State, place: ProcessPage) -> frozenset[int]:
    """Return the other processes that map the frame of a page."""
    return frozenset(user.pid for user in state.sharers(*place)) - {place.pid}


def heading(scenario: Scenario, number: int) -> str:
    """Return a step as both outputs head it: `Step 3 of 7: P forks C`."""
    return f"Step {number} of {len(scenario.steps)}: {sentence(scenario.steps[number - 1])}"
