"""The process that a compiler runs in: it confines itself, then becomes the compiler.

    python -I -S -c PROGRAM ROOT FOLDER TOOLS SECONDS LEVEL -- COMMAND...

A C source decides which files a compiler reads (`#include`, `#embed`, `.incbin`) and how long it works. So this process
may read the compiler's own folder and the one with the sources, write to that folder only, open no connection, and has
limits on time, memory and the size of files. Where root starts it, it gives up root first.

With LEVEL `limits` only the limits are set: for systems that cannot confine a process (level W).
"""

from __future__ import annotations

import os
import sys

PROGRAM = "import sys; sys.path.append(sys.argv[1]); from grader.wasm.confined_compiler import main; main()"

#: The values of LEVEL.
WALLS, LIMITS = "walls", "limits"

#: Exit status that says: the compiler was not started.
NOT_STARTED = 91

MEMORY = 4 << 30
FILE = 64 << 20

_LIMITS = {"RLIMIT_AS": MEMORY, "RLIMIT_FSIZE": FILE, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 256}


def main() -> None:
    """Confine this process and execute the command. Exit with NOT_STARTED, and the reason on stderr, if that fails."""
    root, folder, tools, seconds, level = sys.argv[1:6]
    command = sys.argv[7:]
    sys.path.remove(root)
    try:
        os.chdir(folder)
        limit(int(seconds))
        ruleset = make_ruleset(folder, tools) if level == WALLS else None  # root can still reach every folder
        if os.geteuid() == 0:
            give_up_root(folder)
        if ruleset is not None:
            confine(ruleset)
        os.execve(command[0], command, environment(folder))
    except OSError as error:
        os.write(2, f"{error.filename or ''} {error.strerror or error}".strip().encode())
        os._exit(NOT_STARTED)


def environment(folder: str) -> dict[str, str]:
    """Return the environment variables of a compiler that works in a folder."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    folders = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "LOCALAPPDATA"), folder)
    cache = os.path.join(folder, "cache")
    return {"PATH": os.devnull, **kept, **folders, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}


def limit(seconds: int) -> None:
    """Limit what this process, and what it becomes, may use."""
    import resource

    for name, value in {**_LIMITS, "RLIMIT_CPU": seconds}.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(number, (value, value))
        except (OSError, ValueError):
            if sys.platform != "darwin":  # macOS refuses a limit on memory
                raise


def has_all(name: str) -> bool:
    """Return True if a compiler can have all that its limit of this name allows: this process has no lower one."""
    if os.name != "posix":
        return False
    import resource

    _, hard = resource.getrlimit(getattr(resource, name))
    return hard == resource.RLIM_INFINITY or hard >= _LIMITS[name]


def give_up_root(folder: str) -> None:
    """Become nobody, who owns the folder. OSError if nobody cannot get there: the way may be closed to other users."""
    from grader.sandbox.inside.confine import rlimits

    os.chown(folder, rlimits.NOBODY, rlimits.NOBODY)
    rlimits.become_nobody()
    try:
        os.stat(folder)
    except OSError:
        told = "user nobody cannot enter the folder for temporary files; set TMPDIR to one that every user may enter"
        raise OSError(0, told) from None


def make_ruleset(folder: str, tools: str) -> int:
    """Return a descriptor of what a compiler may read and write. OSError without Landlock."""
    from grader.sandbox.inside.confine import landlock

    rules = [(tools, "run"), (folder, "write")]
    rules += [(path, "read") for path in ("/dev/null", "/dev/urandom", "/proc/self", "/etc/ld.so.cache")]
    rules += [(path, "run") for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64") if os.path.isdir(path)]
    return landlock.make_ruleset(rules)


def confine(ruleset: int) -> None:
    """Put the walls up around the calling process."""
    from grader.sandbox.inside.confine import landlock, libc

    libc.prctl(libc.PR_SET_PDEATHSIG, 9)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(ruleset)
    os.close(ruleset)
