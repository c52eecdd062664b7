"""Questions on a step, to be answered before it is shown: will it fault, will it copy, who shares the frame afterwards?

Used by the player and by `grader predict`. Pure: the state before and after a step in, question and answer out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.machine.outcome import OK, OOM, SEGV
from grader.plural import number_of
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario, Step
from grader.trace.memory import Memory
from grader.trace.names import Names
from grader.trace.records import ProcessPage, StepRecord
from grader.trace.state import State
from grader.view.sight import OUT, PROTECTED, READ_ONLY, WRITABLE, Page, page_of

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
    for record in records:
        if not 0 < record.number <= len(scenario.steps):
            continue
        step = scenario.steps[record.number - 1]
        before = _Before(memory, names, step, record)
        memory.follow(record)
        yield record, before.questions(memory.state)


class _Before:
    """Holds what has to be remembered of the state before a step, which the records then change."""

    def __init__(self, memory: Memory, names: Names, step: Step, record: StepRecord) -> None:
        self.names, self.step, self.record = names, step, record
        state = memory.state
        self.places = _places(state, step, record)
        self.pages = [page_of(memory, names, place) for place in self.places]
        self.sharers = _others(state, self.places[0]) if self.places else frozenset()
        self.alive = [pid for pid in state.tables if pid != record.actor]

    def questions(self, state: State) -> list[Question]:
        """Return the questions on the step, once the state has gone on."""
        if self.step.verb == "fork":
            return [self._of_fork()] if self.record.outcome == OK else []
        if not self.places or self.step.verb not in _ACCESSES:
            return []
        asked = [self._of_access()]
        if self.alive and len(self.places) == 1 and self.record.outcome == OK:
            asked.append(self._of_sharers(state))
        return asked

    def _of_fork(self) -> Question:
        copies = self.record.copies
        why = f"The fork copied {number_of(copies, 'frame')}."
        if not copies:
            why = "The child's entries lead to the parent's frames; a later write to a shared page makes the copy."
        return Question(self.record.number, "Will this fork copy frames?", ("no", "yes"), int(copies > 0), why)

    def _of_access(self) -> Question:
        """Ask how the access ends, in order of what it costs."""
        faults, copies = sum(self.record.faults), self.record.copies
        choices = ["no", "yes, and nothing is copied", "yes, and a frame is copied", "yes, and the process is killed"]
        killed = self.record.outcome in (SEGV, OOM)
        answer = 3 if killed else 2 if copies else int(faults > 0)
        if len(self.places) > 1:
            choices[2] = "yes, and frames are copied"
        many = f" It took {number_of(faults, 'fault')} for {len(self.places)} pages." if len(self.places) > 1 else ""
        text = f"Will this {self.step.verb} cause a page fault?"
        return Question(self.record.number, text, tuple(choices), answer, self._why(answer) + many)

    def _why(self, answer: int) -> str:
        """Explain from the first page of the step, or from the first that explains the answer."""
        if answer == 3:
            reason = "no free frame" if self.record.outcome == OOM else "no region that allows this access"
            return f"There was {reason}."
        page = next((one for one in self.pages if self._explains(one, answer)), self.pages[0])
        return f"{page.label}: {_reason(page, self.step.verb, answer, bool(self.sharers))}"

    def _explains(self, page: Page, answer: int) -> bool:
        allowed = page.access == WRITABLE or (page.entry and self.step.verb != "write")
        return bool(allowed) is (answer == 0)

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
            why = f"{label} now has a frame of its own."
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


def _others(state: State, place: ProcessPage) -> frozenset[int]:
    """Return the other processes that map the frame of a page; none for the frame of zeros."""
    if not state.life(*place):
        return frozenset()
    return frozenset(user.pid for user in state.sharers(*place)) - {place.pid}


def _reason(page: Page, verb: str, answer: int, shared: bool) -> str:
    """Say what the entry was like before the step, and what that led to."""
    if page.access == OUT:
        return "the page was out on swap and had no entry."
    if not page.entry:
        return "the page had no entry yet, so the first access faults."
    if answer == 0:
        return f"the entry was {page.entry}, which allows this {verb}."
    if page.access in (PROTECTED, READ_ONLY):
        ending = "other pages use its frame, so the write gets a copy" if shared else "its frame has no other user"
        if answer == 1 and shared:
            ending = "the kernel only changed the entry"
        if answer == 2 and not shared:
            ending = "its frame may not be written to, so the write gets a copy"
        return f"the entry was {page.entry}, which does not allow this {verb}; {ending}."
    return f"the entry was {page.entry}."


def heading(scenario: Scenario, number: int) -> str:
    """Return a step as both outputs head it: `Step 3 of 7: P forks C`."""
    return f"Step {number} of {len(scenario.steps)}: {sentence(scenario.steps[number - 1])}"
