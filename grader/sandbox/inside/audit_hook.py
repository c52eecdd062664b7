"""An audit hook: Python refuses what the sandbox refuses, early, with a readable message, at every level.

This protects nothing: native code bypasses it, and only the layers of confine/ are relied on. It exists so that a
kernel that opens a log file gets the same message on a laptop without a sandbox as in the course's CI: a sentence with
its own line number, instead of a bare "Operation not permitted" here and a silent success there.

Python reports what it is about to do as audit events (PEP 578); https://docs.python.org/3/library/audit_events.html
lists them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

#: Beginning of an event's name -> the action that a kernel may not perform.
_REFUSED = {
    "socket.": "use the network",
    "subprocess.": "start other programs",
    "os.system": "start other programs",
    "os.exec": "start other programs",
    "os.spawn": "start other programs",
    "os.posix_spawn": "start other programs",
    "os.startfile": "start other programs",
    "os.fork": "start processes",
    "pty.": "start processes",
    "os.kill": "send signals",
    "signal.": "send signals",
    "_thread.start_": "start threads",
    "os.remove": "change files",
    "os.rename": "change files",
    "os.link": "change files",
    "os.symlink": "change files",
    "os.mkdir": "change files",
    "os.rmdir": "change files",
    "os.truncate": "change files",
    "os.chmod": "change files",
    "os.chown": "change files",
    "os.utime": "change files",
    "os.setxattr": "change files",
    "os.removexattr": "change files",
    "os.chflags": "change files",
    "os.lockf": "change files",
    "shutil.": "change files",
    "tempfile.": "change files",
    "resource.": "change its limits",
    "fcntl.": "use fcntl",
    "syslog.": "write to the system's log",
}
_LOOKING = ("os.listdir", "os.scandir", "os.walk", "os.fwalk", "glob.glob", "pathlib.Path.glob")


def teach(folders: list[str]) -> None:
    """Install the hook in this process, for good. `folders`: where files may be read, for the sake of imports."""
    below = tuple(os.path.normcase(folder).rstrip(os.sep) + os.sep for folder in folders)
    sys.addaudithook(_hook(below))
    # Python reports the start of a thread only from 3.12 on.
    import _thread

    _thread.start_new_thread = _no_threads
    if "threading" in sys.modules:
        sys.modules["threading"]._start_new_thread = _no_threads  # type: ignore[attr-defined]


def _no_threads(*_: object) -> int:
    raise PermissionError("a kernel may not start threads")


def _hook(below: tuple[str, ...]) -> Callable[[str, tuple[object, ...]], None]:
    """Refuse an event. What the hook needs is bound here: a module's globals are easily changed by accident."""
    refused = tuple(_REFUSED)
    words = dict(_REFUSED)
    looking = frozenset(_LOOKING)
    writing = _WRITING
    allowed: set[str] = set()  # events seen before; an honest worker causes thousands, of a few kinds

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in allowed:
            return
        if event == "open":
            _check_open(below, writing, *arguments)
        elif event.startswith(refused):
            what = next(words[prefix] for prefix in refused if event.startswith(prefix))
            raise PermissionError(f"a kernel may not {what} ({event})")
        elif event in looking:
            if arguments and not _is_below(below, arguments[0]):
                raise PermissionError(f"a kernel may not list folders ({event} of {_shown(arguments[0])})")
        else:
            allowed.add(event)

    return hook


def _check_open(below: tuple[str, ...], writing: int, path: object, mode: object, flags: object) -> None:
    if isinstance(path, int):
        return
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & writing):
        raise PermissionError(f"a kernel may not write files ({_shown(path)})")
    if not _is_below(below, path):
        raise PermissionError(f"a kernel may not read files ({_shown(path)})")


def _is_below(below: tuple[str, ...], path: Any) -> bool:
    if isinstance(path, int):
        return True
    absolute = os.path.normcase(os.path.normpath(os.path.join(os.sep, os.fsdecode(path))))
    return f"{absolute}{os.sep}".startswith(below)


def _shown(path: Any) -> str:
    return repr(os.fsdecode(path))[:200]
