"""A worker that knows the grader's wire format from grader/protocol/README.md alone, and imports nothing of the grader.

It plays one kernel: demand paging, copy-on-write fork and mprotect. Started with two descriptors, it is what somebody
would write in a third language. If a test with it fails, either the format has changed or the page is wrong.
"""

import json
import os
import struct
import sys

SOURCE, BEGIN, STEP, END = 1, 2, 3, 4
HELLO, READY, ANSWER = 10, 11, 13
INIT, MMAP, MUNMAP, MPROTECT, FAULT, FORK, EXIT, EVICT = 32, 33, 34, 35, 36, 37, 38, 40
RETURNED, SEGV, NOMEM, INVAL = 48, 49, 50, 51
ALLOCATE, FREE, ZERO, COPY, MAP, PROTECT, UNMAP = 1, 2, 3, 4, 5, 6, 7
READ, WRITE, EXECUTE, COW = 1, 2, 4, 8
ACCESSES = {"read": READ, "write": WRITE, "execute": EXECUTE}


class Refused(Exception):
    """A call of the kernel ends in an error: SEGV, NOMEM or INVAL."""

    def __init__(self, ending):
        super().__init__(ending)
        self.ending = ending


class Machine:
    """The simulated machine, as far as this kernel can see it. Contents of frames are the grader's business."""

    def __init__(self, begin, log):
        spec = begin["machine"]
        self.log = log
        self.page_size, self.most = spec["page_size"], spec["max_processes"]
        order = begin.get("order", range(spec["frames"]))
        self.rank = {frame: rank for rank, frame in enumerate(order)}
        self.free_frames = set(order)
        self.zero_frame = spec["frames"] if spec["zero_page"] else None
        self.pid = spec["first_pid"] - 1
        self.tables, self.next_page = {}, {}  # pid -> {page: (frame, flags)}; pid -> where the next mapping goes
        self.alive = []  # pids in the order of creation
        self.fail = {}
        self.named = {name: self.spawn(spec["first_page"]) for name in begin["processes"]}
        self.mappings = {}  # name -> (first page, pages)

    def spawn(self, next_page):
        self.pid += 1
        self.tables[self.pid], self.next_page[self.pid] = {}, next_page
        self.alive.append(self.pid)
        return self.pid

    def drop(self, pid):
        self.alive.remove(pid)
        del self.tables[pid]

    def injected(self, operation):
        if operation in self.fail:
            self.fail[operation] -= 1
            if self.fail[operation] < 0:
                del self.fail[operation]
                raise Refused(NOMEM)

    def allocate(self):
        self.log.append(ALLOCATE)
        self.injected("allocate")
        if not self.free_frames:
            self.log += [EVICT, 0, NOMEM]  # this kernel evicts nothing
            raise Refused(NOMEM)
        frame = min(self.free_frames, key=self.rank.get)
        self.free_frames.remove(frame)
        return frame

    def free(self, frame):
        self.log += [FREE, frame]
        self.free_frames.add(frame)

    def map(self, pid, page, frame, flags):
        self.log += [MAP, pid, page, frame, flags]
        if page not in self.tables[pid]:
            self.injected("map")
        self.tables[pid][page] = frame, flags

    def protect(self, pid, page, flags):
        self.log += [PROTECT, pid, page, flags]
        self.tables[pid][page] = self.tables[pid][page][0], flags

    def unmap(self, pid, page):
        self.log += [UNMAP, pid, page]
        del self.tables[pid][page]

    def place(self, text):
        """Return the first page and the number of pages of h, h[2], h[1:3] or h[2]+5."""
        name, _, rest = text.partition("[")
        first, pages = self.mappings.get(name, (0, 1))
        if not rest:
            return first, pages
        start, _, end = rest.partition("]")[0].partition(":")
        return first + int(start), (int(end) if end else int(start) + 1) - int(start)


class Kernel:
    """regions[pid]: {page: rights}; users[frame]: the entries that map it."""

    def __init__(self, machine):
        self.machine, self.regions, self.users = machine, {}, {}

    def release(self, frame):
        if frame == self.machine.zero_frame:
            return
        self.users[frame] -= 1
        if not self.users[frame]:
            self.machine.free(frame)

    def fresh(self, source):
        """Return a new frame: a copy of one, or zeros."""
        frame = self.machine.allocate()
        zeros = source in (None, self.machine.zero_frame)
        self.machine.log += [ZERO, frame] if zeros else [COPY, source, frame]
        self.users[frame] = 1
        return frame

    def mmap(self, pid, first, pages, rights):
        mine = self.regions.setdefault(pid, {})
        if not pages or any(page in mine for page in range(first, first + pages)):
            raise Refused(INVAL)
        mine.update(dict.fromkeys(range(first, first + pages), rights))

    def munmap(self, pid, first, pages):
        if not pages:
            raise Refused(INVAL)
        for page in range(first, first + pages):
            self.regions.get(pid, {}).pop(page, None)
            if page in self.machine.tables[pid]:
                frame, _ = self.machine.tables[pid][page]
                self.machine.unmap(pid, page)
                self.release(frame)

    def mprotect(self, pid, first, pages, rights):
        wanted = range(first, first + pages)
        if not pages or any(page not in self.regions.get(pid, {}) for page in wanted):
            raise Refused(INVAL)
        for page in wanted:
            self.regions[pid][page] = rights
            if page in self.machine.tables[pid]:
                _, flags = self.machine.tables[pid][page]
                # Rights go at once; the right to write comes back with the next write.
                self.machine.protect(pid, page, rights & (flags | ~WRITE) | flags & COW)

    def page_fault(self, pid, page, access):
        rights = self.regions.get(pid, {}).get(page, 0)
        if not rights & access:
            raise Refused(SEGV)
        frame, flags = self.machine.tables[pid].get(page, (None, 0))
        if access != WRITE and frame is not None:
            self.machine.protect(pid, page, rights & ~WRITE | flags & COW)
        elif access != WRITE and self.machine.zero_frame is not None:
            self.machine.map(pid, page, self.machine.zero_frame, rights & ~WRITE)
        elif frame is not None and self.users.get(frame) == 1:
            self.machine.protect(pid, page, rights)
        else:
            new = self.fresh(frame)
            try:
                self.machine.map(pid, page, new, rights)
            except Refused:
                self.release(new)
                raise
            if frame is not None:
                self.release(frame)

    def fork(self, parent, child):
        before = dict(self.machine.tables[parent])
        try:
            for page in sorted(before):
                frame, flags = before[page]
                kept = flags & ~WRITE | (COW if flags & WRITE else 0)
                if kept != flags:
                    self.machine.protect(parent, page, kept)
                self.machine.map(child, page, frame, kept)
                if frame != self.machine.zero_frame:
                    self.users[frame] += 1
        except Refused:
            for page, (frame, _) in sorted(self.machine.tables[child].items()):
                self.machine.unmap(child, page)
                self.release(frame)
            for page, (_, flags) in sorted(before.items()):
                if self.machine.tables[parent][page][1] != flags:
                    self.machine.protect(parent, page, flags)
            raise
        self.regions[child] = dict(self.regions.get(parent, {}))

    def exit(self, pid):
        for page, (frame, _) in sorted(self.machine.tables[pid].items()):
            self.machine.unmap(pid, page)
            self.release(frame)
        self.regions.pop(pid, None)


class Run:
    """One scenario: carries out steps, and logs what the kernel does."""

    def __init__(self, begin, log):
        self.log = log
        self.machine = Machine(begin, log)
        self.kernel = Kernel(self.machine)
        log += [INIT, 0, RETURNED]

    def call(self, number, method, pid, *arguments, head=()):
        """Let the kernel do something, and log the call, its operations and how it ended. Return the ending."""
        self.log += [number, pid, *head]
        ending = RETURNED
        try:
            method(pid, *arguments)
        except Refused as refused:
            ending = refused.ending
        self.log.append(ending)
        return ending

    def finish(self, pid):
        self.call(EXIT, self.kernel.exit, pid)
        self.machine.drop(pid)

    def step(self, step):
        machine, verb = self.machine, step["verb"]
        if verb == "fail":
            machine.fail = {step["operation"]: step["after"]}
            return
        pid = machine.named.get(step["by"])
        if pid in machine.alive:
            self.perform(pid, verb, step)
        machine.fail = {}

    def perform(self, pid, verb, step):
        if verb in ACCESSES:
            self.access(pid, ACCESSES[verb], *self.machine.place(step["at"]))
        elif verb == "fork":
            self.fork(pid, step["child"])
        elif verb == "exit":
            self.finish(pid)
        elif verb == "mmap":
            self.mmap(pid, step)
        elif verb == "munmap":
            self.call(MUNMAP, self.kernel.munmap, pid, *self.machine.place(step["at"]))
        else:
            self.call(MPROTECT, self.kernel.mprotect, pid, *self.machine.place(step["at"]), rights(step["protection"]))

    def access(self, pid, right, first, pages):
        for page in range(first, first + pages):
            for _ in range(2):
                if self.machine.tables[pid].get(page, (0, 0))[1] & right:
                    break
                ending = self.call(FAULT, self.kernel.page_fault, pid, page, right, head=[page])
                if ending in (SEGV, NOMEM):
                    self.finish(pid)
                    return

    def mmap(self, pid, step):
        machine = self.machine
        pages = step["pages"]
        first = machine.place(step["at"])[0] if "at" in step else machine.next_page[pid]
        ending = self.call(MMAP, self.kernel.mmap, pid, first, pages, rights(step.get("protection", "rw-")))
        if ending == RETURNED:
            machine.mappings[step["name"]] = first, pages
            machine.next_page[pid] = max(machine.next_page[pid], first + pages + 1)

    def fork(self, pid, name):
        machine = self.machine
        if len(machine.alive) >= machine.most:
            return
        child = machine.spawn(machine.next_page[pid])
        ending = self.call(FORK, self.kernel.fork, pid, child)
        if ending == RETURNED:
            machine.named[name] = child
        else:
            machine.drop(child)

    def end(self):
        for pid in list(self.machine.alive):
            self.finish(pid)


def rights(text):
    return sum(bit for bit, letter in zip((READ, WRITE, EXECUTE), text, strict=True) if letter != "-")


def read(descriptor, size):
    data = b""
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def write(descriptor, kind, payload=b""):
    data = struct.pack("<BI", kind, len(payload)) + payload
    while data:
        data = data[os.write(descriptor, data) :]


def main(inp, out):
    write(out, HELLO, struct.pack("<I", os.getpid()))
    run, log = None, []
    while True:
        kind, size = struct.unpack("<BI", read(inp, 5))
        payload = read(inp, size)
        if kind == SOURCE:
            write(out, READY)  # the kernel is built in
            continue
        if kind == BEGIN:
            run = Run(json.loads(payload), log)
        elif kind == STEP:
            run.step(json.loads(payload))
        elif kind == END:
            run.end()
        write(out, ANSWER, struct.pack(f"<{len(log)}i", *log))
        log.clear()


main(*map(int, sys.argv[1:3]))
