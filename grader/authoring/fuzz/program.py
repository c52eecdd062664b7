"""Turn random moves into a scenario, which is valid whatever the numbers are: the reference decides what is possible.

A move is five small numbers: the verb, the process, the mapping, the page in it, and one more for whatever the verb
needs. Each move is carried out on the reference at once, so that only living processes act, and every outcome other
than success is written into the scenario as expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from grader.authoring.fuzz.vocabulary import Vocabulary
from grader.lab.lab import Lab
from grader.machine.disk import File
from grader.machine.outcome import OK
from grader.machine.process import Process
from grader.machine.protection import Protection
from grader.replay.simulated import USER_ACCESSES, MakeKernel, Mapping, Replay, replay
from grader.scenario.model import LINUX, Expect, Fields, Scenario, Step
from grader.scenario.place import parse_place
from grader.trace.records import SKIPPED, Trace

#: Upper bound (exclusive) of the numbers in a move.
LIMIT = 64

#: Verbs that may allocate a frame or a page table entry, so that a failure can be injected.
TAKING = ("write", "read", "fork", "copy_to_user", "copy_from_user")

#: Verbs whose place must be inside the mapping, unless they fail.
WITH_PLACES = ("read", "write", "execute", "copy_to_user", "copy_from_user", "mprotect")

#: What madvise is asked for; to page out needs swap.
ADVICE = ("dontneed", "populate_write", "populate_read", "dontfork", "wipeonfork")

#: Verbs that may have a handler for SIGSEGV, on machines with the Linux profile.
SURVIVING = ("read", "write", "execute")

#: Pages that one fault maps at most, on machines with the Linux profile.
WINDOW = 16

#: One access in this many goes past the end of its mapping.
WILD = 16

Move = tuple[int, int, int, int, int]

#: The number of a machine, and moves.
Program = tuple[int, list[Move]]

T = TypeVar("T")


class ReferenceFault(Exception):
    """The reference broke a rule or crashed on a valid scenario, which is in `scenario`."""

    def __init__(self, scenario: Scenario, message: str) -> None:
        super().__init__(message)
        self.scenario = scenario


class Written(NamedTuple):
    """A scenario, and what the reference did in it."""

    scenario: Scenario
    expected: Trace


class _Choice(NamedTuple):
    """The choices of a move, before the reference has shown its outcome."""

    verb: str
    by: str
    fields: Fields


class Author:
    """Writes one scenario, move by move, while running it on the reference."""

    def __init__(self, words: Vocabulary, hardware: int, make_kernel: MakeKernel) -> None:
        self.words = words
        self.machine, self.files, self.processes = _pick(words.hardware, hardware)
        self.steps: list[Step] = []
        self.run = Replay(self.scenario("", ""), make_kernel)
        self.names = 0
        self.children = 0

    def move(self, move: Move) -> None:
        """Add the step that a move stands for, if a process is left to perform it."""
        alive = [name for name, process in self.run.processes.items() if process._alive]
        if not alive:
            return
        verb = _pick(self.words.verbs, move[0])
        by = _pick(alive, move[1])
        if verb == "fail":
            self._fail(by, move)
            return
        self._take(self._choose(verb if self.run.mappings else "mmap", by, move))

    def _fail(self, by: str, move: Move) -> None:
        """Make one call of the next step fail; leave the failure out if it never triggers."""
        fields: Fields = {"operation": _pick(self.words.failures, move[3]), "after": move[4] % 4}
        failure = Step(len(self.steps) + 1, "fail", "", fields, {})
        self.run.step(failure)
        self.steps.append(failure)
        verb = _pick([v for v in self.words.verbs if v in TAKING], move[2])
        self._take(self._choose(verb if self.run.mappings else "mmap", by, move))
        if self.run.unfired:
            self.run.unfired.clear()
            last = self.steps.pop()
            self.steps[-1] = last._replace(number=len(self.steps))

    def _take(self, choice: _Choice) -> None:
        step = Step(len(self.steps) + 1, choice.verb, choice.by, choice.fields, {})
        record = self.run.step(step)
        if record.ends or record.findings:
            broken = "crashes" if record.ends else f"breaks audit check {record.findings[0].check}"
            self.steps.append(step)
            raise ReferenceFault(self.scenario("reference", ""), f"the reference {broken} in step {step.number}")
        expect: Expect = {} if record.outcome == OK else {"outcome": record.outcome}
        self.steps.append(step._replace(expect=expect))

    # -- choosing -------------------------------------------------------------------------------------------------

    def _choose(self, verb: str, by: str, move: Move) -> _Choice:
        if verb == "mmap":
            return self._mmap(by, move)
        if verb == "fork":
            self.children += 1
            return _Choice(verb, by, {"child": f"C{self.children}"})
        if verb == "exit":
            return _Choice(verb, by, {})
        name = _pick(list(self.run.mappings), move[2])
        mapping = self.run.mappings[name]
        if verb in ("munmap", "mprotect"):
            empty = move[4] % WILD == WILD - 1
            fields: Fields = {"at": f"{name}[0:0]" if empty else _pages(name, mapping, move)}
            if verb == "mprotect":
                fields["protection"] = _pick(self.words.protections, move[4])
            return _Choice(verb, by, fields)
        if verb in ("madvise", "mlock", "mremap"):
            fields = self._linux_call(verb, name, mapping, move)
            if verb == "mremap" and not self._in_one_mapping(by, fields["at"], mapping):
                return _Choice("mlock", by, {"at": fields["at"]})
            return _Choice(verb, by, fields)
        fields = {"at": self._place(by, name, mapping, move)}
        if self.words.linux and verb in SURVIVING and move[1] % 3 == 2:
            fields["survives"] = True
        refused = refused_page(self.run, verb, by, fields["at"]) if verb in USER_ACCESSES else None
        if refused is not None:
            # Alone, without the pages before it: the contract leaves free whether these are made ready first.
            fields = {"at": f"{name}[{refused}]"}
        if verb in ("write", "copy_to_user"):
            # Every write writes a different value, so that a lost write shows.
            fields["value"] = (len(self.steps) + 1) % 200 + 1
        return _Choice(verb, by, fields)

    def _linux_call(self, verb: str, name: str, mapping: Mapping, move: Move) -> Fields:
        """Return the fields of a call that only the Linux profile has."""
        fields: Fields = {"at": _pages(name, mapping, move)}
        if verb == "madvise":
            fields["advice"] = _pick(ADVICE, move[4])
        elif verb == "mremap":
            fields["name"] = f"h{self.names}"
            self.names += 1
            if move[4] % 3 == 2:
                fields["pages"] = 1 + move[4] % 4
        return fields

    def _in_one_mapping(self, by: str, at: str, mapping: Mapping) -> bool:
        """Return True if pages are all of one region. From 6.17 on, Linux moves several, which is not modelled."""
        pages = parse_place(at).pages(mapping.pages)
        region = self.run.processes[by]._regions.find(mapping.first + pages.start)
        return region is not None and region.end_page >= mapping.first + pages.stop

    def _mmap(self, by: str, move: Move) -> _Choice:
        protection, shared, of_file = _pick(self.words.mappings, move[2])
        name = f"h{self.names}"
        fields: Fields = {"name": name, "pages": 1 + move[3] % 3}
        self.names += 1
        if protection != "rw-":
            fields["protection"] = protection
        if shared:
            fields["shared"] = True
        if of_file and self.files:
            file = _pick(self.files, move[4])
            fields["file"] = file.name
            # Sometimes start later than the beginning of the file, and go past its end.
            if file.pages > 1 and move[4] % 3 == 2:
                fields["offset"] = 1 + move[4] % (file.pages - 1)
        if self.words.at and self.run.mappings and move[4] % 5 == 4:
            other = _pick(list(self.run.mappings), move[1] + move[3])
            # At the mapping, or right behind it.
            fields["at"] = f"{other}[{move[1] % (self.run.mappings[other].pages + 1)}]"
            if self.words.linux and move[2] % 2:
                fields["fixed"] = True
        if self.words.linux and move[1] % 3 == 2:
            fields["populate"] = True
        if self.words.linux and move[1] % 5 == 4:
            fields["pages"] += WINDOW
        return _Choice("mmap", by, fields)

    def _place(self, by: str, name: str, mapping: Mapping, move: Move) -> str:
        """Return pages of a mapping, or a byte of one; sometimes the page after it, if that is in no region."""
        after = mapping.first + mapping.pages
        if move[4] % WILD == WILD - 1 and self.run.processes[by]._regions.find(after) is None:
            return f"{name}[{mapping.pages}]"
        if move[4] % 4 == 3:
            page = move[3] % mapping.pages
            return f"{name}[{page}]+1"
        return _pages(name, mapping, move)

    def look_around(self) -> None:
        """Let every process read all that it may and try what it must not, so that earlier errors show at the end."""
        self._everybody_reads()
        if "copy_to_user" in self.words.verbs and self._kernel_writes():
            self._everybody_reads()
        self._one_leaves()
        if self.words.protections and self._rights_change():
            self._everybody_reads()
        for name in list(self.run.processes):
            refused = self._refused(name) if self.run.processes[name]._alive else []
            if refused:
                verb, place = _pick(refused, len(self.steps))
                self._take(_Choice(verb, name, {"at": place, **({"value": 1} if verb == "write" else {})}))

    def _everybody_reads(self) -> None:
        """Let every process read all that it may, and execute what it may: a right may have been lost."""
        for name, process in list(self.run.processes.items()):
            for mapping_name, mapping in self.run.mappings.items():
                for place in (mapping_name, f"{mapping_name}[0]+1"):
                    if process._alive and _allowed(process, mapping, Protection.READ):
                        self._take(_Choice("read", name, {"at": place}))
                if "execute" in self.words.verbs and process._alive and _allowed(process, mapping, Protection.EXECUTE):
                    self._take(_Choice("execute", name, {"at": mapping_name}))

    def _mapped(self, rights: Protection) -> list[tuple[str, str]]:
        """Return (process, mapping) for every mapping of which all pages give the process these rights."""
        return [
            (name, mapping_name)
            for name, process in self.run.processes.items()
            for mapping_name, mapping in self.run.mappings.items()
            if process._alive and _allowed(process, mapping, rights)
        ]

    def _one_leaves(self) -> None:
        """Let one of several processes exit and the others write, which tests that sole owners are recognised."""
        alive = [name for name, process in self.run.processes.items() if process._alive]
        if len(alive) > 1 and "exit" in self.words.verbs:
            self._take(_Choice("exit", _pick(alive, len(self.steps)), {}))
            for name, place in self._mapped(Protection.WRITE):
                if self.run.processes[name]._alive:
                    self._take(_Choice("write", name, {"at": place, "value": (len(self.steps) + 1) % 200 + 1}))

    def _rights_change(self) -> bool:
        """Let one process change the rights of a mapping, or ask for rights that it must not get."""
        mapped = self._mapped(Protection.NONE)
        if mapped:
            name, place = _pick(mapped, len(self.steps))
            protection = _pick(self.words.protections, len(self.steps) // 2)
            self._take(_Choice("mprotect", name, {"at": place, "protection": protection}))
        return bool(mapped)

    def _kernel_writes(self) -> bool:
        """Let the kernel fill a buffer that has just been read; return False if there is none."""
        buffers = self._mapped(Protection.READ | Protection.WRITE)
        if buffers:
            name, place = _pick(buffers, len(self.steps))
            self._take(_Choice("copy_to_user", name, {"at": place, "value": (len(self.steps) + 1) % 200 + 1}))
        return bool(buffers)

    def _refused(self, name: str) -> list[tuple[str, str]]:
        """Return accesses that must kill a process: (verb, place) per page of a mapping and per right that it lacks."""
        refused = []
        for mapping_name, mapping in self.run.mappings.items():
            for page in range(mapping.pages):
                region = self.run.processes[name]._regions.find(mapping.first + page)
                for verb, right in (("read", Protection.READ), ("write", Protection.WRITE)):
                    if region is None or right not in region.protection:
                        refused.append((verb, f"{mapping_name}[{page}]"))
        return refused

    def scenario(self, id: str, task: str) -> Scenario:
        """Return the scenario written so far."""
        return Scenario(id, _title(self.steps), task, self.machine, self.files, self.processes, tuple(self.steps))


def _allowed(process: Process, mapping: Mapping, rights: Protection) -> bool:
    """Return True if a process may do this to every page of a mapping."""
    regions = [process._regions.find(mapping.first + page) for page in range(mapping.pages)]
    return all(region is not None and rights in region.protection for region in regions)


def _pages(name: str, mapping: Mapping, move: Move) -> str:
    first, kind = move[3] % mapping.pages, move[3] // 4 % 4
    if mapping.pages == 1 or kind == 0:
        return name
    if kind == 1 and first + 1 < mapping.pages:
        return f"{name}[{first}:{mapping.pages}]"
    return f"{name}[{first}]"


def _pick(items: Sequence[T], number: int) -> T:
    return items[number % len(items)]


def write_scenario(lab: Lab, words: Vocabulary, make_kernel: MakeKernel, program: Program) -> Written:
    """Return the scenario of a program, with the reference's output. ReferenceFault if the reference fails on it."""
    hardware, moves = program
    author = Author(words, hardware, make_kernel)
    for move in moves:
        author.move(move)
    author.look_around()
    scenario = author.scenario("found", _task(lab, {step.verb for step in author.steps}))
    return Written(scenario, replay(scenario, make_kernel))


def relaid(scenario: Scenario, make_kernel: MakeKernel) -> Scenario | None:
    """Return the scenario with the outcomes that the reference now gives; None if it is no longer valid."""
    run = Replay(scenario, make_kernel)
    steps = []
    for step in scenario.steps:
        left_free = _left_free(run, step)
        record = run.step(step)
        names_wild = step.verb in WITH_PLACES and record.outcome == OK and _wild(run, step)
        unnamed = "at" in step.fields and step.fields["at"].partition("[")[0] not in run.mappings
        if record.ends or record.findings or record.outcome == SKIPPED or names_wild or unnamed or left_free:
            return None
        steps.append(step._replace(expect={} if record.outcome == OK else {"outcome": record.outcome}))
    if run.unfired or any(step.verb == "fail" for step in steps[-1:]):
        return None
    return scenario._replace(steps=tuple(steps), title=_title(steps))


def _wild(run: Replay, step: Step) -> bool:
    place = parse_place(step.fields["at"])
    mapping = run.mappings.get(place.name)
    return mapping is not None and place.wild(mapping.pages)


def refused_page(run: Replay, verb: str, by: str, at: str) -> int | None:
    """Return the first page of a buffer, counted from its mapping, that the process may not access this way, or None.

    A kernel may look at the whole buffer before it touches the first page, so what becomes of the pages before this one
    is left free. On Linux it is not (rule 46), so no page is named on a machine with its profile.
    """
    if run.scenario.machine.profile == LINUX:
        return None
    place, process = parse_place(at), run.processes.get(by)
    mapping = run.mappings.get(place.name)
    if process is None or mapping is None:
        return None
    for page in place.pages(mapping.pages):
        region = process._regions.find(mapping.first + page)
        if region is None or not region.protection.allows(USER_ACCESSES[verb]):
            return page
        shown = region.offset + mapping.first + page - region.first_page
        if isinstance(region.file, File) and shown >= region.file.pages:
            return page
    return None


def _left_free(run: Replay, step: Step) -> bool:
    """Return True if a step is a buffer that is refused, though not at its first page."""
    if step.verb not in USER_ACCESSES:
        return False
    refused = refused_page(run, step.verb, step.by, step.fields["at"])
    return refused is not None and refused != parse_place(step.fields["at"]).first


def _title(steps: Sequence[Step]) -> str:
    return f"{len(steps)} random steps end as on the reference"


def _task(lab: Lab, verbs: set[str]) -> str:
    """Return the first task by which public scenarios have used all these verbs."""
    seen: set[str] = set()
    for task in lab.tasks:
        seen |= {step.verb for s in lab.scenarios if s.task == task.id for step in s.steps}
        if verbs <= seen:
            return task.id
    return lab.tasks[0].id
