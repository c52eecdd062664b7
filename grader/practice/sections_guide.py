"""The practice `sections`: which sections of a program stay shared after fork, and which ones separate."""

from __future__ import annotations

from typing import NamedTuple

from grader.errors import InputError
from grader.lab.lab import Lab

from .observe import buffer_pages
from .program import Program
from .terminal import Terminal

_ROW = "  {:8} {:>6} {:>6} {:>8} {:>6} {:>8}"
_HEADS = ("section", "pages", "parent", "unshared", "child", "unshared")
_WRITABLE = ("heap", "stack")
_NOT_SHOWN = (
    "not here: this kernel does not show which pages are present (no /proc/PID/pagemap, as in gVisor and WSL 1); a "
    "virtual machine or WSL 2 would work"
)


class _Stop(NamedTuple):
    """A stop. unshared: of the pages of heap and stack together, those that the child shares with nobody; or None."""

    does: str
    unshared: int | None
    rule: str


_STOPS = (
    _Stop(
        "The parent executes its code, reads its constants, and writes heap and stack.",
        None,
        "All pages are there. No other process exists that could share them.",
    ),
    _Stop(
        "The parent forks; the child waits.",
        0,
        "Heap and stack are shared, every page: fork has copied their entries. Of code and constants fork copies no "
        "entries; they come from the program's file, and the child finds them in memory when it needs them.",
    ),
    _Stop(
        "The child executes the code and reads constants, heap and stack.",
        0,
        "Now everything is there in both processes, and everything is shared. Reading separates nothing.",
    ),
    _Stop(
        "The child writes all pages of heap and stack.",
        32,
        "Heap and stack have separated, page by page. Code and constants cannot be written, so they stay shared for "
        "as long as both processes live.",
    ),
    _Stop("The child exits.", None, "The parent is alone again, with the frames that it always had."),
)


class SectionsGuide:
    """One walk through the practice."""

    def __init__(self, lab: Lab, terminal: Terminal) -> None:
        self.lab, self.terminal = lab, terminal
        self.predicted = self.right = 0

    def run(self) -> bool:
        """Go through all stops; return True if the kernel shares what the lab's rules say."""
        source = self.lab.path / "practice" / "sections.c"
        if not source.is_file():
            raise InputError([f"{source}: the program of this practice is missing; fetch the lab again"])
        with Program(source, False) as program:
            if not program.compiled:
                self.terminal.say(f"{program.why}; a program in Python uses parts of its own sections.")
            agreed = [self._stop(program, number, stop) for number, stop in enumerate(_STOPS, 1)]
            program.go_on()
        self.terminal.write("")
        if self.predicted:
            self.terminal.say(f"Predictions right: {self.right} of {self.predicted}.")
        if not all(agreed):
            self.terminal.say("This kernel shares other pages than the lab's rules say.")
        self.terminal.say(
            "What nobody can write stays shared. What can be written is shared until somebody does, and only the "
            "pages that are written separate."
        )
        return all(agreed)

    def _stop(self, program: Program, number: int, stop: _Stop) -> bool:
        self.terminal.write("")
        self.terminal.say(f"{number}. {stop.does}")
        total = sum(pages for name, _, pages in program.sections if name in _WRITABLE)
        expected = None if stop.unshared is None else total if stop.unshared else 0
        question = f"Of the {total} pages of heap and stack, how many is the child alone with?"
        predicted = None if expected is None else self.terminal.ask(question)
        if number > 1:
            program.go_on()
        program.arrive()
        self.terminal.write(_ROW.format(*_HEADS))
        rows = {name: self._row(program, name, address, pages) for name, address, pages in program.sections}
        unshared = sum(rows[name][-1] or 0 for name in _WRITABLE)  # no child, none unshared
        if predicted is not None:
            self.predicted += 1
            self.right += predicted == unshared
            self.terminal.say(f"   Predicted {'right' if predicted == unshared else f'{predicted}; it is {unshared}'}.")
        self.terminal.say(f"   {stop.rule}")
        if expected is None:
            return True
        return unshared == expected and not any(row[-1] for name, row in rows.items() if name not in _WRITABLE)

    def _row(self, program: Program, name: str, address: int, pages: int) -> list[int | None]:
        """Print a section; return there and unshared, of parent and child."""
        found: list[int | None] = []
        for who in ("parent", "child"):
            if who not in program.pids:
                found += [None, None]
                continue
            seen = buffer_pages(program.pids[who], address, pages)
            if seen is None:
                raise InputError([_NOT_SHOWN])
            found += [seen.there, seen.not_shared]
        self.terminal.write(_ROW.format(name, pages, *("-" if number is None else number for number in found)))
        return found
