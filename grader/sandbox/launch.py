"""Starts the zygote: the interpreter, its options, and bwrap around it where that is wanted.

The zygote gets only one socket from the grader: an environment of three variables, no open descriptor, no argument
that says what is graded, a session of its own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from _socket import socket

#: The grader's package, and the folder that holds it.
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(PACKAGE)

#: The descriptor of the control socket inside.
CONTROL = 3

#: -P: add no folder to the path; -s -S: no user's and no installed packages; -B: write nothing; -u: leave nothing in a
#: buffer of the zygote, which each child would print again.
OPTIONS = ("-P", "-s", "-S", "-B", "-u")

#: Collecting garbage while modules are imported would take a tenth of the time until the zygote is warm.
PROGRAM = (
    "import gc, sys; gc.disable(); sys.path.append(sys.argv[1]); from grader.sandbox.inside.zygote import main; main()"
)

#: The folder with everything that shares a process with a student's code, and nothing else.
INSIDE = os.path.join(PACKAGE, "sandbox", "inside")


class Zygote(NamedTuple):
    """A zygote that was started. `control`: our end of its socket; `log`: what it complains of, and EOF when it and
    all inside are gone."""

    pid: int
    control: socket
    log: int


def start(walls: str, limits: Limits, jail: str | None, polite: bool, entry: str, runtime: str = "") -> Zygote:
    """Start a zygote, inside `jail` (bwrap's path) if that is given. Does not wait for it. OSError if there is none.

    walls   the level whose walls the children get (`L1`, `L2S`, `L2`)
    polite  whether what the walls refuse is also refused by Python, in words (inside/audit_hook.py)
    entry   module:function that serves in each child
    runtime  the file of wasmtime's library, for kernels in C; it is loaded before the walls go up
    """
    import _socket

    ours, theirs = _socket.socketpair()
    log, complaints = os.pipe()
    core = core_file()
    command = [interpreter(), *OPTIONS, "-c", PROGRAM, ROOT]
    command += [walls, str(limits.memory_mib), "jailed" if jail else "free", "polite" if polite else "rude", entry]
    command += [os.pathsep.join(library_folders()), runtime, core]
    if jail:
        command = [*jail_command(jail, [file for file in (runtime, core) if file]), *command]
    compile_inside()
    inside = above_standard(theirs.fileno()), above_standard(complaints)
    try:
        pid = _spawn(command, _descriptors(*inside))
    finally:
        for descriptor in {*inside, complaints}:
            os.close(descriptor)
        if theirs.fileno() in inside:
            theirs.detach()
        else:
            theirs.close()
    os.set_blocking(log, False)
    return Zygote(pid, ours, log)


def _spawn(command: list[str], file_actions: list[tuple[int | str, ...]]) -> int:
    """Start a program in a session of its own, where the terminal's ctrl-C does not reach it: leaving is our part."""
    try:
        return os.posix_spawn(command[0], command, environment(), file_actions=file_actions, setsid=True)
    except NotImplementedError:
        # This C library cannot do it; the zygote then creates its session itself, a moment later.
        return os.posix_spawn(command[0], command, environment(), file_actions=file_actions)


def _descriptors(control: int, complaints: int) -> list[tuple[int | str, ...]]:
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, complaints, 1),
        (os.POSIX_SPAWN_DUP2, complaints, 2),
        (os.POSIX_SPAWN_DUP2, control, CONTROL),
    ]


def load_language(runtime: str) -> None:
    """Import what kernels need that a process's entry does not import: in C if it gets a runtime, else in Python."""
    if runtime:
        load_runtime(runtime)
    elif "grader.sandbox.inside.explorer" in sys.modules:
        from importlib import import_module

        import_module("grader.sandbox.inside.python_state")


def load_runtime(file: str) -> None:
    """Load the library of the WebAssembly runtime, and import what a kernel in C needs."""
    from importlib import import_module

    import_module("grader.sandbox.inside.wasm_library").load(file)
    import_module("grader.sandbox.inside.wasm_kernel")
    if "grader.sandbox.inside.explorer" in sys.modules:
        import_module("grader.sandbox.inside.wasm_state")


def make_host() -> None:
    """Make what the runtime needs for any kernel, once it is loaded: every fork of this process then has it."""
    from importlib import import_module

    # On macOS the library starts a thread, which no fork would have.
    if sys.platform.startswith("linux"):
        import_module("grader.sandbox.inside.wasm_runtime").host()


def core_file() -> str:
    """Return the file of the machine's compiled core, which the zygote loads before the walls go up; "" for none."""
    from importlib.machinery import PathFinder

    if PathFinder.find_spec("forklab_core") is None:
        return ""
    from grader.machine import core

    return core.current().file


def above_standard(descriptor: int) -> int:
    """Return the same file at a number above CONTROL, so that putting others at 0 to 3 does not hide it."""
    if descriptor > CONTROL:
        return descriptor
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, CONTROL + 1)


def interpreter() -> str:
    """Return the real interpreter, not that of a virtual environment: it needs only the standard library."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def environment() -> dict[str, str]:
    """Return the environment variables of the zygote. A fixed hash seed gives the same order of sets in every run."""
    kept = {name: absolute_folders(os.environ.get(name, "")) for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")}
    libraries = {name: os.pathsep.join(folders) for name, folders in kept.items() if folders}
    return {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", **libraries}


def absolute_folders(path: str) -> list[str]:
    """Return the entries of a search path without relative and empty ones, which mean the working folder.

    A submission there could bring its own `bwrap` or C library, and would run outside the sandbox.
    """
    return [folder for folder in path.split(os.pathsep) if os.path.isabs(folder)]


def compile_inside() -> None:
    """Compile the modules that only the inside imports, which cannot write behind its walls.

    The grader's own imports leave all other modules compiled.
    """
    if sys.dont_write_bytecode:
        return
    tag = sys.implementation.cache_tag
    for folder in (INSIDE, os.path.join(INSIDE, "confine")):
        for name in sorted(os.listdir(folder)):
            stem, extension = os.path.splitext(name)
            if extension == ".py" and not _compiled(f"{folder}/{name}", f"{folder}/__pycache__/{stem}.{tag}.pyc"):
                return


def _compiled(source: str, cached: str) -> bool:
    """Compile a module unless that was done since it was last changed. Return False if nothing can be written."""
    try:
        if os.stat(cached).st_mtime >= os.stat(source).st_mtime:
            return True
    except OSError:
        pass
    import py_compile

    try:
        py_compile.compile(source, quiet=2)
    except OSError:
        return False
    return True


# -- files ----------------------------------------------------------------------------------------------------


def library_folders() -> list[str]:
    """Return the folders of the shared libraries that this interpreter and its modules have loaded."""
    try:
        maps = os.open("/proc/self/maps", os.O_RDONLY)
    except OSError:
        return []
    with os.fdopen(maps, "rb", buffering=1 << 18) as file:
        lines = file.read().splitlines()
    found = {os.fsdecode(os.path.dirname(line[line.find(b"/") :])) for line in lines if b".so" in line and b"/" in line}
    folders = {os.path.realpath(folder) for folder in found if "/site-packages" not in folder}
    return sorted(folder for folder in folders if not folder.endswith("/lib-dynload"))


def standard_library() -> str:
    """Return the folder of the standard library."""
    return os.path.dirname(os.path.realpath(os.__file__))


# -- bwrap ----------------------------------------------------------------------------------------------------


def find_bwrap() -> str | None:
    """Return the path of bwrap, or None."""
    for folder in absolute_folders(os.environ.get("PATH", os.defpath)):
        path = os.path.join(folder, "bwrap")
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def jail_command(bwrap: str, packages: list[str]) -> list[str]:
    """Return the command line of bwrap: only the interpreter, its libraries, this package and the packages given exist,
    read-only."""
    jail = [bwrap, "--die-with-parent"]
    for path in ("/lib", "/lib64", "/usr/lib64"):
        if os.path.islink(path):
            jail += ["--symlink", os.readlink(path), path]
    library = standard_library()
    mounts = [*library_folders(), *(p for p in ("/lib64", "/usr/lib64") if os.path.isdir(p) and not os.path.islink(p))]
    mounts += [library, interpreter(), "/etc/ld.so.cache"]
    made: set[str] = set()
    mounted: list[str] = []
    for path in mounts:
        if os.path.exists(path) and not any(f"{path}/".startswith(f"{above}/") for above in mounted):
            mounted.append(path)
            jail += [*_folders_to(path, made), "--ro-bind", path, path]
    for installed in ("site-packages", "dist-packages"):
        if os.path.isdir(f"{library}/{installed}"):
            jail += ["--tmpfs", f"{library}/{installed}"]
    for package in (PACKAGE, *packages):
        jail += [*_folders_to(package, made), "--ro-bind", package, package]
    return [*jail, "--remount-ro", "/", "--chdir", "/", *_namespaces(), "--"]


def _namespaces() -> list[str]:
    if os.geteuid() != 0:
        return ["--unshare-all"]
    # Children give up root themselves; the zygote keeps only the right to let them do so, and to end them. A user
    # namespace would have no other user to switch to.
    own = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL")
    return [*own, "--cap-drop", "ALL", *(option for cap in kept for option in ("--cap-add", cap))]


def _folders_to(path: str, made: set[str]) -> list[str]:
    """Return options that make the folders on the way to a mount, so that every user may pass."""
    options: list[str] = []
    parts = path.split("/")[1:-1]
    for count in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:count])
        if folder not in made and not os.path.islink(folder):
            made.add(folder)
            options += ["--perms", "0755", "--dir", folder]
    return options
