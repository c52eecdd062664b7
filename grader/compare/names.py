"""How pages, frames and the bits of entries are called in a message: `P:h[2]`, frame `a`, `cow dirty`."""

from __future__ import annotations

from collections.abc import Iterable

from grader.machine.entry import ACCESSED, COW, DIRTY
from grader.scenario.trace import StepRecord, Trace


class Names:
    """The names that a trace's processes and mappings have, as of a step."""

    def __init__(self, trace: Trace, after: int) -> None:
        self.processes = {pid: name for name, pid in trace.pids.items()}
        self.mappings: dict[str, tuple[int, int, int]] = {}  # name -> first page, pages, pid of who mapped it
        self.parents: dict[int, int] = {}
        for record in trace.steps[:after]:
            self.learn(record)

    def learn(self, record: StepRecord) -> None:
        if record.mapped:
            name, first, pages = record.mapped
            self.mappings[name] = (first, pages, record.actor)
        if record.forked:
            self.parents[record.forked] = record.actor

    def process(self, pid: int) -> str:
        return self.processes.get(pid, f"process {pid}")

    def page(self, pid: int, page: int) -> str:
        """`P:h[2]`, or the page's number where no mapping is.

        Unrelated processes may have different mappings in one place: a process's own come first, then its ancestors'.
        """
        here = {
            owner: f"{name}[{page - first}]"
            for name, (first, pages, owner) in self.mappings.items()
            if first <= page < first + pages
        }
        owner = pid
        while owner in self.parents and owner not in here:
            owner = self.parents[owner]
        name = here.get(owner) or (list(here.values())[-1] if here else f"page {page}")
        return f"{self.process(pid)}:{name}"

    def pages(self, pairs: Iterable[tuple[int, int]], most: int = 3) -> str:
        """Some pages as `P:h[0], C:h[0] and 2 more`."""
        shown = [self.page(pid, page) for pid, page in pairs]
        left = len(shown) - most
        if left > 0:
            return f"{', '.join(shown[:most])} and {left} more"
        return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def marks(pte: int, clock: bool) -> str:
    """` cow dirty`: an entry's bits, each with a blank before it; ` used` too where a clock looks at it."""
    shown = ((COW, "cow"), (DIRTY, "dirty"), (ACCESSED if clock else 0, "used"))
    return "".join(f" {word}" for bit, word in shown if pte & bit)


def letter(number: int) -> str:
    """0 is `a`, 25 is `z`, 26 is `aa`: frames in the order of their first use."""
    letters = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return letters
