"""Defines the small worlds of a lab: what `grader verify` explores completely.

A world says what exists (mappings, processes, frames) and what may happen (verbs, failures). `scope` in lab.yaml names
worlds; a lab without that field has one world, made from what its scenarios use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from grader.formats.yaml_reader import Block, Items
from grader.lab.fields import VERBS
from grader.machine.outcome import FileSpec
from grader.scenario.loader import scenario_of
from grader.scenario.model import FORMAT, Fields, MachineSpec, Scenario

#: The process of a world that no lab.yaml names.
FIRST = "P"


class Mapped(NamedTuple):
    """A mapping that exists from the beginning: the process that has it, and the fields of the mmap call."""

    by: str
    fields: Fields


class World(NamedTuple):
    """A small world.

    mappings     what is mapped when a scenario begins; the processes that have mappings exist from the beginning
    processes    processes alive at the same time, at most
    verbs        what may happen, of VERBS; mmap maps a mapping again at its old place
    protections  what mprotect asks for
    failures     calls of which one may fail in a step, of fields.FAILURES
    bytes        bytes per page that are accessed
    past_end     whether the page after each mapping is accessed, too
    """

    name: str
    mappings: tuple[Mapped, ...]
    processes: int = 2
    verbs: tuple[str, ...] = ("read", "write", "munmap", "fork", "exit")
    protections: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    bytes: int = 1
    past_end: bool = False
    machine: MachineSpec = MachineSpec()
    files: tuple[FileSpec, ...] = ()

    @property
    def pages(self) -> int:
        """Return the number of pages of all mappings together."""
        return sum(mapping.fields["pages"] for mapping in self.mappings)

    @property
    def started(self) -> tuple[str, ...]:
        """Return the processes that exist from the beginning."""
        return tuple(dict.fromkeys(mapping.by for mapping in self.mappings))

    @property
    def summary(self) -> str:
        """Return the world in words."""
        parts = [_count(self.pages, "page"), _count(self.processes, "process", "es"), ", ".join(self.verbs)]
        if self.failures:
            parts.append(f"a failure of {' or '.join(self.failures).replace('-', ' ')}")
        if self.bytes > 1:
            parts.append(f"{self.bytes} bytes of each page")
        if self.past_end:
            parts.append("accesses past the end")
        changed = {k: v for k, v in self.machine._asdict().items() if v != getattr(MachineSpec(), k)}
        machine = [k if v is True else f"{k} {v}" for k, v in changed.items()]
        return "; ".join([*parts, *machine])


def _count(number: int, what: str, ending: str = "s") -> str:
    return f"{number} {what}{ending if number != 1 else ''}"


def read_world(given: Block, shown: str) -> World:
    """Return a world of lab.yaml, whose own fields have been checked. FormatError if what it begins with is wrong.

    Machine, files and mappings are the beginning of a scenario, and are checked as one.
    """
    line = given.line
    beginning = Block(line)
    steps = Items(line)
    for mapping, mapping_line in zip(given["mappings"], given["mappings"].lines, strict=True):
        step = Block(mapping_line)
        step["mmap"] = mapping
        step.lines["mmap"] = mapping_line
        steps.append(step)
        steps.lines.append(mapping_line)
    processes = Items(line)
    processes += dict.fromkeys(m["by"] for m in given["mappings"] if isinstance(m, Block) and "by" in m)
    processes.lines += [line] * len(processes)
    fields = {"format": FORMAT, "title": given["name"], "task": given["name"], "processes": processes, "steps": steps}
    fields.update({name: given[name] for name in ("machine", "files") if name in given})
    for name, value in fields.items():
        beginning[name] = value
        beginning.lines[name] = given.lines.get(name, line)
    scenario = scenario_of(beginning, given["name"], shown)
    world = World(given["name"], tuple(Mapped(step.by, step.fields) for step in scenario.steps))
    return world._replace(
        processes=given.get("processes", world.processes),
        verbs=tuple(verb for verb in VERBS if verb in given.get("verbs", world.verbs)),
        protections=tuple(given.get("protections", ())),
        failures=tuple(given.get("failures", ())),
        bytes=given.get("bytes", 1),
        past_end=given.get("past_end", False),
        machine=scenario.machine,
        files=scenario.files,
    )


def default_world(scenarios: Iterable[Scenario]) -> World:
    """Return the world of a lab that names none: one page, and the verbs that its public scenarios use."""
    used = {step.verb for scenario in scenarios for step in scenario.steps}
    verbs = tuple(verb for verb in VERBS if verb in used - {"mmap", "mprotect", "execute"})
    return World("one-page", (Mapped(FIRST, Fields(name="h", pages=1)),), 2 if "fork" in used else 1, verbs)
