"""`grader practice NAME`: watch a real program fault on this machine's own kernel, stop by stop."""

from __future__ import annotations

import argparse
import sys

from grader.cli.streams import answer
from grader.errors import InputError, did_you_mean
from grader.escape import printable
from grader.lab.lab import load_lab
from grader.lab.lookup import find_named
from grader.practice.practices import PRACTICES

#: The practice that has a guide of its own, about sections and not about faults, and its lab.
SECTIONS, SECTIONS_LAB = "sections", "copy-on-write"
NAMES = (*PRACTICES, SECTIONS)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=f"the practice: {', '.join(NAMES)}")
    parser.add_argument("--no-input", action="store_true", help="ask nothing; for demonstrations and CI")
    parser.add_argument("--alive", action="store_true", help="let the parent write while its child is still alive")


def run(options: argparse.Namespace) -> int:
    practice = PRACTICES.get(options.name)
    if practice is None and options.name != SECTIONS:
        near = did_you_mean(options.name, NAMES) or f"expected {', '.join(NAMES)}"
        raise InputError([f"unknown practice {options.name!r}; {near}"])
    if not sys.platform.startswith("linux"):
        problem = "practices look at a Linux kernel's own counts, and this is not Linux"
        raise InputError([f"not here: {problem}; a virtual machine, a Linux container or WSL 2 would work"])
    from grader.practice.guide import Guide
    from grader.practice.terminal import Terminal

    name = SECTIONS_LAB if practice is None else practice.lab
    lab = load_lab(find_named(name))
    terminal = Terminal(_write, None if options.no_input else answer)
    try:
        if practice is None:
            from grader.practice.sections_guide import SectionsGuide

            if options.alive:
                raise InputError(["--alive belongs to the other practices; in this one, the child exits at the end"])
            return 0 if SectionsGuide(lab, terminal).run() else 1
        return 0 if Guide(practice, lab, terminal, options.alive).run() else 1
    except EOFError:
        raise InputError(["the input has ended before the practice did; --no-input asks nothing"]) from None


def _write(line: str) -> None:
    print(printable(line, limit=None), flush=True)
