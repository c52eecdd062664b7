"""The layers that every POSIX system has: limits, another user, no stray descriptors; and the folders of modules."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable

from grader.sandbox.limits import CPU_BACKSTOP_S

#: The user id of `nobody`.
NOBODY = 65534

#: Folders for installed packages, which do not belong to the standard library even if they lie inside its folder.
INSTALLED = ("site-packages", "dist-packages")

#: The standard library's folder, as modules are looked up in it; see keep_modules_within_reach.
_library = os.path.dirname(os.path.realpath(os.__file__))

_SIGKILL = 9


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor above 2 that is not in `keep`."""
    low = 3
    for descriptor in sorted(keep):
        if descriptor >= low:
            os.closerange(low, descriptor)
            low = descriptor + 1
    os.closerange(low, 4096)


def become_nobody() -> None:
    """Give up root and every group, where we are root."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    if hasattr(os, "setresuid"):
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    else:  # macOS; root gives up all its user ids with this one
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def die_with(parent: int) -> None:
    """Ask to be killed when the parent ends, and forbid tracing. Linux only; elsewhere this does nothing.

    After become_nobody: a change of user clears the first.
    """
    try:
        from grader.sandbox.inside.confine.libc import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl

        prctl(PR_SET_PDEATHSIG, _SIGKILL)
        prctl(PR_SET_DUMPABLE, 0)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(0)


def limit_resources(memory_mib: int) -> None:
    """Set hard limits on memory, processor time, files and processes; skip those that this system does not have.

    The limit on processes applies once root was given up. The one on file sizes does not affect pipes and sockets.
    If memory runs short nevertheless, the system must kill this process first, not the grader.
    """
    try:
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(file, b"1000")
        os.close(file)
    except OSError:
        pass  # not Linux, or no /proc in here
    megabytes = memory_mib << 20
    wanted = {
        "RLIMIT_AS": megabytes,
        "RLIMIT_CPU": CPU_BACKSTOP_S,
        "RLIMIT_STACK": 8 << 20,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_NPROC": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is not None:
            _, hard = resource.getrlimit(number)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(number, (value, value))
            except (ValueError, OSError):
                continue


# -- modules --------------------------------------------------------------------------------------------------


def readable(libraries: Iterable[str]) -> list[tuple[str, str]]:
    """Return what a child may read, as (path, "list" or "read"): the standard library without what others installed
    into it, and the shared libraries that its modules load."""
    paths = [(_library, "list")]
    paths += [(f"{_library}/{name}", "read") for name in os.listdir(_library) if name not in INSTALLED]
    for folder in libraries:
        if _library.startswith(f"{folder}/"):
            paths += [(f"{folder}/{name}", "read") for name in os.listdir(folder) if ".so" in name]
        else:
            paths.append((folder, "read"))
    return [*paths, ("/etc/ld.so.cache", "read")]


def folders_for_modules() -> list[str]:
    """Return the folders below which a child may open files."""
    return [_library, os.path.dirname(os.path.realpath(os.__file__))]


def keep_modules_within_reach() -> None:
    """Let user `nobody` import the standard library even from a folder that it may not enter (such as /root).

    The zygote, still root, goes there, and modules are looked up by way of the process's own working folder: that
    needs no permission on the way. No capability is kept for it.
    """
    global _library  # noqa: PLW0603 - one library a process
    if os.geteuid() != 0 or not os.path.isdir("/proc/self/cwd") or _anybody_may_enter(_library):
        os.chdir("/")
        return
    os.chdir(_library)
    here, there = _library, "/proc/self/cwd"
    paths = [sys.path, *(getattr(module, "__path__", None) for module in list(sys.modules.values()))]
    for folders in paths:
        if isinstance(folders, list):
            real = [os.path.realpath(path) for path in folders]
            folders[:] = [there + path[len(here) :] if path.startswith(here) else path for path in real]
    sys.path_importer_cache.clear()
    _library = there


def _anybody_may_enter(path: str) -> bool:
    """Return True if every folder on the way to a path, and the path itself, lets every user pass."""
    while True:
        try:
            if not os.stat(path).st_mode & 0o001:
                return False
        except OSError:
            return False
        parent = os.path.dirname(path)
        if parent == path:
            return True
        path = parent
