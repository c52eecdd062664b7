"""Kernels that know nothing: tables of recorded answers, made by watching a kernel that is right.

A table recognises where it is by the calls so far, and repeats the operations that the watched kernel
carried out there.
`Table` repeats them as they were. `RenamingTable` counts processes, pages and frames from the first one that it saw.
"""

from __future__ import annotations

import heapq

from grader.machine import Kernel, OutOfFrames, Protection
from grader.machine.operations import ALLOCATE, COPY, FREE, MAP, OPERANDS, PROTECT, UNMAP, ZERO
from grader.machine.pagetable import flags_of
from grader.replay.simulated import Replay

CALLS = ("mmap", "munmap", "mprotect", "page_fault", "fork", "exit", "user_access")

#: Which operands of an operation are a frame, a process, a page.
FRAMES = {FREE: (0,), ZERO: (0,), COPY: (0, 1), MAP: (2,)}
PLACES = (MAP, PROTECT, UNMAP)


class _Caller(Kernel):
    """Gets every call as one: the method, and its arguments as numbers."""

    def called(self, call, arguments):
        raise NotImplementedError


def _method(name):
    def method(self, *arguments):
        numbers = [name]
        for value in arguments:
            if hasattr(value, "pid"):
                self.processes[value.pid] = value
                numbers.append(("pid", value.pid))
            elif hasattr(value, "pages"):
                numbers += [("page", value.first_page), value.pages, str(value.protection), value.shared]
            elif hasattr(value, "present"):
                numbers += [("page", self.hw.page_of(value.address)), str(value.access), value.present]
            elif isinstance(value, int) and not isinstance(value, Protection) and value >= self.hw.page_size * 8:
                numbers.append(("page", self.hw.page_of(value)))
            else:
                numbers.append(str(value))
        return self.called(tuple(numbers), (name, arguments))

    return method


for _name in CALLS:
    setattr(_Caller, _name, _method(_name))


def table_of(reference, scenarios, base):
    """A class of kernel that repeats what the reference does in scenarios; base is Table or RenamingTable."""
    answers = {}
    for scenario in scenarios:
        log = []

        class Watching(_Caller):
            def __init__(self, hw, log=log):
                super().__init__(hw)
                self.watched, self.log, self.history, self.processes = reference(hw), log, (), {}

            def called(self, call, told):
                name, arguments = told
                self.history += (call,)
                before, raised = len(self.log), None
                try:
                    getattr(self.watched, name)(*arguments)
                except Exception as error:
                    raised = error
                answers.setdefault(self.history, (self.log[before:], type(raised) if raised else None))
                if raised:
                    raise raised

        run = Replay(scenario, Watching, log)
        for step in scenario.steps:
            run.execute(step)
        run.exit_all()
    if base is RenamingTable:
        answers = {renamed(history): (answer, history) for history, answer in answers.items()}
    return type("Recorded", (base,), {"answers": answers})


class Table(_Caller):
    """Repeats operations as they were recorded."""

    answers: dict

    def __init__(self, hw):
        super().__init__(hw)
        self.history, self.processes = (), {}

    def called(self, call, told):
        self.history += (call,)
        operations, raised = self.found()
        numbers = iter(operations)
        for code in numbers:
            self.repeat(code, [next(numbers) for _ in range(OPERANDS[code])])
        if raised:
            raise raised

    def found(self):
        return self.answers.get(self.history, ((), None))

    def repeat(self, code, operands):
        if code == ALLOCATE:
            self.hw.frames.allocate()
        elif code in (FREE, ZERO, COPY):
            getattr(self.hw.frames, {FREE: "free", ZERO: "zero", COPY: "copy"}[code])(*operands)
        else:
            table = self.processes[operands[0]].page_table
            if code == MAP:
                table.map(*operands[1:3], *flags_of(operands[3]))
            elif code == PROTECT:
                table.protect(operands[1], *flags_of(operands[2]))
            elif code == UNMAP:
                table.unmap(operands[1])


def renamed(history):
    """A history with processes numbered by first sight and pages counted from the first one."""
    pids, pages = {}, []
    for call in history:
        for value in call:
            if isinstance(value, tuple):
                pids.setdefault(value[1], len(pids)) if value[0] == "pid" else pages.append(value[1])
    names = {"pid": pids.get, "page": lambda page: page - pages[0]}
    return tuple(tuple(names[v[0]](v[1]) if isinstance(v, tuple) else v for v in call) for call in history)


class RenamingTable(Table):
    """Repeats operations for the processes, pages and frames that stand where the recorded ones stood."""

    def __init__(self, hw):
        super().__init__(hw)
        self.frames, self.free, self.fresh = {}, [], 0  # recorded frame -> today's; how the recorded machine goes on

    def found(self):
        answer, self.recorded = self.answers.get(renamed(self.history), (((), None), ()))
        return answer

    def repeat(self, code, operands):
        if code == ALLOCATE:
            try:
                frame = self.hw.frames.allocate()
            except OutOfFrames:
                return
            if self.free:
                recorded = heapq.heappop(self.free)
            else:
                recorded, self.fresh = self.fresh, self.fresh + 1
            self.frames[recorded] = frame
            return
        operands = list(operands)
        if code == FREE:
            heapq.heappush(self.free, operands[0])
        for place in FRAMES.get(code, ()):
            operands[place] = self.frames.get(operands[place], operands[place])
        if code in PLACES:
            then, now = _seen(self.recorded), _seen(self.history)
            operands[0] = now[0][then[0].index(operands[0])]
            operands[1] += now[1] - then[1]
        super().repeat(code, operands)


def _seen(history):
    """The processes of a history by first sight, and its first page."""
    values = [value for call in history for value in call if isinstance(value, tuple)]
    pids = list(dict.fromkeys(number for kind, number in values if kind == "pid"))
    return pids, next((number for kind, number in values if kind == "page"), 0)
