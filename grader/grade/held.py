"""Holds the rest of a task back once two of its scenarios ran into a limit in the same method.

Such a kernel would run into the limit again and again, and say the same each time. So the first two scenarios show what
happened and where; after them, a scenario of that task which runs into the limit in that method, too, only `waits`.
One that passes earns its points as ever. After four that run into the limit, one after the other, those that are left
and call the method are not tried: they wait, and their messages say so. The rule counts scenarios, not seconds, so that
it holds back the same ones every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from grader.escape import printable
from grader.grade.attempt import CALLED_BY_STEPS, Attempt, Overrun, handlers_of
from grader.grade.result import HeldResult
from grader.grade.verdicts import WAITING
from grader.language import say
from grader.scenario.model import Scenario

#: Scenarios of a task that show that they ran into a limit in one method; the others wait.
SHOWN = 2

#: Scenarios of a task, one after the other, that ran into a limit in one method; no more that call it are tried then.
TRIED = 4

#: What the message of a scenario that waits is made of.
UNTRIED, _WAITS, _LIMITS = "not tried: it ", "waits until ", " stays within its limits"


class Held:
    """Follows one submission and decides what is held back."""

    def __init__(self) -> None:
        self._overruns: Counter[tuple[str, str]] = Counter()  # by task and method
        self._in_a_row: Counter[str] = Counter()  # by task
        self._last: dict[str, Overrun] = {}  # by task; the first whose place is known, if any is

    def attempt(self, scenario: Scenario, attempt: Callable[[], Attempt]) -> Attempt:
        """Return the attempt at a scenario, or one that waits. `attempt` tries the scenario."""
        task = scenario.task
        known = self._last.get(task)
        concerned = known is not None and _calls(scenario, known.method)
        if known is not None and concerned and self._in_a_row[task] >= TRIED:
            return _waiting(UNTRIED, known)
        tried = attempt()
        overrun = tried.overrun
        if overrun is None:
            if concerned:
                self._in_a_row[task] = 0
            return tried
        if known is None or known.method != overrun.method:
            self._in_a_row[task] = 0
            self._last[task] = overrun
        elif not known.place:
            self._last[task] = overrun
        self._in_a_row[task] += 1
        self._overruns[task, overrun.method] += 1
        return tried if self._overruns[task, overrun.method] <= SHOWN else _waiting("", self._last[task])


def _calls(scenario: Scenario, method: str) -> bool:
    """Return True unless it is plain from the steps that the machine never calls this method."""
    return method not in CALLED_BY_STEPS or method in handlers_of(scenario)


#: Places that are not in a method of the student's, in words.
_NAMES = {"": "your kernel", "<module>": "the import of your kernel", "import": "the import of your kernel"}


def _waiting(how: str, overrun: Overrun) -> Attempt:
    place = f" ({overrun.place})" if overrun.place else ""
    message = f"{how}{_WAITS}{_NAMES.get(overrun.method, overrun.method)}{place}{_LIMITS}"
    return Attempt(WAITING, message, (message,))


def read_message(message: str) -> tuple[str, bool]:
    """Return what an attempt that waits says: the method with its place, and True if the scenario was not tried."""
    untried = message.startswith(UNTRIED)
    return message.removeprefix(UNTRIED).removeprefix(_WAITS).removesuffix(_LIMITS), untried


def message_of(attempt: Attempt) -> str:
    """Return the message of an attempt that waits, in the language of the feedback."""
    method, untried = read_message(attempt.message)
    if untried:
        return say("not tried: it waits until {method} stays within its limits", method=method)
    return say("waits until {method} stays within its limits", method=method)


def held_of(attempts: Iterable[Attempt]) -> HeldResult | None:
    """Return what a result says of a task's attempts that wait for a method; None if there are none."""
    read = [read_message(attempt.message) for attempt in attempts]
    if not read:
        return None
    methods = list(dict.fromkeys(printable(method) for method, _ in read))
    return {"scenarios": len(read), "not_tried": sum(untried for _, untried in read), "methods": methods}
