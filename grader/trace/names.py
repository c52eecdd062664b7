"""Names pages, frames and the bits of entries in messages: `P:h[2]`, frame `a`, `cow dirty`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grader.machine.entry import ACCESSED, COW, DIRTY

from .state import State


class Names:
    """The names of processes and pages, as of a state; they follow it when it goes on."""

    def __init__(self, pids: Mapping[str, int], state: State) -> None:
        self.processes = {pid: name for name, pid in pids.items()}
        self._state = state

    def process(self, pid: int) -> str:
        """Return a process's name, or its number where it has none."""
        return self.processes.get(pid, f"process {pid}")

    def page(self, pid: int, page: int) -> str:
        """Return `P:h[2]`, or the page's number where no mapping is.

        Unrelated processes may have different mappings in one place: a process's own come first, then its ancestors'.
        """
        here = {
            owner: f"{name}[{page - first}]"
            for name, (first, pages, owner) in self._state.mappings.items()
            if first <= page < first + pages
        }
        parents = self._state.parents
        owner = pid
        while owner in parents and owner not in here:
            owner = parents[owner]
        name = here.get(owner) or (list(here.values())[-1] if here else f"page {page}")
        return f"{self.process(pid)}:{name}"

    def pages(self, pairs: Iterable[tuple[int, int]], most: int = 3) -> str:
        """Return some pages as `P:h[0], C:h[0] and 2 more`."""
        shown = [self.page(pid, page) for pid, page in pairs]
        left = len(shown) - most
        if left > 0:
            return f"{', '.join(shown[:most])} and {left} more"
        return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def marks(pte: int, clock: bool) -> str:
    """Return an entry's bits in words, each with a blank before it (` cow dirty`).

    clock: the kernel looks at the accessed bit, so it is shown as ` used`
    """
    shown = ((COW, "cow"), (DIRTY, "dirty"), (ACCESSED if clock else 0, "used"))
    return "".join(f" {word}" for bit, word in shown if pte & bit)


def letter(number: int) -> str:
    """Return a frame's letters by the order of first use: 0 is `a`, 25 is `z`, 26 is `aa`."""
    letters = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return letters
