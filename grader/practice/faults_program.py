"""The programs fork_faults.c and, with --shared, shared_faults.c in Python, for machines without a C compiler.

It runs as a program of its own and imports nothing of the grader. Python writes to its own memory all the time, so
after the fork each side first faults in all its private memory except the buffer; what is counted afterwards is the
buffer's.
"""

import ctypes
import mmap
import os
import resource
import sys

PAGES, WINDOW, PAGE = 1024, 16, mmap.PAGESIZE
PR_SET_THP_DISABLE = 41
POPULATE_READ, POPULATE_WRITE = 22, 23  # advice of madvise, Linux 5.14

libc = ctypes.CDLL(None, use_errno=True)
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]

#: Whether the kernel has MADV_POPULATE (Linux 5.14).
page = mmap.mmap(-1, PAGE)
populates = libc.madvise(ctypes.addressof(ctypes.c_char.from_buffer(page)), PAGE, POPULATE_READ) == 0


def stop_at(who: str, faults: int, what: str) -> None:
    """Report a stop and wait for Enter; end if nobody is there to press it any more."""
    os.write(1, f"{who} {os.getpid()} {faults} {what}\n".encode())
    while (byte := os.read(0, 1)) != b"\n":
        if not byte:
            os._exit(1)


def populate(address: int) -> None:
    """Fault in this process's memory, except the buffer. Twice: reading the list allocates memory itself."""
    for _ in range(2):
        with open("/proc/self/maps", encoding="utf-8") as file:
            lines = [line.split() for line in file]
        for where, rights, *rest in lines:
            first, end = (int(number, 16) for number in where.split("-"))
            own = rights.startswith("rw") and rights[3] == "p"
            for start, stop in ((first, min(end, address)), (max(first, address + PAGES * PAGE), end)):
                if start >= stop:
                    continue
                if populates:
                    # Parts that cannot be read (guard pages, vvar) refuse, and need no fault.
                    libc.madvise(start, stop - start, POPULATE_WRITE if own else POPULATE_READ)
                elif rights.startswith("r") and not rest[-1].startswith("[v"):
                    touch_by_hand(start, stop, own)


def touch_by_hand(first: int, end: int, own: bool) -> None:
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


def minor_faults() -> int:
    """Return the minor faults of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def count_touch(buffer: memoryview, first: int, end: int, write: bool, byte: int = 7) -> int:
    """Read, or write, one byte of each page; return the faults that it took."""
    places = range(first * PAGE, end * PAGE, PAGE)
    before = minor_faults()
    if write:
        for place in places:
            buffer[place] = byte
    else:
        for place in places:
            buffer[place]
    return minor_faults() - before


def child(buffer: memoryview, address: int) -> None:
    """Read one half, write the other."""
    populate(address)
    stop_at("child", 0, "born")
    populate(address)
    stop_at("child", count_touch(buffer, 0, PAGES // 2, False), "read the first half")
    populate(address)
    stop_at("child", count_touch(buffer, PAGES // 2, PAGES, True, 8), "wrote the second half")


def main() -> None:
    """Run all stops."""
    alive, shared = "--alive" in sys.argv, "--shared" in sys.argv
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    memory = mmap.mmap(
        -1, (PAGES + WINDOW) * PAGE, flags=(mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE) | mmap.MAP_ANONYMOUS
    )
    # Windows of fault-around begin at multiples of 16 pages; so does the buffer.
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    address = start + -start % (WINDOW * PAGE)
    buffer = memoryview(memory)[address - start :][: PAGES * PAGE]
    (turn, end_turn), (leave, end_leave) = os.pipe(), os.pipe()
    os.write(1, f"buffer {address} {PAGES}\n".encode())
    stop_at("parent", 0, "mapped the buffer")
    populate(address)
    stop_at("parent", count_touch(buffer, 0, PAGES, True), "wrote all of it")
    pid = os.fork()
    if pid == 0:
        os.close(end_leave)
        child(buffer, address)
        os.close(end_turn)
        if alive:
            os.read(leave, 1)
        os._exit(0)
    os.close(end_turn)
    os.read(turn, 1)
    if not alive:
        os.waitpid(pid, 0)
        stop_at("parent", 0, "child has gone")
    populate(address)
    faults = count_touch(buffer, 0, PAGES, not shared)
    seen = sum(buffer[place] == 8 for place in range(0, PAGES * PAGE, PAGE))
    what = f"read all of it: {seen} pages hold what the child wrote" if shared else "wrote all of it again"
    stop_at("parent", faults, what)
    if alive:
        os.close(end_leave)
        os.waitpid(pid, 0)
        stop_at("parent", 0, "child has gone")


if __name__ == "__main__":
    main()
