"""The agent of a replay where the kernel refuses system calls, as an old one or the filter of a container does.

python restricted_agent.py AGENT REFUSED ...    REFUSED is one of those in CALLS
"""

import ctypes
import runpy
import struct
import sys

#: Number of the call on x86-64, value of its third argument or None, error.
CALLS = {
    "pidfd_open": (434, None, 1),
    "populate_read": (28, 22, 22),
    "populate_write": (28, 23, 22),
    "prctl": (157, None, 1),
}

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, THIRD_ARGUMENT = 0, 32
ALLOW, ERROR = 0x7FFF0000, 0x00050000


def filter_of(refused):
    """Return a seccomp program that refuses these calls."""
    program = []
    for number, argument, error in (CALLS[name] for name in refused):
        test = [(LOAD, 0, 0, THIRD_ARGUMENT), (EQUAL, 0, 1, argument)] if argument is not None else []
        program += [(LOAD, 0, 0, NUMBER), (EQUAL, 0, len(test) + 1, number), *test, (RETURN, 0, 0, ERROR | error)]
    return [*program, (RETURN, 0, 0, ALLOW)]


def main():
    agent, *refused = sys.argv[1:]
    program = filter_of(refused)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    given = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
    assert libc.prctl(22, 2, given, 0, 0) == 0, ctypes.get_errno()  # a filter of system calls
    runpy.run_path(agent, run_name="__main__")


if __name__ == "__main__":
    main()
