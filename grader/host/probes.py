"""A short self-test: which rules of Linux this kernel follows, and whether a replay works here at all.

Each probe is a small scenario on a machine with the Linux profile, and what it takes for a step of it to agree.
"""

from __future__ import annotations

import pathlib
import sys
from typing import NamedTuple

from grader.errors import InputError
from grader.scenario.loader import parse_scenario
from grader.scenario.model import Scenario

from .machine import HostMachine
from .measure import Sizes, measure
from .replay import HostReplay, unfit

#: The rules by which a read from disk brings several pages, and a fault maps several.
READ_AHEAD_RULE, WINDOW_RULES = 22, (19, 23)


class Probe(NamedTuple):
    """Rules, a scenario that shows them, and the faults (minor, major) of each step on a kernel that follows them."""

    rules: tuple[int, ...]
    text: str
    faults: tuple[tuple[int, int], ...]


_HEAD = "format: 1\ntitle: A probe\ntask: probe\nmachine: {profile: linux, frames: 128}\n"
_TOUCHED = "steps:\n  - mmap: {by: P, name: h, pages: 4%s}\n"

_PROBES = (
    Probe(
        (3,),
        "processes: [P]\n" + _TOUCHED % "" + "  - read: {by: P, at: h}\n  - write: {by: P, at: h, value: 1}\n",
        ((0, 0), (4, 0), (4, 0)),
    ),
    Probe(
        (14,),
        "processes: [P]\n"
        + _TOUCHED % ""
        + "  - read: {by: P, at: h}\n  - fork: {by: P, child: C}\n  - read: {by: C, at: h}\n",
        ((0, 0), (4, 0), (0, 0), (4, 0)),
    ),
    Probe(
        (17, 19),
        "processes: [P]\n"
        + _TOUCHED % ", shared: true"
        + "  - write: {by: P, at: h, value: 1}\n  - fork: {by: P, child: C}\n  - read: {by: C, at: h}\n",
        ((0, 0), (4, 0), (0, 0), (1, 0)),
    ),
    Probe(
        (22, 23),
        "files: {f: {pages: 4}}\nprocesses: [P]\n"
        + _TOUCHED % ", file: f, protection: r--"
        + "  - read: {by: P, at: h}\n",
        ((0, 0), (0, 1)),
    ),
    Probe(
        (44,),
        "files: {f: {pages: 4}}\nprocesses: [P]\n"
        + _TOUCHED % ", file: f, protection: r--"
        + "  - read: {by: P, at: h}\n  - munmap: {by: P, at: h}\n"
        "  - mmap: {by: P, name: g, pages: 4, file: f, protection: r--}\n  - read: {by: P, at: g}\n",
        ((0, 0), (0, 1), (0, 0), (0, 0), (1, 0)),
    ),
    Probe(
        (26, 48),
        "files: {f: {pages: 1, cached: true}}\nprocesses: [P]\n"
        "steps:\n  - mmap: {by: P, name: h, pages: 1, file: f, shared: true}\n"
        "  - read: {by: P, at: h}\n  - write: {by: P, at: h, value: 1}\n"
        "  - mprotect: {by: P, at: h, protection: r--}\n  - mprotect: {by: P, at: h, protection: rw-}\n"
        "  - write: {by: P, at: h, value: 2}\n",
        ((0, 0), (1, 0), (1, 0), (0, 0), (0, 0), (0, 0)),
    ),
    Probe(
        (30,),
        "processes: [P]\n"
        + _TOUCHED % ""
        + "  - write: {by: P, at: h, value: 1}\n  - mprotect: {by: P, at: h, protection: r--}\n"
        "  - mprotect: {by: P, at: h, protection: rw-}\n  - write: {by: P, at: h, value: 2}\n",
        ((0, 0), (4, 0), (0, 0), (0, 0), (0, 0)),
    ),
    Probe(
        (47,),
        "processes: [P]\n" + _TOUCHED % "" + '  - execute: {by: P, at: "h[0]", survives: true}\n',
        ((0, 0), (1, 0)),
    ),
)


#: Rules that show only with files on a disk.
OF_DISKS = (22, 23, 26, 44, 48)


class Findings(NamedTuple):
    """Holds what the self-test found.

    follows    rules that this kernel follows; breaks: those that it does not
    looks      whether the kernel lets us see which pages are present and shared
    populates  whether it has MADV_POPULATE
    sizes      of this machine
    """

    follows: tuple[int, ...]
    breaks: tuple[int, ...]
    looks: bool
    populates: bool
    sizes: Sizes

    @property
    def on_disk(self) -> bool:
        """Return True if there is a disk for the files of scenarios."""
        return self.sizes.read_ahead is not None

    def unfit(self, scenario: Scenario) -> str:
        """Return why a scenario cannot be replayed here; "" if it can."""
        return unfit(scenario, self.on_disk, self.populates)

    def with_sizes_of(self, model: Sizes) -> Findings:
        """Return the findings where the model has other sizes, as a released one does: rules that then show otherwise
        count as not followed. More pages read at once than in the model make no difference in public scenarios.
        """
        breaks = set(self.breaks)
        if model.read_ahead and self.sizes.read_ahead and self.sizes.read_ahead < model.read_ahead:
            breaks.add(READ_AHEAD_RULE)
        if self.sizes.window != model.window:
            breaks.update(WINDOW_RULES)
        return self._replace(breaks=tuple(sorted(breaks)))


def missing() -> str:
    """Return why no scenario can be replayed here, and what would work; "" if one can."""
    if not sys.platform.startswith("linux"):
        return "this system is not Linux; a virtual machine, a Linux container or WSL 2 would work"
    if not pathlib.Path("/proc/self/maps").exists():
        return "/proc is not mounted; mount it, or use a container that has it"
    if sys.maxsize < 1 << 32:
        return "this Python is a 32-bit program; a 64-bit one would work"
    return ""


def probe(host: HostMachine) -> Findings:
    """Run the self-test. InputError where page faults are not counted, so that there is nothing to compare."""
    follows: list[int] = []
    breaks: list[int] = []
    counted = False
    for one in _PROBES:
        steps, _ = HostReplay(host, _scenario(one)).run()
        seen = [step.faults for step in steps]
        agrees = all(a is None or a == b for a, b in zip(seen, one.faults, strict=True))
        (follows if agrees else breaks).extend(one.rules)
        counted = counted or any(any(faults) for faults in seen if faults)
    if not counted:
        raise InputError(
            ["not here: this system counts no page faults, as gVisor and WSL 1; a virtual machine or WSL 2 would work"]
        )
    return Findings(tuple(sorted(follows)), tuple(sorted(breaks)), host.looks, host.populates, measure(host))


def _scenario(one: Probe) -> Scenario:
    return parse_scenario(_HEAD + one.text, "probe")
