"""Turns what the host did into records of a replay, so that `grader show` draws it like the simulated machine.

A kernel shows an ordinary user which pages have a frame in common, but no frame numbers. So a page that is alone with
its frame is drawn with the frame that it had before, and a process that has just written gets the new one. Nor does a
kernel show which entries are write-protected. A private page that had a frame in common with others is drawn as
protected until its own process does more with it than read, for no kernel opens an entry before that.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.machine.entry import pack
from grader.machine.protection import Protection
from grader.scenario.model import Scenario, Step
from grader.scenario.place import parse_place
from grader.trace.records import StepRecord, Trace

from .replay import HostStep
from .sharing import Page

#: What a process can do with a page without making its entry writable.
_READS = ("read", "execute", "copy_from_user")

#: Stands for the page of zeros: a frame that is never allocated.
ZEROS = 0


class _Frames:
    """Gives groups of pages frame numbers, and keeps them from step to step."""

    def __init__(self) -> None:
        self.held: dict[Page, int] = {}
        self.last = ZEROS

    def follow(self, step: HostStep, actor: str) -> tuple[dict[Page, int], list[int]]:
        """Return page -> frame after a step, and the new frames."""
        groups: dict[object, list[Page]] = {}
        for page, label in step.frames.items():
            groups.setdefault(label, []).append(page)
        now: dict[Page, int] = {}
        new, taken = [], {ZEROS}
        # The actor's own pages last: who writes to a shared page gets the copy.
        for label, pages in sorted(groups.items(), key=lambda one: (all(p[0] == actor for p in one[1]), one[1])):
            old = next((self.held[p] for p in pages if self.held.get(p, ZEROS) not in taken), None)
            frame = ZEROS if label == ("zeros",) else old
            if frame is None:
                self.last += 1
                frame = self.last
                new.append(frame)
            taken.add(frame)
            now.update(dict.fromkeys(pages, frame))
        self.held = now
        return now, new


def host_trace(scenario: Scenario, steps: Sequence[HostStep], page_size: int) -> Trace:
    """Return the records of a run on the host; without copies, disk and frames in use by nobody, which do not show."""
    pids = {name: pid for pid, name in enumerate(scenario.processes, scenario.machine.first_pid)}
    frames = _Frames()
    tables: dict[int, dict[int, int]] = {pid: {} for pid in pids.values()}
    mappings: dict[str, tuple[int, int]] = {}
    protected: set[Page] = set()
    records = []
    for step, seen in zip(scenario.steps, steps, strict=True):
        forked = 0
        if step.verb == "fork" and seen.outcome == "ok":
            forked = pids[step.fields["child"]] = max(pids.values()) + 1
        if seen.mapped is not None:
            mappings[seen.mapped[0]] = seen.mapped[1:]
        before = frames.held
        held, new = frames.follow(seen, step.by)
        kept = {page for page in protected - _opened(step, mappings) if held.get(page) == before.get(page)}
        protected = {
            page for page in held if Protection.WRITE in seen.rights[page] and (page in kept or _shared(seen, page))
        }
        after: dict[int, dict[int, int]] = {pids[name]: {} for name in seen.present or ()}
        for (name, page), frame in held.items():
            after[pids[name]][page] = _entry(seen, (name, page), frame, (name, page) in protected)
        died = tuple(pid for pid in tables if pid not in after and pid != forked)
        records.append(
            StepRecord(
                step.number,
                seen.outcome,
                pids[step.by],
                seen.values,
                seen.faults or (0, 0),
                frames=len({frame for frame in held.values() if frame != ZEROS}),
                allocated=new,
                changes=_changes(tables, after),
                mapped=seen.mapped,
                forked=forked,
                died=died,
            )
        )
        tables = after
    return Trace(scenario.id, scenario.hash, page_size, pids, records, None)


def _opened(step: Step, mappings: dict[str, tuple[int, int]]) -> set[Page]:
    """Return the pages whose entries a step may make writable: those that its process does more with than read."""
    if "at" not in step.fields or step.verb in _READS:
        return set()
    place = parse_place(step.fields["at"])
    first, mapped = mappings.get(place.name, (0, 1))
    return {(step.by, first + index) for index in place.pages(mapped)}


def _shared(seen: HostStep, page: Page) -> bool:
    """Return True if a private page has a frame in common with others, or the page of zeros."""
    label = seen.frames[page]
    return isinstance(label, tuple) and label[0] in ("stamp", "zeros")


def _entry(seen: HostStep, page: Page, frame: int, protected: bool) -> int:
    rights = seen.rights[page]
    return pack(frame, rights & ~Protection.WRITE if protected else rights, cow=protected)


def _changes(before: dict[int, dict[int, int]], after: dict[int, dict[int, int]]) -> dict[int, dict[int, int]]:
    changes = {}
    for pid, table in after.items():
        old = before.get(pid, {})
        changed = {page: table.get(page, 0) for page in {*old, *table} if old.get(page, 0) != table.get(page, 0)}
        if changed:
            changes[pid] = changed
    return changes
