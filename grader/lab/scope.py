"""Defines the small worlds of a lab: what `grader verify` explores completely.

A world says what exists (mappings, processes, frames) and what may happen (verbs, failures). `scope` in lab.yaml names
worlds; a lab without that field has one world, made from what its scenarios use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from grader.machine.outcome import FileSpec
from grader.scenario.model import Fields, MachineSpec, Scenario

#: Verbs that a world may have, in the order in which they are tried.
VERBS = (
    "read",
    "write",
    "execute",
    "copy_to_user",
    "copy_from_user",
    "mmap",
    "munmap",
    "mprotect",
    "fork",
    "exit",
)

#: The process that has a mapping unless lab.yaml names another.
FIRST = "P"

#: Calls that a world can let fail.
FAILURES = ("allocate", "map")


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
    failures     calls of which one may fail in a step, of FAILURES
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
            parts.append(f"a failure of {' or '.join(self.failures)}")
        if self.bytes > 1:
            parts.append(f"{self.bytes} bytes of each page")
        if self.past_end:
            parts.append("accesses past the end")
        machine = [f"{k} {v}" for k, v in self.machine._asdict().items() if v != getattr(MachineSpec(), k)]
        return "; ".join([*parts, *machine])


def _count(number: int, what: str, ending: str = "s") -> str:
    return f"{number} {what}{ending if number != 1 else ''}"


def read_world(item: dict[str, Any]) -> World:
    """Return a world of lab.yaml, whose fields have been checked."""
    world = World(item["name"], tuple(_mapped(given) for given in item["mappings"]))
    machine = MachineSpec()._replace(**item.get("machine", {}))
    files = tuple(
        FileSpec(
            name, file["pages"], tuple(file.get("contents", range(1, file["pages"] + 1))), file.get("writable", True)
        )
        for name, file in item.get("files", {}).items()
    )
    return world._replace(
        processes=item.get("processes", world.processes),
        verbs=tuple(verb for verb in VERBS if verb in item.get("verbs", world.verbs)),
        protections=tuple(item.get("protections", ())),
        failures=tuple(item.get("failures", ())),
        bytes=item.get("bytes", 1),
        past_end=item.get("past_end", False),
        machine=machine,
        files=files,
    )


def _mapped(given: dict[str, Any]) -> Mapped:
    fields: Any = {name: value for name, value in given.items() if name != "by"}
    return Mapped(given.get("by", FIRST), fields)


def default_world(scenarios: Iterable[Scenario]) -> World:
    """Return the world of a lab that names none: one page, and the verbs that its public scenarios use."""
    used = {step.verb for scenario in scenarios for step in scenario.steps}
    verbs = tuple(verb for verb in VERBS if verb in used - {"mmap", "mprotect", "execute"})
    return World("one-page", (Mapped(FIRST, Fields(name="h", pages=1)),), 2 if "fork" in used else 1, verbs)
