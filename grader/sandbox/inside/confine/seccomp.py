"""seccomp: which system calls a process may make. A list of what is allowed; anything else fails with EPERM.

A few calls are allowed with some arguments only: opening without any intent to write, asking for limits without
setting them, the few fcntls and ioctls that Python makes on a pipe. Calls that the C library falls back from (clone3,
openat2, faccessat2) fail with ENOSYS, so that it does.

The filter is classic BPF, built here from tables in sight: `struct sock_filter {u16 code; u8 jt, jf; u32 k}` over
`struct seccomp_data {int nr; u32 arch; u64 instruction_pointer; u64 args[6]}`.
"""

from __future__ import annotations

import ctypes
import os
import struct

from grader.sandbox.inside.confine.libc import PR_SET_SECCOMP, prctl

_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH = 0, 4

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_MODE_FILTER = 2

#: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND: the same on both machines. (O_TMPFILE needs one of the first two.)
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000

#: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. Not F_SETOWN: with O_ASYNC it sends signals to others.
_FCNTLS = (0, 1, 2, 3, 1030)

#: TCGETS (isatty), FIOCLEX, FIONCLEX, FIONREAD
_IOCTLS = (0x5401, 0x5451, 0x5450, 0x541B)

#: name -> number on x86-64 and on aarch64 (None where the machine has no such call)
_CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "futex": (202, 98),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "mprotect": (10, 226),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "lseek": (8, 62),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "access": (21, None),
    "faccessat": (269, 48),
    "dup": (32, 23),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getrusage": (98, 165),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_OPEN, _OPENAT, _FCNTL, _IOCTL, _PRLIMIT = (2, None), (257, 56), (72, 25), (16, 29), (302, 261)
_FALL_BACK = ((435, 435), (437, 437), (439, 439))  # clone3, openat2, faccessat2

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _instruction(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jt, jf, k)


def _argument(index: int, high: bool = False) -> int:
    return 16 + 8 * index + (4 if high else 0)


def _returning(value: int) -> bytes:
    return _instruction(_RETURN, value)


def program(name: str) -> bytes:
    """Return the filter for a processor. OSError if it has no table here."""
    if name not in _MACHINES:
        raise OSError(95, f"no table of system calls for {name}")
    column, arch = _MACHINES[name]
    refuse = _returning(_ERRNO | _EPERM)
    parts = [
        _instruction(_LOAD, _ARCH),
        _instruction(_JUMP_EQ, arch, 1, 0),
        _returning(_KILL),
        _instruction(_LOAD, _NR),
        # x32 calls share x86-64's arch and have bit 30 set.
        _instruction(_JUMP_GE, 0x40000000, 0, 1),
        _returning(_KILL),
    ]
    for numbers in _CALLS.values():
        number = numbers[column]
        if number is not None:
            parts += [_instruction(_JUMP_EQ, number, 0, 1), _returning(_ALLOW)]
    for call, flags in ((_OPEN, 1), (_OPENAT, 2)):
        number = call[column]
        if number is not None:
            body = [
                _instruction(_LOAD, _argument(flags)),
                _instruction(_JUMP_SET, _WRITING, 0, 1),
                refuse,
                _returning(_ALLOW),
            ]
            parts += [_instruction(_JUMP_EQ, number, 0, len(body)), *body]
    for call, accepted in ((_FCNTL, _FCNTLS), (_IOCTL, _IOCTLS)):
        body = [_instruction(_LOAD, _argument(1))]
        for request in accepted:
            body += [_instruction(_JUMP_EQ, request, 0, 1), _returning(_ALLOW)]
        body.append(refuse)
        parts += [_instruction(_JUMP_EQ, call[column], 0, len(body)), *body]
    body = []
    for high in (False, True):  # prlimit64's third argument, the new limit, must be null
        body += [_instruction(_LOAD, _argument(2, high)), _instruction(_JUMP_EQ, 0, 1, 0), refuse]
    body.append(_returning(_ALLOW))
    parts += [_instruction(_JUMP_EQ, _PRLIMIT[column], 0, len(body)), *body]
    for numbers in _FALL_BACK:
        parts += [_instruction(_JUMP_EQ, numbers[column], 0, 1), _returning(_ERRNO | _ENOSYS)]
    parts.append(refuse)
    return b"".join(parts)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """A filter, built once and installed by each child."""

    def __init__(self) -> None:
        code = program(os.uname().machine)
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.cast(self._code, ctypes.c_void_p))

    def install(self) -> None:
        """Put the calling process under the filter, for good. Needs no_new_privs."""
        prctl(PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(self._program))
