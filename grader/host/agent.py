"""The processes of a scenario as real processes: a program of its own that imports nothing of the grader.

The grader writes one JSON line per command to its input and reads one line back. The agent forks a worker for each
process of the scenario; a worker carries out one system call or access at a time, between two calls of getrusage.
Python writes to its own memory all the time, so after each fork both sides first fault in all their private memory
except the arena, which is the memory under test.

Nothing stays behind. Workers end when the agent does, since no one else holds the writing end of their pipes; the
agent ends its workers when its own input ends; files have no name.
"""

import contextlib
import ctypes
import gc
import json
import mmap
import os
import resource
import select
import signal
import sys

PAGE = mmap.PAGESIZE
PR_SET_THP_DISABLE, PR_SET_CHILD_SUBREAPER = 41, 36
POPULATE_READ, POPULATE_WRITE = 22, 23  # advice of madvise, Linux 5.14
CLONE_VM, WALL = 0x100, 0x40000000
MREMAP_TO = 1 | 2  # may move, to a fixed address

#: Page p of the simulated machine is at BASE + p * PAGE, and no memory but the arena lies below END.
BASE, END = 0x20_0000_0000, 0x30_0000_0000

#: Where in a page a write leaves a number that is used once.
STAMP = 2048

#: Seconds after which a worker that does not answer is given up.
PATIENCE = 20

#: Parts of an iovec per system call.
IOVECS = 1024

#: Layout of the memory that all processes share: two struct rusage, then values.
BEFORE, AFTER, ANSWER, HELPER, VALUES, VALUE_COUNT = 0, 256, 512, 640, 4096, 1 << 16
MINOR, MAJOR = 8, 9  # longs of a struct rusage
OUTCOME, COUNT, CHILD = 0, 1, 2  # longs of an answer: how it ended, number of values, pid of a new child or -errno

libc = ctypes.CDLL(None, use_errno=True)
for name, arguments in {
    "mmap": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long),
    "munmap": (ctypes.c_void_p, ctypes.c_size_t),
    "mprotect": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
    "madvise": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
    "mincore": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p),
    "mlock": (ctypes.c_void_p, ctypes.c_size_t),
    "mremap": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p),
    "getrusage": (ctypes.c_int, ctypes.c_void_p),
    "readv": (ctypes.c_int, ctypes.c_void_p, ctypes.c_int),
    "read": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    "write": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    "pread": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long),
    "clone": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p),
}.items():
    getattr(libc, name).argtypes = arguments
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.readv.restype = libc.read.restype = libc.write.restype = ctypes.c_ssize_t

shared = mmap.mmap(-1, VALUES + VALUE_COUNT)
shared[:] = bytes(len(shared))
place = ctypes.addressof(ctypes.c_char.from_buffer(shared))
before = (ctypes.c_long * 18).from_address(place + BEFORE)
after = (ctypes.c_long * 18).from_address(place + AFTER)
answer = (ctypes.c_long * 3).from_address(place + ANSWER)
helper = (ctypes.c_long * 2).from_address(place + HELPER)  # faults of a task that acted for this process
values = (ctypes.c_ubyte * VALUE_COUNT).from_address(place + VALUES)
stack = mmap.mmap(-1, 1 << 16)
stack_top = ctypes.addressof(ctypes.c_char.from_buffer(stack)) + (1 << 16) - 64
iovecs = (ctypes.c_size_t * (4 * IOVECS))()
OK, SEGV, ERROR = 0, 1, 2

#: Whether the kernel has MADV_POPULATE (Linux 5.14).
populates = libc.madvise(place, PAGE, POPULATE_READ) == 0


def populate():
    """Fault in this process's memory, except the arena. Twice: reading the list allocates memory itself."""
    for again in range(2):
        with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
        for line in lines:
            where, rights, *rest = line.split(maxsplit=2)
            first, end = (int(number, 16) for number in where.split("-"))
            if BASE <= first < END:
                continue
            own = rights.startswith("rw") and rights[3] == "p"
            if again and not own:
                continue
            if populates:
                # Parts that cannot be read (guard pages, vvar) refuse, and need no fault.
                libc.madvise(first, end - first, POPULATE_WRITE if own else POPULATE_READ)
            elif rights.startswith("r") and "[v" not in rest[0]:
                touch_by_hand(first, end, own)


def touch_by_hand(first, end, own):
    """Touch each page, on kernels without MADV_POPULATE: read a byte, and let the kernel write it where memory is ours.

    It copies the byte to itself in one system call. Written from here, a byte of our own stack or heap could have
    changed since it was read.
    """
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for page in range(first, end, PAGE):
            if own:
                libc.pread(memory.fileno(), page, 1, page)
            else:
                ctypes.c_ubyte.from_address(page).value  # noqa: B018 - this reads the page


# -- what a worker can do: each returns an outcome; measured between two calls of getrusage ------------------------


def read(first, count, offset):
    """Read one byte of each page."""
    for i in range(count):
        values[i] = ctypes.c_ubyte.from_address(first + i * PAGE + offset).value
        answer[COUNT] = i + 1
    return OK


def write(first, count, offset, stamp):
    """Write one byte of each page, given in `values`, and the stamp of each."""
    for i in range(count):
        page = first + i * PAGE
        ctypes.c_ubyte.from_address(page + offset).value = values[i]
        ctypes.c_ulong.from_address(page + STAMP).value = stamp + i
    return OK


def jump(first, count, offset):
    """Execute a byte of a page that is not executable, which ends this process."""
    ctypes.CFUNCTYPE(None)(first + offset)()
    return OK


def jump_and_live(first, count, offset):
    """Let a task that shares this memory execute a byte of each page; it dies, and its faults count."""
    for i in range(count):
        pid = libc.clone(first + i * PAGE + offset, stack_top, CLONE_VM | signal.SIGCHLD, None)
        if pid < 0:
            return ERROR
        _, status, usage = os.wait4(pid, WALL)
        helper[0] += usage.ru_minflt
        helper[1] += usage.ru_majflt
        if os.WIFSIGNALED(status):
            return SEGV
    return OK


def kernel_reads(first, count, offset, pipe):
    """Let write(2) read one byte of each page. A call per page: a pipe drops the good part of a call that fails."""
    for i in range(count):
        if libc.write(pipe[1], first + i * PAGE + offset, 1) < 1:
            return ERROR
        libc.read(pipe[0], place + VALUES + i, 1)
        answer[COUNT] = i + 1
    return OK


def kernel_writes(first, count, offset, pipe, stamp):
    """Let read(2) write one byte of each page, given in `values`, and the stamp."""
    done = 0
    while done < count:
        part = min(count - done, IOVECS)
        data = bytearray()
        for i in range(part):
            page = first + (done + i) * PAGE
            iovecs[4 * i : 4 * i + 4] = [page + offset, 1, page + STAMP, 8]
            data += bytes((values[done + i],)) + (stamp + done + i).to_bytes(8, sys.byteorder)
        os.write(pipe[1], data)
        moved = libc.readv(pipe[0], iovecs, 2 * part) if part > 0 else 0
        if moved < len(data):
            os.read(pipe[0], len(data))
            return ERROR
        done += part
    return OK


def mapping(address, length, protection, flags, descriptor, offset):
    """Map memory."""
    return ERROR if libc.mmap(address, length, protection, flags, descriptor, offset) != address else OK


def call(name, *arguments):
    """Carry out a system call that returns 0 if it succeeds."""
    return ERROR if getattr(libc, name)(*arguments) else OK


def resident(first, count):
    """Tell of each page of a file mapping whether it is in memory, mapped or not."""
    answer[COUNT] = count
    return ERROR if libc.mincore(first, count * PAGE, place + VALUES) else OK


def moving(old, length, new_length, new):
    """Move memory."""
    return ERROR if libc.mremap(old, length, new_length, MREMAP_TO, new) != new else OK


OPERATIONS = {
    "read": read,
    "write": write,
    "jump": jump,
    "jump_and_live": jump_and_live,
    "mapping": mapping,
    "call": call,
    "moving": moving,
    "resident": resident,
}


def carry_out(operation, arguments):
    """Carry out an operation between two looks at the counts."""
    answer[COUNT] = helper[0] = helper[1] = 0
    libc.getrusage(0, place + BEFORE)
    outcome = operation(*arguments)
    libc.getrusage(0, place + AFTER)
    after[MINOR] += helper[0]
    after[MAJOR] += helper[1]
    answer[OUTCOME] = outcome


class Workers:
    """The pipes of all processes of a scenario, made before the first fork."""

    def __init__(self, count):
        self.commands = [os.pipe() for _ in range(count)]
        self.replies, self.ready, self.data = os.pipe(), os.pipe(), os.pipe()
        self.operations = {
            **OPERATIONS,
            "kernel_reads": lambda first, count, offset: kernel_reads(first, count, offset, self.data),
            "kernel_writes": lambda first, count, offset, stamp: kernel_writes(first, count, offset, self.data, stamp),
        }
        self.pids = {}
        self.descriptors = {}

    def start(self, number):
        """Fork a process that exists when the scenario begins."""
        pid = os.fork()
        if pid == 0:
            self.begin()
            for _, end in self.commands:
                os.close(end)
            os.write(self.ready[1], b"r")
            self.work(number)
        self.note(number, pid)
        self.await_ready()

    def await_ready(self):
        """Wait until a new process has prepared itself."""
        poll = select.poll()
        poll.register(self.ready[0], select.POLLIN)
        if not poll.poll(PATIENCE * 1000):
            raise TimeoutError("a new process did not begin to work")
        os.read(self.ready[0], 1)

    def begin(self):
        """Prepare a new process."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self.warm()
        populate()

    def warm(self):
        """Go through what is measured once, on memory that is not under test."""
        scratch = ctypes.addressof(ctypes.c_char.from_buffer(stack))
        for _ in range(2):
            carry_out(write, (scratch, 2, 0, 1))
            carry_out(read, (scratch, 2, 0))
            carry_out(call, ("mprotect", scratch, PAGE, 3))
            carry_out(self.operations["kernel_writes"], (scratch, 1, 0, 1))
            carry_out(self.operations["kernel_reads"], (scratch, 1, 0))

    def note(self, number, pid):
        """Remember a process, and watch it if the kernel lets us (not before Linux 5.3, nor in some containers)."""
        self.pids[number] = pid
        with contextlib.suppress(OSError, AttributeError):
            self.descriptors[number] = os.pidfd_open(pid)

    def work(self, number):
        """Carry out commands until there are none; the process of this worker ends here."""
        while True:
            data = os.read(self.commands[number][0], 1 << 16)
            if not data:
                os._exit(0)
            name, arguments = json.loads(data)
            if name == "exit":
                libc.getrusage(0, place + BEFORE)
                os._exit(0)
            if name == "fork":
                number = self.fork(number, *arguments)
            else:
                carry_out(self.operations[name], arguments)
            os.write(self.replies[1], b"r")

    def fork(self, number, child):
        """Fork; return the number of the process that goes on. The child answers nothing, so it waits for commands."""
        try:
            pid = os.fork()
        except OSError as error:
            answer[OUTCOME], answer[CHILD] = ERROR, -(error.errno or 1)
            return number
        if pid == 0:
            populate()
            os.write(self.ready[1], b"r")
            self.work(child)
        self.await_ready()
        populate()
        answer[OUTCOME], answer[CHILD] = OK, pid
        ctypes.memmove(before, after, ctypes.sizeof(before))
        return number

    def tell(self, number, name, arguments):
        """Let a worker carry out an operation; return (what became of it, faults, values)."""
        os.write(self.commands[number][1], json.dumps([name, arguments]).encode())
        if self.replied(number):
            os.read(self.replies[0], 1)
            return self.answered(number, name, arguments)
        return self.died(number) if self.stat(number)[0] == "Z" else ["stuck", [0, 0], []]

    def replied(self, number):
        """Return True once a worker has answered; False if it has died, or does neither for too long."""
        poll = select.poll()
        poll.register(self.replies[0], select.POLLIN)
        if number in self.descriptors:
            poll.register(self.descriptors[number], select.POLLIN)
            return self.replies[0] in [descriptor for descriptor, _ in poll.poll(PATIENCE * 1000)]
        for _ in range(PATIENCE * 100):
            dead = self.stat(number)[0] == "Z"  # asked first: what it answered before is there by now
            if poll.poll(0 if dead else 10):
                return True
            if dead:
                break
        return False

    def answered(self, number, name, arguments):
        """Return what a worker has answered: outcome, faults, values."""
        if name == "fork":
            if answer[CHILD] <= 0:
                return ["refused", [0, 0], [-answer[CHILD]]]
            self.note(arguments[0], answer[CHILD])
            return ["ok", None, [answer[CHILD]]]
        faults = [after[MINOR] - before[MINOR], after[MAJOR] - before[MAJOR]]
        return [("ok", "segv", "error")[answer[OUTCOME]], faults, values[: answer[COUNT]]]

    def died(self, number):
        """Return how a worker died, with its faults; it stays a zombie, whose counts can still be read."""
        fields = self.stat(number)
        mine = int(fields[1]) == os.getpid()  # and not a child of another worker
        how = os.waitid(os.P_PID, self.pids[number], os.WEXITED | os.WNOWAIT) if mine else None
        status = how.si_status if how is not None else int(fields[49]) & 0x7F
        faults = [int(fields[7]) - before[MINOR], int(fields[9]) - before[MAJOR]]
        outcome = {0: "ok", signal.SIGSEGV: "segv", signal.SIGBUS: "segv"}.get(status, f"signal {status}")
        return [outcome, faults, values[: answer[COUNT]]]

    def stat(self, number):
        """Return the fields of /proc/PID/stat that follow the name: state, parent, ..."""
        with open(f"/proc/{self.pids[number]}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()

    def end(self):
        """End all workers and leave none as a zombie."""
        for pid in self.pids.values():
            os.kill(pid, signal.SIGKILL)  # a zombie until it is waited for below, so the number is not another's
        try:
            while True:
                os.waitpid(-1, WALL)
        except ChildProcessError:
            pass
        ends = [*self.commands, self.replies, self.ready, self.data]
        for descriptor in [*(end for pair in ends for end in pair), *self.descriptors.values()]:
            os.close(descriptor)


def make_file(folder, pages, contents, writable, cached):
    """Make a file without a name, page by page; a file that is not cached is on disk only. Return its descriptor."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        import tempfile  # every module costs each worker memory to fault in

        descriptor, path = tempfile.mkstemp(dir=folder)
        os.unlink(path)
    for number in range(pages):
        os.pwrite(descriptor, bytes([contents[number]]) * PAGE, number * PAGE)
    os.fsync(descriptor)
    if not cached:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    if writable:
        return descriptor
    only_read = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    os.close(descriptor)
    return only_read


def scenario(begin, line):
    """Play one scenario: commands until `end`. Return nothing; every command is answered."""
    files = [make_file(*given) for given in begin["files"]]
    workers = Workers(begin["processes"])
    try:
        for number in range(begin["started"]):
            workers.start(number)
        say({"files": files, "pids": workers.pids, "populates": populates})
        for data in sys.stdin:
            command = json.loads(data)
            if command[0] == "end":
                break
            number, name, arguments, given = command
            values[: len(given)] = given
            say(workers.tell(number, name, arguments))
    finally:
        workers.end()
        for descriptor in files:
            os.close(descriptor)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    say({"seconds": sum(one.ru_utime + one.ru_stime for one in usage)})


def say(what):
    """Answer a command."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main():
    """Play scenarios until the input ends."""
    gc.disable()
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A limit of one byte keeps the kernel from writing a core, and from starting a program that would take it.
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    # Even so it would look for ELF headers in the mappings of a process that dies, and fault in their first pages.
    with contextlib.suppress(OSError), open("/proc/self/coredump_filter", "w", encoding="ascii") as file:
        file.write("0")
    populate()
    for line in sys.stdin:
        scenario(json.loads(line), line)


if __name__ == "__main__":
    main()
