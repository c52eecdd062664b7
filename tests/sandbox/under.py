"""Run a piece of Python on a system that lacks something: under a seccomp filter of ours that takes calls away."""

from __future__ import annotations

import json
import subprocess
import sys

#: What is taken away -> (system call, first argument or None, errno), by the kernel's numbers.
CALLS = {
    "x86_64": {
        "landlock": [(444, None, 38)],
        "landlock-denied": [(444, None, 1)],
        "landlock-late": [(446, None, 1)],
        "seccomp": [(317, None, 38), (157, 22, 22)],
        "namespaces": [(165, None, 1)],
    },
    "aarch64": {
        "landlock": [(444, None, 38)],
        "landlock-denied": [(444, None, 1)],
        "landlock-late": [(446, None, 1)],
        "seccomp": [(277, None, 38), (167, 22, 22)],
        "namespaces": [(40, None, 1)],
    },
}

_PRELUDE = """
import ctypes, json, os, sys
from grader.sandbox.inside.confine import libc, seccomp as s
code = [s._instruction(s._LOAD, s._NR)]
for number, argument, error in json.loads(sys.argv[1]):
    body = [s._returning(s._ERRNO | error)]
    if argument is not None:
        body = [s._instruction(s._LOAD, s._argument(0)), s._instruction(s._JUMP_EQ, argument, 0, 1), *body]
        body.append(s._instruction(s._LOAD, s._NR))
    code += [s._instruction(s._JUMP_EQ, number, 0, len(body)), *body]
data = b"".join([*code, s._returning(s._ALLOW)])
buffer = ctypes.create_string_buffer(data, len(data))
program = s._Program(len(data) // 8, ctypes.cast(buffer, ctypes.c_void_p))
libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
libc.prctl(libc.PR_SET_SECCOMP, 2, ctypes.byref(program))
"""


def run_without(things: list[str], code: str, machine: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a new interpreter where these `things` are not to be had."""
    calls = [call for thing in things for call in CALLS[machine][thing]]
    return subprocess.run(
        [sys.executable, "-c", _PRELUDE + code, json.dumps(calls)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
