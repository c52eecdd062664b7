"""The program of labs/copy-on-write/practice/sections.c in Python, for machines without a C compiler.

It runs as a program of its own. Its code and constants are parts of the interpreter's own libraries, which other
processes may use too; its stack is the part that holds arguments and environment.
"""

import ctypes
import mmap
import os

PAGE = mmap.PAGESIZE
PAGES = 8
MADV_POPULATE_READ = 22

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(41, 1, 0, 0, 0)  # no huge pages
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def stop_at(who: str, what: str) -> None:
    """Report a stop and wait for Enter; end if nobody is there to press it any more."""
    os.write(1, f"{who} {os.getpid()} 0 {what}\n".encode())
    while (byte := os.read(0, 1)) != b"\n":
        if not byte:
            os._exit(1)


def sections() -> dict[str, tuple[int, int]]:
    """Return name -> (address, pages) of parts of this process's memory."""
    found: dict[str, tuple[int, int]] = {}
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            where, rights, *_rest = line.split(maxsplit=5)
            first, end = (int(number, 16) for number in where.split("-"))
            pages = min(PAGES, (end - first) // PAGE)
            path = _rest[-1].strip() if len(_rest) == 4 else ""
            large = path.startswith("/") and pages == PAGES
            if rights == "r-xp" and large:
                found.setdefault(".text", (first, pages))
            elif rights == "r--p" and large and ".text" in found:
                found.setdefault(".rodata", (first, pages))
            elif path == "[stack]":
                # Below the names and above the frames of functions, where nothing but the large variable lies.
                found["stack"] = (end - 7 * PAGE, 4)
    return found


def main() -> None:
    """Run all stops."""
    buffer = mmap.mmap(-1, PAGES * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    found = sections()
    found["heap"] = (ctypes.addressof(ctypes.c_char.from_buffer(buffer)), PAGES)
    words = [f"{name} {found[name][0]} {found[name][1]}" for name in (".text", ".rodata", "heap", "stack")]
    os.write(1, f"sections {' '.join(words)}\n".encode())

    def use(write: bool) -> None:
        for name, (first, pages) in found.items():
            for page in range(first, first + pages * PAGE, PAGE):
                byte = ctypes.c_ubyte.from_address(page)
                if write and name in ("heap", "stack"):
                    byte.value = byte.value  # the stack holds arguments that must stay what they are
                else:
                    byte.value  # noqa: B018

    use(True)
    stop_at("parent", "used everything")
    pid = os.fork()
    if pid == 0:
        stop_at("child", "born")
        use(False)
        stop_at("child", "read everything")
        use(True)
        stop_at("child", "wrote heap and stack")
        os._exit(0)
    os.waitpid(pid, 0)
    stop_at("parent", "child has gone")


if __name__ == "__main__":
    main()
