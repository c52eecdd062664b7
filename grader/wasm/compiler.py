"""Compile a student's kernel.c to WebAssembly, in a process that can read nothing but the compiler and the source.

The compiler is zig's (`pip install 'forklab[c]'`), or a clang on PATH that knows the target wasm32. The module is kept
by the hash of everything that it depends on.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from grader.errors import InputError
from grader.sandbox.launch import ROOT, interpreter
from grader.wasm import confined_compiler, module_cache
from grader.wasm.runtime import installing

if TYPE_CHECKING:
    import subprocess

HERE = pathlib.Path(__file__).parent

#: All that a kernel in C may include.
HEADER = HERE / "forklab.h"

#: Processor seconds of a compilation, and seconds by the clock: a compiler that has to wait for a busy machine, or was
#: stopped, says nothing about the source.
CPU_S, WALL_S = 10, 60

#: Bytes of memory that no kernel needs: a compiler that took as much, and got no more, had our limit in its way.
MUCH_MEMORY = confined_compiler.MEMORY // 2

#: Characters of the compiler's messages that are read, and messages that are shown.
TOLD, SHOWN = 20_000, 8

#: Bytes of a module; the model answers have 23,000.
MODULE_LIMIT = 1 << 20

_FLAGS = (
    *("-target", "wasm32-freestanding", "-std=c17", "-O1", "-g", "-ffreestanding", "-nostdlib", "-nostdinc"),
    "-fno-builtin",
    # An assembler reads any file (.incbin), and trigraphs would hide a directive from source_check.py.
    *("-fno-gnu-inline-asm", "-fno-trigraphs"),
    # A variable without a value has the same one in each run, whatever the stack holds.
    "-ftrivial-auto-var-init=pattern",
    # What C leaves undefined traps, in the line where it happens.
    *("-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-sanitize-merge"),
    *("-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror=return-type"),
    *("-Werror=uninitialized", "-Werror=sometimes-uninitialized", "-Wframe-larger-than=20000"),
    *("-fno-caret-diagnostics", "-fno-color-diagnostics", "-Wl,--no-entry", "-Wl,-z,stack-size=32768"),
)

#: `file:line:column: kind: text [-Wname]`, as clang says it.
_MESSAGE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?P<kind>(?:fatal )?error|warning): (?P<text>.*)$", re.M)


#: What an error in forklab.h is about: the line that includes it, for which a macro before it may be to blame.
_INCLUDED = re.compile(r"^In file included from (?P<file>[^:\n]+):(?P<line>\d+)", re.M)

#: What the linker says of names.
_SYMBOL = re.compile(r"(?P<what>undefined symbol|duplicate symbol|symbol type mismatch): (?P<name>\S+)")
_SYMBOLS = {
    "undefined symbol": "{} is used, but defined nowhere",
    "duplicate symbol": "{} is defined by forklab.h already; give yours another name",
    "symbol type mismatch": "{} is declared in two ways",
}


class CompilerFault(InputError):
    """This machine could not compile a kernel, and nothing shows that the kernel is to blame."""

    def __init__(self, reason: str, way_out: str = "see that the folder for temporary files (TMPDIR) has room") -> None:
        told = f"this machine could not compile kernel.c, which says nothing about the kernel: {reason}"
        super().__init__([f"{told}; {way_out}, and run it again"])
        self.args = (reason, way_out)  # so that it can be pickled


class Compiled(NamedTuple):
    """A module, or why the kernel has none. lines: (line of kernel.c, what the compiler says); warnings too."""

    module: bytes
    errors: tuple[tuple[int, str], ...] = ()
    warnings: tuple[tuple[int, str], ...] = ()
    reason: str = ""


def compile_kernel(
    source: str, walls: Callable[[], bool] = lambda: True, starting: Callable[[], None] = lambda: None
) -> Compiled:
    """Return the module of a kernel.c, or its errors.

    InputError if there is no compiler, CompilerFault if it cannot be confined, or ends in a way that only this machine
    may be to blame for.

    walls     says whether the system must confine the compiler, and is asked only if that is started; without, only
              source_check.py keeps it from other files
    starting  called before the compiler is, which takes a second or two; not if the module is kept
    """
    compiler = find_compiler()
    key = _key(source, compiler)
    compiled = _unpacked(module_cache.known(key))
    if compiled is not None:
        return compiled
    from grader.wasm.source_check import refused, with_plain_newlines

    source = with_plain_newlines(source)
    errors = refused(source)
    if errors:
        return Compiled(b"", errors=errors[:SHOWN])
    confined = walls()
    starting()
    compiled = _compile(source, compiler, confined)
    if compiled.module:
        module_cache.keep(key, json.dumps(compiled.warnings).encode() + b"\0" + compiled.module)
    return compiled


def _unpacked(kept: bytes | None) -> Compiled | None:
    """Return a kept module with what the compiler warned of: one without the other would change a result."""
    if kept is None:
        return None
    warnings, _, module = kept.partition(b"\0")
    return Compiled(module, warnings=tuple([(line, told) for line, told in json.loads(warnings)]))


def find_compiler() -> tuple[str, ...]:
    """Return the command of a C compiler for wasm32. InputError, with what to install, if there is none."""
    found = importlib.util.find_spec("ziglang")
    if found is not None and found.origin:
        program = "zig.exe" if os.name == "nt" else "zig"
        return (os.path.join(os.path.dirname(os.path.realpath(found.origin)), program), "cc")
    import shutil

    clang = shutil.which("clang")
    if clang is not None and os.path.isabs(clang) and shutil.which("wasm-ld"):
        return (os.path.realpath(clang),)
    raise InputError([f"a kernel in C needs a compiler: {installing()}"])


def _compile(source: str, compiler: tuple[str, ...], walls: bool) -> Compiled:
    import shutil
    import tempfile

    try:
        with tempfile.TemporaryDirectory(prefix="forklab-c-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)  # the compiler may run as another user
            (pathlib.Path(folder) / "kernel.c").write_text(source, encoding="utf-8", newline="")
            for name in ("forklab.h", "forklab.c"):
                shutil.copy(HERE / name, folder)
            return _compile_in(folder, compiler, walls)
    except OSError as error:
        raise CompilerFault(error.strerror or str(error)) from error


def _compile_in(folder: str, compiler: tuple[str, ...], walls: bool) -> Compiled:
    """Compile the sources in a folder. CompilerFault unless the kernel is certainly to blame for a failure."""
    # The folder's random name stays out of the module, whose bytes are the same each time.
    here = f"-ffile-prefix-map={folder}=."
    command = [*compiler, *_FLAGS, here, "-I.", "forklab.c", "kernel.c", "-o", "kernel.wasm"]
    end = _run(command, folder, walls)
    messages = end.said.decode("utf-8", "replace").replace(folder, "")[:TOLD]
    if end.status == confined_compiler.NOT_STARTED:
        raise CompilerFault("the C compiler cannot be started here", f"fix this ({messages})")
    module = pathlib.Path(folder, "kernel.wasm")
    errors, warnings = _told(messages, "error"), _told(messages, "warning")
    # A link would lead this process to a file that the compiler itself may not read.
    if end.status != 0 or module.is_symlink() or not module.is_file():
        return Compiled(b"", errors, warnings, "" if errors else _why(end, messages))
    if module.stat().st_size > MODULE_LIMIT:
        return Compiled(b"", reason=f"the compiled kernel has more than {MODULE_LIMIT >> 10} KiB")
    return Compiled(module.read_bytes(), (), warnings)


class _End(NamedTuple):
    """Holds how a compiler ended: exit status, processor seconds and bytes of memory that it had, and what it said."""

    status: int
    cpu: float
    memory: int
    said: bytes


def _run(command: list[str], folder: str, walls: bool) -> _End:
    """Run the compiler and return how it ended. CompilerFault if it takes too long by the clock."""
    import subprocess

    environment = None
    if os.name == "posix":
        level = confined_compiler.WALLS if walls else confined_compiler.LIMITS
        tools = os.path.dirname(command[0])
        start = [interpreter(), "-I", "-S", "-c", confined_compiler.PROGRAM, ROOT]
        # A little more than what is too much, so that whoever is ended for it has certainly had it.
        command = [*start, folder, tools, str(CPU_S + 2), level, "--", *command]
    else:
        environment = confined_compiler.environment(folder)
    # A file, not a pipe: it has a limit of its own, whatever the compiler has to say.
    with open(os.path.join(folder, "messages"), "w+b") as told:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            status, cpu, memory = _wait(process)
        finally:
            _end(process)
        told.seek(0)
        return _End(status, cpu, memory, told.read(TOLD))


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, float, int]:
    """Wait for a compiler; return its status, and the processor seconds and bytes that it and its children had."""
    if os.name != "posix":
        import subprocess

        try:
            return process.wait(timeout=WALL_S), 0.0, 0
        except subprocess.TimeoutExpired:
            raise _too_long() from None
    deadline = time.monotonic() + WALL_S
    while time.monotonic() < deadline:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            unit = 1 if sys.platform == "darwin" else 1024
            return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * unit
        time.sleep(0.01)
    raise _too_long()


def _too_long() -> CompilerFault:
    return CompilerFault(f"the C compiler did not end in {WALL_S} s, without as much processor time")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a compiler and, where processes have groups, whatever it has started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
    else:
        process.kill()
    process.wait()


def _told(messages: str, kind: str) -> tuple[tuple[int, str], ...]:
    """Return the compiler's messages on kernel.c, without the names of its options."""
    found = []
    for match in _MESSAGE.finditer(messages):
        line = _line_of(match, messages)
        if match["kind"].endswith(kind) and line and not _is_unreadable(match):
            found.append((line, _plain(re.sub(r" \[-W[^\]]*\]$", "", match["text"]))))
    return tuple(found[:SHOWN])


def _line_of(match: re.Match[str], messages: str) -> int:
    """Return the line of kernel.c that a message is about; 0 if it is about none."""
    file = os.path.basename(match["file"])
    if file == "forklab.h":
        for including in reversed(list(_INCLUDED.finditer(messages, 0, match.start()))):
            return int(including["line"]) if os.path.basename(including["file"]) == "kernel.c" else 0
    return int(match["line"]) if file == "kernel.c" else 0


def _is_unreadable(match: re.Match[str]) -> bool:
    """Return True if a message says that forklab.h, which is always there, cannot be read."""
    return match["kind"] == "fatal error" and "forklab.h" in match["text"]


def _plain(text: str) -> str:
    """Return a message without what means nothing to a beginner, and with what to do if a print was tried."""
    undeclared = re.match(r"call to undeclared function '(?P<name>\w+)'", text)
    if undeclared is None:
        return text
    prints = undeclared["name"] in ("printf", "fprintf", "sprintf", "puts", "putchar")
    return undeclared.group() + ("; print with fl_log, which knows %d %u %x %s %c" if prints else "")


def _why(end: _End, messages: str) -> str:
    """Return why a kernel does not compile of which no line is named. CompilerFault if it may be for another reason."""
    symbol = _SYMBOL.search(messages)
    if symbol:
        return _SYMBOLS[symbol["what"]].format(symbol["name"])
    if end.cpu >= CPU_S:
        return f"compiling took more than {CPU_S} s of processor time"
    if confined_compiler.has_all("RLIMIT_AS") and "out of memory" in messages and end.memory >= MUCH_MEMORY:
        return f"compiling took more memory than the {confined_compiler.MEMORY >> 30} GiB that it may have"
    if confined_compiler.has_all("RLIMIT_FSIZE") and re.search("File too large|FileTooBig", messages):
        return f"the compiled kernel has more than {confined_compiler.FILE >> 20} MiB"
    lines = [line for line in messages.splitlines() if line.strip()]
    told = f"it said: {lines[0][:200]}" if lines else "it said nothing"
    raise CompilerFault(f"the C compiler {_ending(end.status)}, and {told}")


def _ending(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


#: Files of this folder that a module, its warnings, or the form in which both are kept depend on.
_DECIDING = ("forklab.h", "forklab.c", "source_check.py", "compiler.py")


def _key(source: str, compiler: tuple[str, ...]) -> str:
    """Return a hash of everything that a module depends on."""
    status = os.stat(compiler[0])
    parts = [source, *_FLAGS, *compiler, str(status.st_size), str(status.st_mtime_ns)]
    # What was refused has no module; other rules may refuse what has one.
    parts += [(HERE / name).read_text(encoding="utf-8") for name in _DECIDING]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
