"""What every POSIX system gives: limits, another user, a session of one's own, no stray descriptors."""

from __future__ import annotations

import os
import resource
import signal

from grader.worker.limits import CPU_BACKSTOP_S

#: The user that nobody is.
NOBODY = 65534


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor above 2 that is not in `keep`."""
    low = 3
    for descriptor in sorted(keep):
        if descriptor >= low:
            os.closerange(low, descriptor)
            low = descriptor + 1
    os.closerange(low, 4096)


def become_nobody(keep_reading: bool = False) -> None:
    """Give up root, where we are root.

    keep_reading  keep the right to read past permissions (CAP_DAC_READ_SEARCH), and nothing else of root: for a
                  standard library in a folder that nobody may enter. Landlock still says what may be read; without it
                  (below L2) files are not protected anyway.
    """
    if os.geteuid() != 0:
        return
    if keep_reading:
        import ctypes

        from .libc import PR_SET_KEEPCAPS, prctl

        prctl(PR_SET_KEEPCAPS, ctypes.c_ulong(1))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if keep_reading:
        from .libc import keep_one_capability

        keep_one_capability(_CAP_DAC_READ_SEARCH)


_CAP_DAC_READ_SEARCH = 2


def anybody_may_enter(path: str) -> bool:
    """Whether every folder on the way to a path lets every user pass."""
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


def die_with(parent: int) -> None:
    """Be killed when the parent goes. After become_nobody: a change of user clears it."""
    try:
        import ctypes

        from .libc import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl
    except (ImportError, OSError, AttributeError):
        return
    try:
        prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0))
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(0)


def limit_resources(memory_mib: int) -> None:
    """Hard limits on memory, processor time, files and processes; what is not there on this system is left out."""
    megabytes = memory_mib << 20
    wanted = {
        "RLIMIT_AS": megabytes,
        "RLIMIT_CPU": CPU_BACKSTOP_S,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
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
