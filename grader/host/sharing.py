"""Sees which pages of a replay are present, and which of them share a frame, without frame numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from grader.machine.protection import Protection
from grader.machine.region import Region, RegionMap

from .machine import HostMachine, PageSeen

#: (name of a process, page)
Page = tuple[str, int]


class Seen(NamedTuple):
    """Holds what can be seen after a step.

    present  process -> its pages that are present; None where the kernel does not show them
    frames   page of a process -> what tells its frame from others, of the pages that are present
    rights   page of a process -> what its mapping allows, of the pages that are present
    """

    present: dict[str, set[int]] | None
    frames: dict[Page, object]
    rights: dict[Page, Protection]


class Sharing:
    """Looks at the pages of a replay after each step.

    A page that only one process maps shares its frame with none. A page of a file or of shared memory is known by its
    index. Of the others, those with the same stamp share a frame; a stamp is a number that is used once, and that a
    write leaves in the page.

    regions  of each process, which the replay keeps up to date; numbers: of the processes, for the agent
    """

    def __init__(self, host: HostMachine, numbers: Mapping[str, int], regions: Mapping[str, RegionMap]) -> None:
        self.host, self.numbers, self.regions = host, numbers, regions
        self._own: set[Page] = set()  # after the last step: pages of private memory that one process alone maps
        self._next_stamp = 1  # the page of zeros has none

    def stamps(self, count: int) -> int:
        """Return the first of as many unused stamps."""
        first = self._next_stamp
        self._next_stamp += count
        return first

    def look(self, alive: Collection[str]) -> Seen:
        """Return what can be seen of the processes that are alive."""
        present: dict[str, set[int]] = {name: set() for name in alive}
        frames: dict[Page, object] = {}
        rights: dict[Page, Protection] = {}
        self._own.clear()
        for name in alive:
            for region in self.regions[name]:
                seen = self.host.pages(self.numbers[name], region.first_page, region.pages)
                if seen is None:
                    return Seen(None, {}, {})
                present[name].update(seen)
                frames.update(self._frames(name, region, seen))
                rights.update(((name, page), region.protection) for page in seen)
        return Seen(present, frames, rights)

    def _frames(self, name: str, region: Region, seen: dict[int, PageSeen]) -> dict[Page, object]:
        found: dict[Page, object] = {}
        asked = []
        for page, look in seen.items():
            if look.of_object:
                found[name, page] = ("object", region.file, page - region.first_page + region.offset)
            elif look.own:
                found[name, page] = ("own", name, page)
                self._own.add((name, page))
            else:
                asked.append(page)
        for page, stamp in self.host.stamps(self.numbers[name], asked).items() if asked else ():
            found[name, page] = ("stamp", stamp) if stamp else ("zeros",)
        return found

    def mapped(self, name: str, first: int, count: int) -> None:
        """Note that pages are new ones, whatever was there before."""
        self._own.difference_update((name, page) for page in range(first, first + count))

    def populated(self, name: str, first: int, count: int) -> None:
        """Stamp the pages that this step made the process's own without a write by the agent.

        Without a stamp they would be taken for the page of zeros, or for the pages that they are copies of.
        """
        seen = self.host.pages(self.numbers[name], first, count) if count > 0 else None
        for page, look in (seen or {}).items():
            if look.own and (name, page) not in self._own and self._may_write(name, page):
                self.host.stamp(self.numbers[name], page, self.stamps(1))

    def _may_write(self, name: str, page: int) -> bool:
        region = self.regions[name].find(page)
        return region is not None and not region.shared and Protection.WRITE in region.protection
