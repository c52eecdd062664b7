"""Defines a scenario that has been read: typed, checked, and independent of YAML.

`FIELDS` is the one source of the format: the loader checks files against it, and the JSON Schema that editors use is
generated from it (schema.py). A Scenario can also be built in code and written back as YAML (writer.py).
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from grader.formats.fields import (
    BOOLEAN,
    WHOLE_NUMBER,
    Kind,
    Table,
    choice,
    number_above,
    optional,
    required,
    text,
    version,
    whole_number,
)
from grader.machine.outcome import FileSpec

from .kinds import (
    BYTE,
    BYTES,
    COUNT,
    COUNT_PER_PROCESS,
    FAILURE,
    FILE_BYTES,
    NAME,
    OPERATION,
    OUTCOME,
    OWNED_FLAGS,
    OWNED_GROUPS,
    OWNED_PLACES,
    PAGES,
    PLACE,
    PROTECTION,
    STEPS,
    TIMES,
    TRUE,
    WHOLE_PLACE,
)

FORMAT = 1

#: Whose rules a machine follows where Linux differs from the contract.
TEXTBOOK, LINUX = "textbook", "linux"
PROFILES = (TEXTBOOK, LINUX)

#: What madvise can be asked for.
ADVICE = ("dontneed", "populate_read", "populate_write", "wipeonfork", "dontfork", "pageout")

#: Unrolled steps a scenario may have.
STEP_LIMIT = 10_000


_BY = required(NAME, "the process that acts")
_SURVIVES = optional(TRUE, "a handler catches the SIGSEGV that this access ends in (Linux profile)")

EXPECT: Table = {
    "outcome": optional(OUTCOME, "how the step ends"),
    "value": optional(BYTE, "every byte read has this value"),
    "values": optional(BYTES, "the bytes read, one per page"),
    "faults": optional(COUNT_PER_PROCESS, "page faults of this step, minor and major"),
    "major": optional(COUNT_PER_PROCESS, "major page faults of this step"),
    "copies": optional(COUNT, "frames copied in this step"),
    "reads": optional(COUNT, "pages read from disk in this step"),
    "writes": optional(COUNT, "pages written to disk in this step"),
    "frames": optional(COUNT, "frames in use after the step"),
    "slots": optional(COUNT, "swap slots in use after the step"),
    "shared": optional(OWNED_GROUPS, "each list: all the pages that map one frame"),
    "present": optional(OWNED_FLAGS, "whether pages have an entry"),
    "writable": optional(OWNED_FLAGS, "whether entries allow writing"),
    "kept": optional(OWNED_PLACES, "pages that map the same frame as before the step"),
    "file": optional(FILE_BYTES, "byte 0 of pages on disk"),
}

_PLAIN_VERBS: dict[str, Table] = {
    "mmap": {
        "by": _BY,
        "name": required(NAME, "what the scenario calls the mapping"),
        "pages": required(PAGES, "its length"),
        "protection": optional(PROTECTION, "rw- unless given"),
        "shared": optional(BOOLEAN, "MAP_SHARED instead of MAP_PRIVATE"),
        "file": optional(NAME, "the file it shows; anonymous unless given"),
        "offset": optional(COUNT, "first page of the file"),
        "at": optional(WHOLE_PLACE, "where; the machine picks the place unless given"),
        "fixed": optional(TRUE, "MAP_FIXED: replaces what is there (Linux profile)"),
        "populate": optional(TRUE, "MAP_POPULATE: touches every page at once (Linux profile)"),
    },
    "munmap": {"by": _BY, "at": required(WHOLE_PLACE, "pages to unmap")},
    "mprotect": {
        "by": _BY,
        "at": required(WHOLE_PLACE, "pages to protect"),
        "protection": required(PROTECTION, "their new protection"),
    },
    "read": {"by": _BY, "at": required(PLACE, "what to read, one byte per page"), "survives": _SURVIVES},
    "execute": {"by": _BY, "at": required(PLACE, "what to execute, one byte per page"), "survives": _SURVIVES},
    "write": {
        "by": _BY,
        "at": required(PLACE, "what to write, one byte per page"),
        "value": optional(BYTE, "the byte for every page"),
        "values": optional(BYTES, "a byte for each page"),
        "survives": _SURVIVES,
    },
    "fork": {"by": _BY, "child": required(NAME, "what the scenario calls the new process")},
    "exit": {"by": _BY},
    "copy_to_user": {
        "by": _BY,
        "at": required(PLACE, "user memory that the kernel writes"),
        "value": required(BYTE, "the byte for every page"),
    },
    "copy_from_user": {"by": _BY, "at": required(PLACE, "user memory that the kernel reads")},
    "madvise": {
        "by": _BY,
        "at": required(WHOLE_PLACE, "pages that the advice is about"),
        "advice": required(choice(ADVICE), "what to do with them"),
    },
    "mremap": {
        "by": _BY,
        "at": required(WHOLE_PLACE, "pages to move; they must lie in one mapping"),
        "name": required(NAME, "what the scenario calls the moved mapping"),
        "pages": optional(PAGES, "its new length; as before unless given"),
    },
    "mlock": {"by": _BY, "at": required(WHOLE_PLACE, "pages to bring into memory and keep there")},
}

#: What only machines with the Linux profile model: verbs, and fields of verbs and files.
LINUX_VERBS = ("madvise", "mremap", "mlock")
LINUX_FIELDS = ("fixed", "populate", "survives", "cached")

#: verb -> field -> what it takes. `repeat` is unrolled by the loader; a Step never has it.
FIELDS: dict[str, Table] = {
    verb: {**fields, "expect": optional(Kind("a mapping", {}), "what the handout promises")}
    for verb, fields in _PLAIN_VERBS.items()
}
FIELDS["fail"] = {
    "operation": required(OPERATION, "allocate, or map (a new entry)"),
    "after": required(FAILURE, "that many more succeed, then one fails; `each`: every failure point in turn"),
}
FIELDS["repeat"] = {
    "times": required(TIMES, "how often; {i} in strings counts from 0"),
    "steps": required(STEPS, "what to repeat"),
}

MACHINE: Table = {
    "frames": optional(whole_number(1, 1 << 20), "page frames of memory"),
    "page_size": optional(whole_number(1, 1 << 16), "bytes per page"),
    "swap": optional(whole_number(0, 1 << 20), "swap slots"),
    "tlb": optional(BOOLEAN, "whether there is a TLB"),
    "zero_page": optional(BOOLEAN, "whether there is a shared zero frame"),
    "max_processes": optional(whole_number(1, 1024), "processes alive at once"),
    "allocation": optional(choice(("lowest", "stride", "random")), "order of fresh frames"),
    "seed": optional(WHOLE_NUMBER, "of the order `random`"),
    "replacement": optional(choice(("fifo", "clock")), "which page leaves first"),
    "first_pid": optional(whole_number(1, 1 << 16), "number of the first process"),
    "first_page": optional(whole_number(1, 1 << 20), "page of a process's first mapping"),
    "profile": optional(choice(PROFILES), "whose rules the machine follows; textbook unless given"),
}

FILE: Table = {
    "pages": required(whole_number(1, 1 << 16), "its length"),
    "contents": optional(BYTES, "the byte that fills each page; 1, 2, 3 … unless given"),
    "writable": optional(BOOLEAN, "false: opened read-only"),
    "cached": optional(BOOLEAN, "true: in the page cache from the start (Linux profile)"),
}

TOP: Table = {
    "format": required(version(FORMAT), "version of this format"),
    "title": required(text("a sentence that can be false"), "what should hold"),
    "task": required(text("the id of a task in lab.yaml"), "a task of lab.yaml"),
    "machine": optional(Kind("a mapping", {}), "the hardware"),
    "files": optional(Kind("a mapping of names to files", {}), "the disk"),
    "processes": required(Kind("a list of names", {}), "the processes at the start"),
    "steps": required(STEPS, "what happens"),
    "hint": optional(text("a question that leads on"), "shown on request"),
    "weight": optional(number_above(0, 1000), "share of the task's points; 1 unless given"),
}


class MachineSpec(NamedTuple):
    """The hardware that a scenario runs on. Frames, slots and processes are counts; `page_size` is in bytes."""

    frames: int = 16
    page_size: int = 8
    swap: int = 0
    tlb: bool = False
    zero_page: bool = False
    max_processes: int = 64
    allocation: str = "lowest"
    seed: int = 0
    replacement: str = "fifo"
    first_pid: int = 1
    first_page: int = 16
    profile: str = TEXTBOOK


class Fields(TypedDict, total=False):
    """The fields of a step's verb, as in the tables above, without `by`. Places and protections are text."""

    name: str
    pages: int
    protection: str
    shared: bool
    file: str
    offset: int
    at: str
    value: int
    values: list[int]
    child: str
    fixed: bool
    populate: bool
    survives: bool
    advice: str
    operation: str
    after: int | str


class Expect(TypedDict, total=False):
    """The expectations of a step, as in the table EXPECT."""

    outcome: str
    value: int
    values: list[int]
    faults: int | dict[str, int]
    major: int | dict[str, int]
    copies: int
    reads: int
    writes: int
    frames: int
    slots: int
    shared: list[list[str]]
    present: dict[str, bool]
    writable: dict[str, bool]
    kept: list[str]
    file: dict[str, int]


class PlainScenario(TypedDict, total=False):
    """A scenario as plain JSON values; fields at their default are left out."""

    format: int
    title: str
    task: str
    machine: dict[str, int | bool | str]
    files: dict[str, dict[str, object]]
    processes: list[str]
    steps: list[dict[str, dict[str, object]]]
    hint: str
    weight: float


class Step(NamedTuple):
    """One step: the verb, its fields as plain values (places and protections as text), and what is expected.

    number  from 1, after `repeat` is unrolled
    by      the process that acts; "" for `fail`
    line    of the file that it was read from; 0 if built in code
    """

    number: int
    verb: str
    by: str
    fields: Fields
    expect: Expect
    line: int = 0


class Scenario(NamedTuple):
    """A script of steps on a machine. `id` is the file's stem; `path` is for messages and may be empty."""

    id: str
    title: str
    task: str
    machine: MachineSpec
    files: tuple[FileSpec, ...]
    processes: tuple[str, ...]
    steps: tuple[Step, ...]
    hint: str = ""
    weight: float = 1
    path: str = ""

    @property
    def each(self) -> Step | None:
        """Return the step that asks for every failure point in turn, or None."""
        for step in self.steps:
            if step.fields.get("after") == "each":
                return step
        return None

    def at_failure_point(self, point: int) -> Scenario:
        """Return the scenario in which `after: each` is `after: point`."""
        each = self.each
        if each is None:
            return self
        step = each._replace(fields={**each.fields, "after": point})
        return self._replace(steps=(*self.steps[: step.number - 1], step, *self.steps[step.number :]))

    def plain(self) -> PlainScenario:
        """Return the scenario as plain JSON values without defaults: the basis of its hash and its YAML."""
        defaults = MachineSpec()
        machine = {k: v for k, v in self.machine._asdict().items() if v != getattr(defaults, k)}
        # Fields stand in the order in which a file has them.
        plain: PlainScenario = {"format": FORMAT, "title": self.title, "task": self.task}
        if machine:
            plain["machine"] = machine
        if self.files:
            plain["files"] = {file.name: _plain_file(file) for file in self.files}
        plain["processes"] = list(self.processes)
        plain["steps"] = [{step.verb: _plain_step(step)} for step in self.steps]
        if self.hint:
            plain["hint"] = self.hint
        if self.weight != 1:
            plain["weight"] = self.weight
        return plain

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the scenario's meaning: comments and layout of its file do not count."""
        import hashlib
        import json

        text = json.dumps(self.plain(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain_file(file: FileSpec) -> dict[str, object]:
    plain: dict[str, object] = {"pages": file.pages, "contents": list(file.contents), "writable": file.writable}
    return {**plain, "cached": True} if file.cached else plain


def _plain_step(step: Step) -> dict[str, object]:
    plain: dict[str, object] = {"by": step.by} if step.by else {}
    plain.update(step.fields)
    if step.expect:
        plain["expect"] = step.expect
    return plain
