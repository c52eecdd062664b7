"""A plain simulated machine, as a course would write one for its fork lab: no log, no audit, no grader.

python benchmarks/peers_plain.py LAB KERNEL CLASS

It reads a lab's scenarios, replays them on the kernel, and prints the accesses and the faults. Kernels know it as
`grader.machine`, so that the same file runs here and in the grader. peers.py compares the two.
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

FIRST_PAGE = 16


class SegmentationFault(Exception):
    """An access that no region allows."""


class Protection(int):
    """Rights, as a sum: 1 read, 2 write."""

    READ: Protection
    WRITE: Protection

    def __and__(self, other: int) -> Protection:
        return Protection(int(self) & other)

    def allows(self, access: int) -> bool:
        return bool(int(self) & access)


Protection.READ, Protection.WRITE = Protection(1), Protection(2)
_BOTH = Protection(3)


class Region(NamedTuple):
    """Pages that a process may use, and how."""

    first_page: int
    pages: int
    protection: Protection


class RegionMap:
    """The regions of a process."""

    def __init__(self, regions: list[Region] | None = None) -> None:
        self._regions = regions or []

    def insert(self, region: Region) -> None:
        self._regions.append(region)

    def find(self, page: int) -> Region | None:
        for region in self._regions:
            if region.first_page <= page < region.first_page + region.pages:
                return region
        return None

    def copy(self) -> RegionMap:
        return RegionMap(list(self._regions))


class PageFault(NamedTuple):
    """An access that the page table refused."""

    address: int
    access: int


class Entry:
    """A page table entry."""

    __slots__ = ("cow", "frame", "protection")

    def __init__(self, frame: int, protection: Protection, cow: bool) -> None:
        self.frame = frame
        self.protection = protection
        self.cow = cow


class PageTable:
    """Page -> entry."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.get = self.entries.get

    def map(self, page: int, frame: int, protection: Protection, cow: bool = False) -> None:
        self.entries[page] = Entry(frame, protection, cow)

    def protect(self, page: int, protection: Protection, cow: bool) -> None:
        entry = self.entries[page]
        entry.protection, entry.cow = protection, cow

    def unmap(self, page: int) -> None:
        del self.entries[page]

    def pages(self) -> list[int]:
        return sorted(self.entries)


class Process:
    """A process: its page table, and where its next region begins."""

    def __init__(self, next_page: int = FIRST_PAGE) -> None:
        self.page_table = PageTable()
        self.next_page = next_page


class Frames:
    """The frames, with the byte that each holds."""

    def __init__(self, count: int) -> None:
        self.free_frames = list(range(count - 1, -1, -1))
        self.bytes = [0xAA] * count

    def allocate(self) -> int:
        return self.free_frames.pop()

    def free(self, frame: int) -> None:
        self.free_frames.append(frame)

    def zero(self, frame: int) -> None:
        self.bytes[frame] = 0

    def copy(self, source: int, target: int) -> None:
        self.bytes[target] = self.bytes[source]


class Hardware:
    """What a kernel may use."""

    def __init__(self, frames: int, page_size: int) -> None:
        self.frames = Frames(frames)
        self.page_size = page_size

    def page_of(self, address: int) -> int:
        return address // self.page_size


class Kernel:
    """The base of kernels."""

    def __init__(self, hw: Hardware) -> None:
        self.hw = hw


class Machine:
    """Carries out the steps of one scenario, and counts."""

    def __init__(self, scenario: dict[str, Any], kernel_class: Any) -> None:
        self.hw = Hardware(scenario["machine"]["frames"], scenario["machine"]["page_size"])
        self.kernel = kernel_class(self.hw)
        self.processes = {name: Process() for name in scenario["processes"]}
        self.names: dict[str, Region] = {}
        self.accesses = self.faults = 0

    def step(self, verb: str, by: str, fields: dict[str, Any]) -> None:
        process = self.processes[by]
        before = self.faults
        if verb == "mmap":
            region = Region(process.next_page, fields["pages"], _BOTH)
            process.next_page += fields["pages"] + 1
            self.names[fields["name"]] = region
            self.kernel.mmap(process, region)
        elif verb == "fork":
            child = self.processes[fields["child"]] = Process(process.next_page)
            self.kernel.fork(process, child)
        elif verb == "exit":
            self.kernel.exit(self.processes.pop(by))
        elif verb == "write":
            self.write(process, self.pages(fields["at"]), fields["value"])
        else:
            self.read(process, self.pages(fields["at"]), fields["expect"]["value"])
        expected = fields.get("expect", {}).get("faults", self.faults - before)
        assert self.faults - before == expected, (verb, fields, self.faults - before)

    def pages(self, place: str) -> range:
        name, first, last = re.fullmatch(r"(\w+)(?:\[(\d+):(\d+)\])?", place).groups()  # type: ignore[union-attr]
        region = self.names[name]
        start = region.first_page
        return range(start + int(first or 0), start + (int(last) if last else region.pages))

    def write(self, process: Process, pages: range, value: int) -> None:
        for page in pages:
            self.hw.frames.bytes[self.translated(process, page, Protection.WRITE).frame] = value

    def read(self, process: Process, pages: range, value: int) -> None:
        for page in pages:
            assert self.hw.frames.bytes[self.translated(process, page, Protection.READ).frame] == value

    def translated(self, process: Process, page: int, access: Protection) -> Entry:
        """Return the entry of a page, after as many faults as it takes."""
        self.accesses += 1
        while True:
            entry = process.page_table.get(page)
            if entry is not None and entry.protection.allows(access):
                return entry
            self.faults += 1
            self.kernel.page_fault(process, PageFault(page * self.hw.page_size, access))


def scripts(lab: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Yield the scenarios of a lab."""
    for file in sorted((lab / "scenarios").glob("*.yaml")):
        yield yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def main() -> None:
    lab, kernel, name = sys.argv[1:4]
    sys.modules["grader"] = sys.modules["grader.machine"] = sys.modules["__main__"]
    own: dict[str, Any] = {"__name__": "kernel"}
    exec(compile(pathlib.Path(kernel).read_text(encoding="utf-8"), kernel, "exec"), own)
    accesses = faults = 0
    for scenario in scripts(pathlib.Path(lab)):
        machine = Machine(scenario, own[name])
        for step in scenario["steps"]:
            ((verb, fields),) = step.items()
            machine.step(verb, fields["by"], fields)
        for process in machine.processes.values():
            machine.kernel.exit(process)
        accesses, faults = accesses + machine.accesses, faults + machine.faults
    print(accesses, faults)


if __name__ == "__main__":
    main()
