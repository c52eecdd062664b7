"""Loads scenario files, strictly: every error names the place and the way out.

`load_scenario` reads one file. The checks here need only the file: fields and their kinds, processes and mappings that
are named before they exist, and pages outside every region where that is not intended. `grader record` checks whether
the reference agrees with what is expected.
"""

from __future__ import annotations

import pathlib

from grader.errors import FormatError
from grader.formats.checking import check_fields, guess, listed, shown
from grader.formats.yaml_reader import Block, Items, plain_value, read_yaml
from grader.machine.outcome import FileSpec

from .model import (
    EXPECT,
    FIELDS,
    FILE,
    LINUX,
    LINUX_FIELDS,
    LINUX_VERBS,
    MACHINE,
    STEP_LIMIT,
    TOP,
    MachineSpec,
    Scenario,
    Step,
)
from .place import parse_owned_place, parse_place


def load_scenario(path: str | pathlib.Path) -> Scenario:
    """Read one scenario file. FormatError if anything in it is wrong; OSError if it cannot be read."""
    path = pathlib.Path(path)
    return parse_scenario(path.read_bytes(), path.stem, path.name)


def parse_scenario(text: str | bytes, id: str, name: str = "scenario", *, limit: int = STEP_LIMIT) -> Scenario:
    """Return the scenario that YAML text describes; `name` stands for the file in messages.

    limit  steps that it may have; an untrusted file is refused at that step, before more of it is unrolled
    """
    return _Loader(name, limit).scenario(read_yaml(text, name), id)


def scenario_of(block: object, id: str, name: str) -> Scenario:
    """Return the scenario in a mapping from a larger file, keeping its lines. Raises FormatError if it is wrong."""
    return _Loader(name).scenario(block, id)


class _Loader:
    """Loads one file, and keeps the processes and mappings known so far."""

    def __init__(self, name: str, limit: int = STEP_LIMIT) -> None:
        self.name = name
        self.limit = limit
        self.processes: set[str] = set()
        self.mapped: dict[str, int] = {}  # mapping -> number of pages
        self.files: dict[str, FileSpec] = {}
        self.steps: list[Step] = []
        self.page_size = MachineSpec().page_size
        self.linux = False  # whether the machine has the Linux profile

    def wrong(self, line: int, message: str) -> FormatError:
        return FormatError(self.name, line, message)

    def scenario(self, given: object, id: str) -> Scenario:
        block = check_fields(self.name, "a scenario", given, TOP, 1)
        machine = self.machine(block)
        self.read_files(block, machine)
        processes = self.read_processes(block, machine)
        self.read_steps(block["steps"])
        if sum(step.fields.get("after") == "each" for step in self.steps) > 1:
            raise self.wrong(block.lines["steps"], "`after: each` may be used once in a scenario")
        return Scenario(
            id,
            block["title"].strip(),
            block["task"],
            machine,
            tuple(self.files.values()),
            processes,
            tuple(self.steps),
            block.get("hint", "").strip(),
            block.get("weight", 1),
            self.name,
        )

    def machine(self, block: Block) -> MachineSpec:
        if "machine" not in block:
            return MachineSpec()
        line = block.lines["machine"]
        check_fields(self.name, "machine", block["machine"], MACHINE, line)
        spec = MachineSpec(**block["machine"])
        if spec.page_size & (spec.page_size - 1):
            raise self.wrong(line, f"page_size is {spec.page_size}; expected a power of two, as on real machines")
        self.page_size = spec.page_size
        self.linux = spec.profile == LINUX
        if self.linux and "zero_page" in block["machine"] and not spec.zero_page:
            raise self.wrong(line, "zero_page is false; a machine with the Linux profile always has a page of zeros")
        if self.linux and spec.tlb:
            raise self.wrong(line, "tlb is true; a machine with the Linux profile has no TLB, leave it out")
        # The profile says it already: two ways to write one machine would have two hashes.
        return spec._replace(zero_page=False) if self.linux else spec

    def only_linux(self, line: int, what: str) -> None:
        """Raise FormatError unless the machine has the Linux profile."""
        if not self.linux:
            raise self.wrong(
                line, f"{what} is not modelled by this machine; give the scenario `machine: {{profile: linux}}`"
            )

    def read_files(self, block: Block, machine: MachineSpec) -> None:
        files = block.get("files", Block(1))
        if not isinstance(files, Block):
            raise self.wrong(block.lines["files"], "files must be a mapping such as {notes: {pages: 3}}")
        for file, given in files.items():
            line = files.lines[file]
            if not file.isidentifier():
                raise self.wrong(line, f"{file!r} is not a valid name for a file; use letters, digits and _")
            check_fields(self.name, f"file {file!r}", given, FILE, line)
            pages = given["pages"]
            if "cached" in given:
                self.only_linux(line, f"file {file!r}: cached")
            contents = given.get("contents") or [(i + 1) % 256 for i in range(pages)]
            if len(contents) != pages:
                raise self.wrong(line, f"file {file!r} has {pages} pages and contents for {len(contents)}")
            writable, cached = given.get("writable", True), given.get("cached", False)
            self.files[file] = FileSpec(file, pages, tuple(contents), writable, cached)
        cached = sum(file.pages for file in self.files.values() if file.cached)
        if cached > machine.frames:
            line = block.lines["files"]
            raise self.wrong(line, f"{cached} pages of files are cached; this machine has {machine.frames} frames")

    def read_processes(self, block: Block, machine: MachineSpec) -> tuple[str, ...]:
        names = block["processes"]
        line = block.lines["processes"]
        if not isinstance(names, Items) or not names:
            raise self.wrong(line, "processes must be a list of names, such as [P]")
        for name in names:
            if not (isinstance(name, str) and name.isidentifier()):
                raise self.wrong(line, f"{shown(name)} is not a valid name for a process; use letters, digits and _")
            if name in self.processes:
                raise self.wrong(line, f"process {name!r} is listed twice")
            self.processes.add(name)
        if len(names) > machine.max_processes:
            raise self.wrong(line, f"{len(names)} processes; this machine has room for {machine.max_processes}")
        return tuple(names)

    # -- steps ------------------------------------------------------------------------------------------------

    def read_steps(self, items: Items, counter: str | None = None) -> None:
        """Check and add steps; inside a `repeat`, `counter` is what {i} stands for."""
        for index, item in enumerate(items):
            line = items.lines[index]
            if not isinstance(item, Block) or len(item) != 1:
                raise self.wrong(line, "a step is one verb with its fields, such as - read: {by: P, at: h}")
            [(verb, given)] = item.items()
            fields = FIELDS.get(verb)
            if fields is None:
                raise self.wrong(line, f"{verb!r} is not a verb{guess(verb, FIELDS)}; use {listed(FIELDS)}")
            # The innermost `repeat` counts, so a nested one keeps its {i} until its own turn.
            if counter is not None and verb != "repeat":
                given = _counted(given, counter)
            check_fields(self.name, f"step {len(self.steps) + 1}: {verb!r}", given, fields, line)
            if verb == "repeat":
                for i in range(given["times"]):
                    self.read_steps(given["steps"], str(i))
            else:
                self.add_step(verb, given, line)

    def add_step(self, verb: str, given: Block, line: int) -> None:
        number = len(self.steps) + 1
        if number > self.limit:
            raise self.wrong(line, f"more than {self.limit} steps")
        if "expect" in given:
            check_fields(self.name, f"step {number}: expect", given["expect"], EXPECT, given.lines["expect"])
        values = plain_value(given)
        expect = values.pop("expect", {})
        step = Step(number, verb, values.pop("by", ""), values, expect, line)
        _StepCheck(self, step).run()
        self.steps.append(step)


def _counted(value: object, counter: str) -> object:
    """Return the value with {i} replaced in every string."""
    if isinstance(value, Block):
        block = Block(value.line)
        for key, item in value.items():
            block[key.replace("{i}", counter)] = _counted(item, counter)
            block.lines[key.replace("{i}", counter)] = value.lines[key]
        return block
    if isinstance(value, Items):
        items = Items(value.line)
        items.extend(_counted(item, counter) for item in value)
        items.lines = value.lines
        return items
    return value.replace("{i}", counter) if isinstance(value, str) else value


class _StepCheck:
    """Checks one step against the processes and mappings that earlier steps have created."""

    def __init__(self, loader: _Loader, step: Step) -> None:
        self.loader = loader
        self.step = step
        self.fails = step.expect.get("outcome") in ("segv", "error")

    def wrong(self, message: str) -> FormatError:
        return self.loader.wrong(self.step.line, f"step {self.step.number}: {message}")

    def run(self) -> None:
        step, loader = self.step, self.loader
        if step.verb == "fail":
            return
        self.process(step.by)
        fields = step.fields
        if step.verb in LINUX_VERBS:
            loader.only_linux(step.line, f"step {step.number}: {step.verb}")
        for field in LINUX_FIELDS:
            if field in fields:
                loader.only_linux(step.line, f"step {step.number}: {field}")
        if "at" in fields:
            self.place(fields["at"], wild_allowed=self.fails or step.verb in ("munmap", "mmap", "madvise"))
        getattr(self, f"check_{step.verb}", lambda: None)()
        if step.verb in ("mmap", "mremap") and step.expect.get("outcome", "ok") == "ok":
            loader.mapped[fields["name"]] = fields["pages"] if "pages" in fields else self.pages_at()
        self.expectations()

    def process(self, name: str) -> None:
        known = self.loader.processes
        if name not in known:
            raise self.wrong(f"no process {name!r}{guess(name, known)}; so far there are {', '.join(sorted(known))}")

    def place(self, text: str, wild_allowed: bool) -> None:
        try:
            place = parse_place(text)
        except ValueError as error:  # only after {i} was replaced: the kinds have checked the rest
            raise self.wrong(str(error)) from None
        mapped = self.loader.mapped
        if place.name not in mapped:
            known = ", ".join(mapped) or "none"
            raise self.wrong(f"no mapping {place.name!r}{guess(place.name, mapped)}; so far there are: {known}")
        size = self.loader.page_size
        if place.offset is not None and place.offset >= size:
            raise self.wrong(f"{text!r}: a page of this machine has {size} bytes (+0 to +{size - 1})")
        pages = mapped[place.name]
        if place.first == place.end and self.step.verb not in ("munmap", "mprotect"):
            raise self.wrong(f"{text!r} names no page; only munmap and mprotect can be asked for no pages")
        if place.wild(pages) and not wild_allowed:
            raise self.wrong(
                f"{text!r} is out of the mapping, which has {pages} page{'s' * (pages != 1)}; to expect a "
                f"failure, write expect: {{outcome: segv}} (or error)"
            )

    def pages_at(self) -> int:
        """Return the number of pages that the step is about."""
        place = parse_place(self.step.fields["at"])
        return len(place.pages(self.loader.mapped[place.name]))

    def check_mmap(self) -> None:
        fields = self.step.fields
        if "fixed" in fields and "at" not in fields:
            raise self.wrong("fixed needs `at`: the place where the new mapping replaces what is there")
        file = fields.get("file")
        if file is not None and file not in self.loader.files:
            known = ", ".join(self.loader.files) or "none"
            raise self.wrong(f"no file {file!r}{guess(file, self.loader.files)}; files of this scenario: {known}")
        if file is None and "offset" in fields:
            raise self.wrong("offset is the page of a file; this mapping has no file")

    def check_fork(self) -> None:
        child = self.step.fields["child"]
        if self.step.expect.get("outcome", "ok") == "ok":
            if child in self.loader.processes:
                raise self.wrong(f"there is a process {child!r} already; a child needs a new name")
            self.loader.processes.add(child)

    def check_write(self) -> None:
        fields = self.step.fields
        if ("value" in fields) == ("values" in fields):
            raise self.wrong("write takes either value (for every page) or values (one per page)")
        if "values" in fields:
            pages = self.pages_at()
            if len(fields["values"]) != pages:
                raise self.wrong(f"{len(fields['values'])} values for {pages} pages ({fields['at']})")

    def expectations(self) -> None:
        expect, loader = self.step.expect, self.loader
        for counts in (expect.get("faults"), expect.get("major")):
            for name in counts if isinstance(counts, dict) else ():
                self.process(name)
        owned = [*expect.get("present", ()), *expect.get("writable", ()), *expect.get("kept", ())]
        for place in [*owned, *(p for group in expect.get("shared", ()) for p in group)]:
            name, rest = parse_owned_place(place)
            self.process(name)
            self.place(place.partition(":")[2], wild_allowed=place in expect.get("present", ()))
            if "shared" in expect and rest.offset is not None:
                raise self.wrong(f"{place!r}: frames hold pages; leave the byte out")
        if ("value" in expect or "values" in expect) and self.step.verb not in (
            "read",
            "execute",
            "copy_from_user",
        ):
            raise self.wrong(f"{self.step.verb} reads nothing; only read, execute and copy_from_user expect values")
        for place in expect.get("file", ()):
            if parse_place(place).name not in loader.files:
                raise self.wrong(
                    f"no file {parse_place(place).name!r}; files of this scenario: {', '.join(loader.files)}"
                )
