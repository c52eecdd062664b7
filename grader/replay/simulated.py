"""replay(scenario, kernel) -> Trace: run a scenario on the simulated machine.

This runs in three places: with a reference kernel, to record reference outputs; with a student's kernel, in the
untrusted worker; and in the grader, with a stand-in that re-enacts what the worker's kernel did. A `Replay` goes step
by step, because the worker is sent one step at a time. The worker imports this module, so it imports little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel
from grader.machine.linux import LinuxMachine
from grader.machine.machine import Machine
from grader.machine.outcome import OK, KernelCrash, NoProgress
from grader.machine.process import Process
from grader.machine.protection import Access, Protection
from grader.scenario.model import LINUX, LINUX_VERBS, Fields, MachineSpec, Scenario, Step
from grader.scenario.place import parse_place
from grader.trace.records import CRASHED, NO_PROGRESS, SKIPPED, StepRecord, Trace

MakeKernel = Callable[[Hardware], Kernel]

ACCESSES = {"read": Access.READ, "write": Access.WRITE, "execute": Access.EXECUTE}
USER_ACCESSES = {"copy_to_user": Access.WRITE, "copy_from_user": Access.READ}


class Mapping(NamedTuple):
    """A mapping by its name in the scenario: first page and length, in pages."""

    first: int
    pages: int


def _machine(spec: MachineSpec) -> type[Machine]:
    return LinuxMachine if spec.profile == LINUX else Machine


def _hardware(spec: MachineSpec) -> dict[str, Any]:
    """Return what the machine is made with: the fields of its specification, the profile apart."""
    hardware = spec._asdict()
    del hardware["profile"]
    return hardware


class Replay:
    """A scenario under way on a machine of its own.

    execute(step) carries a step out, and observe() returns what it did; step() does both. The worker executes without
    observing. `failure` is the KernelCrash or NoProgress that ended the replay, or None.
    """

    def __init__(self, scenario: Scenario, make_kernel: MakeKernel, log: list[int] | None = None) -> None:
        """Set up the machine, the files and the processes of a scenario; its steps are carried out one by one."""
        spec = scenario.machine
        self.scenario = scenario
        self.machine = _machine(spec)(make_kernel, **_hardware(spec), files=scenario.files, log=log)
        self.page_size = spec.page_size
        self.processes: dict[str, Process] = {name: self.machine.spawn() for name in scenario.processes}
        self.pids = {name: process.pid for name, process in self.processes.items()}
        self.mappings: dict[str, Mapping] = {}
        self.failure: KernelCrash | NoProgress | None = None
        self._armed = 0  # number of the `fail` step whose failure waits for its call
        self.unfired: list[int] = []  # steps whose `fail` never came to pass in the step after them
        self._actor = 0
        self._forked = 0
        self._mapped: tuple[str, int, int] | None = None

    # -- carrying out -----------------------------------------------------------------------------------------

    def execute(self, step: Step) -> str:
        """Carry out one step. Return its outcome, or `crashed`, `no_progress`, or `skipped` if the process is gone."""
        machine = self.machine
        machine.begin()
        self._actor = self._forked = 0
        self._mapped = None
        if step.verb == "fail":
            after = step.fields["after"]
            assert isinstance(after, int), "a scenario with `after: each` is replayed at one failure point"
            machine.failure.arm(step.fields["operation"], after)
            self._armed = step.number
            return OK
        process = self.processes.get(step.by)
        if process is None or not process._alive:
            return SKIPPED
        self._actor = process.pid
        try:
            return self._dispatch(process, step)
        except KernelCrash as crash:
            self.failure = crash
            return CRASHED
        except NoProgress as stuck:
            self.failure = stuck
            return NO_PROGRESS
        finally:
            if self._armed:
                if not machine.failure.fired:
                    self.unfired.append(self._armed)
                self._armed = 0
                machine.failure.disarm()

    def exit_all(self) -> str:
        """Carry out the end: the remaining processes exit, in order of creation. Return the outcome."""
        if self._armed:
            self.unfired.append(self._armed)
        self.machine.failure.disarm()
        self.machine.begin()
        self._actor = self._forked = 0
        self._mapped = None
        try:
            for process in list(self.machine.processes.values()):
                self.machine.exit(process)
        except KernelCrash as crash:
            self.failure = crash
            return CRASHED
        return OK

    def observe(self, number: int, outcome: str) -> StepRecord:
        """Return what the step that was just carried out did."""
        seen = self.machine.observe()
        return StepRecord(
            number,
            outcome,
            self._actor,
            seen.values,
            seen.faults,
            seen.copies,
            seen.reads,
            seen.writes,
            seen.written,
            seen.frames,
            seen.slots,
            seen.allocated,
            seen.changes,
            seen.stale,
            seen.findings,
            self._mapped,
            self._forked,
            tuple(self.machine.died),
            seen.swapped,
        )

    def step(self, step: Step) -> StepRecord:
        """Carry out one step, and return what it did."""
        return self.observe(step.number, self.execute(step))

    def end(self, number: int) -> StepRecord:
        """Carry out the end, and return what it did. What is left over is reported as a leak; the findings name it."""
        record = self.observe(number, self.exit_all())
        left = record.frames - self.machine.kept_frames()
        lost = [finding for finding in record.findings if finding.check == "A2"] if left else []
        return record._replace(findings=lost, changes={}, swapped=[], frames=left)

    def records(self) -> Iterator[StepRecord]:
        """Carry out every step of the scenario and the end, and yield what each did."""
        for step in self.scenario.steps:
            yield self.step(step)
        yield self.end(len(self.scenario.steps) + 1)

    def close(self) -> None:
        """Free the machine: see Machine.close."""
        self.machine.close()
        self.failure = None

    # -- verbs ------------------------------------------------------------------------------------------------

    def _dispatch(self, process: Process, step: Step) -> str:
        verb, fields = step.verb, step.fields
        if verb in ACCESSES:
            first, count, offset, _ = self._where(fields["at"])
            values = self._values(fields, count)
            if "survives" in fields and isinstance(self.machine, LinuxMachine):
                return self.machine.surviving(process, first, count, offset, ACCESSES[verb], values)
            return self.machine.access(process, first, count, offset, ACCESSES[verb], values)
        if verb in USER_ACCESSES:
            first, count, offset, length = self._where(fields["at"])
            values = self._values(fields, count)
            return self.machine.copy_user(process, first, count, offset, length, USER_ACCESSES[verb], values)
        if verb == "munmap":
            first, count, _, _ = self._where(fields["at"])
            return self.machine.munmap(process, first, count)
        if verb == "mprotect":
            first, count, _, _ = self._where(fields["at"])
            return self.machine.mprotect(process, first, count, Protection.parse(fields["protection"]))
        if verb == "mmap":
            return self._mmap(process, fields)
        if verb in LINUX_VERBS:
            return self._linux_call(process, verb, fields)
        if verb == "fork":
            return self._fork(process, fields["child"])
        return self.machine.exit(process)

    def _mmap(self, process: Process, fields: Fields) -> str:
        at = fields.get("at")
        outcome = self.machine.mmap(
            process,
            fields["pages"],
            Protection.parse(fields.get("protection", "rw-")),
            fields.get("shared", False),
            fields.get("file"),
            fields.get("offset", 0),
            None if at is None else self._where(at)[0] * self.page_size,
            **{option: True for option in ("fixed", "populate") if option in fields},
        )
        if outcome == OK:
            self._note_mapping(fields["name"], fields["pages"])
        return outcome

    def _note_mapping(self, name: str, pages: int) -> None:
        """Let a name stand for the region that the machine has just placed."""
        mapping = Mapping(self.machine.start // self.page_size, pages)
        self.mappings[name] = mapping
        self._mapped = (name, *mapping)

    def _linux_call(self, process: Process, verb: str, fields: Fields) -> str:
        """Carry out a verb that only machines with the Linux profile have."""
        machine = self.machine
        assert isinstance(machine, LinuxMachine), f"the loader refuses {verb} on other machines"
        first, count, _, _ = self._where(fields["at"])
        if verb == "madvise":
            return machine.madvise(process, first, count, fields["advice"])
        if verb == "mlock":
            return machine.mlock(process, first, count)
        pages = fields.get("pages", count)
        outcome = machine.mremap(process, first, count, pages)
        if outcome == OK:
            self._note_mapping(fields["name"], pages)
        return outcome

    def _fork(self, process: Process, name: str) -> str:
        outcome, child = self.machine.fork(process)
        if child is not None:
            self.processes[name] = child
            self.pids[name] = child.pid
            self._forked = child.pid
        return outcome

    def _where(self, text: str) -> tuple[int, int, int, int]:
        """Return a place as first page, number of pages, offset in each, and length in bytes."""
        place = parse_place(text)
        # A mapping that never came to be stands for page 0: no region is there.
        mapping = self.mappings.get(place.name, Mapping(0, 1))
        pages = place.pages(mapping.pages)
        if place.offset is not None:
            return mapping.first + pages.start, len(pages), place.offset, 1
        return mapping.first + pages.start, len(pages), 0, len(pages) * self.page_size

    @staticmethod
    def _values(fields: Fields, count: int) -> Sequence[int]:
        if "value" in fields:
            return [fields["value"]] * count
        values = fields.get("values", ())
        return [*values[:count], *[0] * (count - len(values))]


def replay(scenario: Scenario, make_kernel: MakeKernel) -> Trace:
    """Run a scenario from beginning to end. `make_kernel` is the kernel's class, or anything that makes one from `hw`.

    A kernel that crashes or makes no progress ends the trace early; nothing it raises comes out of here. A scenario
    with `after: each` must be resolved first (Scenario.at_failure_point).
    """
    return run_all(Replay(scenario, make_kernel))


def run_all(run: Replay) -> Trace:
    """Carry out all steps of a replay that has not begun, and the end."""
    scenario = run.scenario
    records: list[StepRecord] = []
    for record in run.records():
        records.append(record)
        if record.ends:
            break
    end = records.pop() if len(records) > len(scenario.steps) else None
    return Trace(scenario.id, scenario.hash, scenario.machine.page_size, dict(run.pids), records, end)
