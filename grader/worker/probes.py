"""Six things that a confined process must not be able to do. A wall is believed in when its probe fails.

Run in a pre-flight child, under the walls that every later child gets. True means that the thing was possible.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

#: A file that every user may read on every POSIX system, and that is no part of Python.
WORLD_READABLE = "/etc/passwd"


def _can_read() -> bool:
    os.close(os.open(WORLD_READABLE, os.O_RDONLY))
    return True


def _can_write() -> bool:
    # Opened for writing, never written: /dev/null would prove nothing, so a file in the usual folder for such.
    path = f"/tmp/.forklab-probe-{os.getpid()}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(path)
    return True


def _can_connect() -> bool:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    return True


def _can_fork() -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _can_thread() -> bool:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
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
    """name -> whether it was possible."""
    signal.alarm(5)
    possible = {}
    for name, probe in PROBES.items():
        try:
            possible[name] = probe()
        except (OSError, RuntimeError):
            possible[name] = False
    signal.alarm(0)
    return possible


def level_of(possible: dict[str, bool], in_jail: bool) -> str:
    """The level that the probes show. `in_jail`: started by bwrap, in namespaces of its own."""
    if any(possible[name] for name in ("write", "socket", "fork", "thread", "signal")):
        return "L1"
    if possible["read"]:
        return "L2S"
    return "L3" if in_jail and not os.path.exists(WORLD_READABLE) else "L2"
