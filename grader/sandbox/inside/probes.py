"""Six things that a confined process must not be able to do. A layer counts only if its probe fails.

Run in a pre-flight child, under the layers that every later child gets. True means that the thing was possible.
"""

from __future__ import annotations

import _socket
import _thread
import os
import time
from collections.abc import Callable

#: A file that every user may read on every POSIX system, and that does not belong to Python.
WORLD_READABLE = "/etc/passwd"

#: Under bwrap that file does not exist. This one does, so reading it tests only Landlock.
OURS = os.path.abspath(__file__)


def _can_read() -> bool:
    return any(_opened(path, os.O_RDONLY) for path in (WORLD_READABLE, OURS))


def _can_write() -> bool:
    # Opened, never written. A file of its own first; where no folder takes one, the file that everybody may write to.
    for folder in ("/tmp", "/dev/shm", "."):
        path = f"{folder}/.forklab-probe-{os.getpid()}"
        if _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL):
            os.unlink(path)
            return True
    return _opened(os.devnull, os.O_WRONLY)


def _opened(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags, 0o600))
    except OSError:
        return False
    return True


def _can_connect() -> bool:
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).close()
    return True


def _can_fork() -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _can_thread() -> bool:
    _thread.start_new_thread(time.sleep, (0,))
    return True


def _can_signal() -> bool:
    os.kill(os.getppid(), 0)
    return True


PROBES: dict[str, Callable[[], bool]] = {
    "read": _can_read,
    "write": _can_write,
    "socket": _can_connect,
    "fork": _can_fork,
    "thread": _can_thread,
    "signal": _can_signal,
}


def run_probes() -> dict[str, bool]:
    """Try everything. Return, by name, whether it was possible."""
    possible = {}
    for name, probe in PROBES.items():
        try:
            possible[name] = probe()
        except (OSError, RuntimeError):
            possible[name] = False
    return possible


def level_of(possible: dict[str, bool], in_jail: bool) -> str:
    """Return the level that the probes show. `in_jail`: started by bwrap, in namespaces of its own."""
    if any(possible[name] for name in ("write", "socket", "fork", "thread", "signal")):
        return "L1"
    if possible["read"]:
        return "L2S"
    return "L3" if in_jail and not os.path.exists(WORLD_READABLE) else "L2"
