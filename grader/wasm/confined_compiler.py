"""The process that a compiler runs in: it confines itself, then becomes the compiler.

    python -I -S -c PROGRAM ROOT FOLDER TOOLS SECONDS -- COMMAND...

A C source decides which files a compiler reads (`#include`, `#embed`, `.incbin`) and how long it works. So this process
may read the compiler's own folder and the one with the sources, write to that folder only, open no connection, and has
limits on time, memory and the size of files. Where root starts it, it gives up root first.
"""

from __future__ import annotations

import os
import sys

PROGRAM = "import sys; sys.path.append(sys.argv[1]); from grader.wasm.confined_compiler import main; main()"

#: Exit status that says: not confined, not compiled.
NO_WALLS = 91

MEMORY = 4 << 30
FILE = 64 << 20


def main() -> None:
    """Confine this process and execute the command. Exit with NO_WALLS, and the reason on stderr, if that fails."""
    root, folder, tools, seconds = sys.argv[1:5]
    command = sys.argv[6:]
    sys.path.remove(root)
    try:
        confine(folder, tools, int(seconds))
    except OSError as error:
        os.write(2, f"{error.strerror or error}".encode())
        os._exit(NO_WALLS)
    environment = {"PATH": "/nonexistent", "HOME": folder, "TMPDIR": folder}
    environment |= {"ZIG_GLOBAL_CACHE_DIR": f"{folder}/cache", "ZIG_LOCAL_CACHE_DIR": f"{folder}/cache"}
    os.chdir(folder)
    os.execve(command[0], command, environment)


def confine(folder: str, tools: str, seconds: int) -> None:
    """Put the walls up around the calling process. OSError without Landlock."""
    import resource

    from grader.sandbox.inside.confine import landlock, libc, rlimits

    rules = [(tools, "run"), (folder, "write")]
    rules += [(path, "read") for path in ("/dev/null", "/dev/urandom", "/proc/self", "/etc/ld.so.cache")]
    rules += [(path, "run") for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64") if os.path.isdir(path)]
    ruleset = landlock.make_ruleset(rules)
    limits = {
        "RLIMIT_AS": MEMORY,
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": FILE,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 256,
    }
    for name, value in limits.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
    if os.geteuid() == 0:
        os.chown(folder, rlimits.NOBODY, rlimits.NOBODY)
        rlimits.become_nobody()
    libc.prctl(libc.PR_SET_PDEATHSIG, 9)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(ruleset)
    os.close(ruleset)
