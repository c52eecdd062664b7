"""System calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: object) -> int:
    """Make a raw system call. OSError if it fails."""
    result = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return int(result)


def prctl(option: int, value: int, pointer: object = None) -> None:
    """Call prctl(2) with a number and, where it takes one, a pointer. OSError if it fails."""
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), pointer or zero, zero, zero) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


#: personality(2): what asks for the one in force, and the flag for addresses that are not random.
_ASK, _ADDR_NO_RANDOMIZE = 0xFFFFFFFF, 0x0040000


@contextmanager
def same_layout() -> Iterator[None]:
    """Give all programs that are executed from here on, and by those in turn, the same memory layout.

    Where the system has no such thing, or a container forbids it, nothing happens.
    """
    before = _libc.personality(ctypes.c_ulong(_ASK)) if sys.platform == "linux" else -1
    if before >= 0:
        _libc.personality(ctypes.c_ulong(before | _ADDR_NO_RANDOMIZE))
    try:
        yield
    finally:
        if before >= 0:
            _libc.personality(ctypes.c_ulong(before))
