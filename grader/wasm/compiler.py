"""Compile a student's kernel.c to WebAssembly, in a process that can read nothing but the compiler and the source.

The compiler is zig's (`pip install 'forklab[c]'`), or a clang on PATH that knows the target wasm32. The module is kept
by the hash of everything that it depends on, in a folder that only this user can write.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

from grader.errors import InputError
from grader.files import write_file
from grader.sandbox.launch import ROOT, interpreter
from grader.wasm.confined_compiler import NO_WALLS, PROGRAM

HERE = pathlib.Path(__file__).parent

#: Processor seconds of a compilation, and seconds by the clock.
CPU_S, WALL_S = 10, 30

#: Characters of the compiler's messages that are read, and messages that are shown.
TOLD, SHOWN = 20_000, 8

#: Bytes of a module; the model answers have 23,000.
MODULE_LIMIT = 1 << 20

_FLAGS = (
    *("-target", "wasm32-freestanding", "-std=c17", "-O1", "-g", "-ffreestanding", "-nostdlib", "-nostdinc"),
    "-fno-builtin",
    # What C leaves undefined traps, in the line where it happens.
    *("-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-sanitize-merge"),
    *("-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror=return-type"),
    *("-Werror=uninitialized", "-Werror=sometimes-uninitialized"),
    *("-fno-caret-diagnostics", "-fno-color-diagnostics", "-Wl,--no-entry", "-Wl,-z,stack-size=131072"),
)

#: `file:line:column: kind: text [-Wname]`, as clang says it.
_MESSAGE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?P<kind>(?:fatal )?error|warning): (?P<text>.*)$", re.M)

#: A line that would read a file: a directive, or the assembler's.
_READS = re.compile(
    rb"^[ \t]*(?:#|%:|\?\?=)[ \t]*(?P<what>include|embed|import|include_next)\b[ \t]*(?P<file>.*)$", re.M
)


class Compiled(NamedTuple):
    """A module, or why there is none. lines: (line of kernel.c, what the compiler says); warnings too."""

    module: bytes
    errors: tuple[tuple[int, str], ...] = ()
    warnings: tuple[tuple[int, str], ...] = ()
    reason: str = ""


def compile_kernel(source: str) -> Compiled:
    """Return the module of a kernel.c, or its errors. InputError if there is no compiler, or it cannot be confined."""
    compiler = find_compiler()
    refused = _refused(source)
    if refused:
        return Compiled(b"", errors=refused)
    key = _key(source, compiler)
    kept = _kept(key)
    if kept is not None:
        return Compiled(kept)
    compiled = _compile(source, compiler)
    if compiled.module:
        _keep(key, compiled.module)
    return compiled


def find_compiler() -> tuple[str, ...]:
    """Return the command of a C compiler for wasm32. InputError, with what to install, if there is none."""
    found = importlib.util.find_spec("ziglang")
    if found is not None and found.origin:
        return (os.path.join(os.path.dirname(os.path.realpath(found.origin)), "zig"), "cc")
    clang = shutil.which("clang")
    if clang is not None and os.path.isabs(clang) and shutil.which("wasm-ld"):
        return (os.path.realpath(clang),)
    raise InputError(["a kernel in C needs a compiler: pip install ziglang wasmtime"])


def _refused(source: str) -> tuple[tuple[int, str], ...]:
    """Return the lines that would read a file other than forklab.h, each with what to write instead."""
    # A backslash at the end of a line joins it with the next one before anything is looked at.
    text = re.sub(rb"\\[ \t]*\r?\n", b"", source.encode())
    found = []
    for match in _READS.finditer(text):
        if match["what"] == b"include" and re.fullmatch(
            rb'["<]forklab\.h[">]\s*(?://.*|/\*.*)?', match["file"].strip()
        ):
            continue
        line = text.count(b"\n", 0, match.start()) + 1
        found.append((line, '#include "forklab.h" is all that a kernel may include; there is no libc'))
    return tuple(found)


def _compile(source: str, compiler: tuple[str, ...]) -> Compiled:
    with tempfile.TemporaryDirectory(prefix="forklab-c-") as folder:
        os.chmod(folder, 0o755)  # the compiler may run as another user
        (pathlib.Path(folder) / "kernel.c").write_text(source, encoding="utf-8")
        for name in ("forklab.h", "forklab.c"):
            shutil.copy(HERE / name, folder)
        # The folder's random name stays out of the module, whose bytes are the same each time.
        here = f"-ffile-prefix-map={folder}=."
        command = [*compiler, *_FLAGS, here, "-I.", "forklab.c", "kernel.c", "-o", "kernel.wasm"]
        done = _run(command, folder, os.path.dirname(compiler[0]))
        messages = done.stderr.decode("utf-8", "replace").replace(folder, "")[:TOLD]
        if done.returncode == NO_WALLS:
            raise InputError([f"the C compiler cannot be confined here ({messages}); nothing was compiled"])
        module = pathlib.Path(folder, "kernel.wasm")
        errors, warnings = _told(messages, "error"), _told(messages, "warning")
        if done.returncode != 0 or not module.is_file():
            return Compiled(b"", errors, warnings, "" if errors else _why(done.returncode, messages))
        if module.stat().st_size > MODULE_LIMIT:
            return Compiled(b"", reason=f"the compiled kernel has more than {MODULE_LIMIT >> 10} KiB")
        return Compiled(module.read_bytes(), (), warnings)


def _run(command: list[str], folder: str, tools: str) -> subprocess.CompletedProcess[bytes]:
    start = [interpreter(), "-I", "-S", "-c", PROGRAM, ROOT, folder, tools, str(CPU_S), "--", *command]
    log = os.path.join(folder, "messages")
    with open(log, "w+b") as told:
        # A file, not a pipe: it has a limit of its own, whatever the compiler has to say.
        process = subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True)
        try:
            status = process.wait(timeout=WALL_S)
        except subprocess.TimeoutExpired:
            status = -9
        finally:
            _end(process)
        told.seek(0)
        return subprocess.CompletedProcess(start, status, b"", told.read(TOLD))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a compiler and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def _told(messages: str, kind: str) -> tuple[tuple[int, str], ...]:
    """Return the compiler's messages on kernel.c, without the names of its options."""
    found = []
    for match in _MESSAGE.finditer(messages):
        if match["kind"].endswith(kind) and os.path.basename(match["file"]) == "kernel.c":
            found.append((int(match["line"]), re.sub(r" \[-W[^\]]*\]$", "", match["text"])))
    return tuple(found[:SHOWN])


def _why(status: int, messages: str) -> str:
    """Return why a compilation failed that names no line of kernel.c."""
    if status in (-9, -24, 137, 152) or "out of memory" in messages:
        return f"compiling took more than {CPU_S} s of processor time, or more memory than it may have"
    undefined = re.search(r"undefined symbol: (\S+)", messages)
    if undefined:
        return f"{undefined[1]} is used, but defined nowhere"
    lines = [line for line in messages.splitlines() if line.strip()]
    return lines[0][:200] if lines else f"the compiler ended with status {status}"


# -- what was compiled before ---------------------------------------------------------------------------------


def _key(source: str, compiler: tuple[str, ...]) -> str:
    """Return a hash of everything that a module depends on."""
    status = os.stat(compiler[0])
    parts = [source, *_FLAGS, *compiler, str(status.st_size), str(status.st_mtime_ns)]
    parts += [(HERE / name).read_text(encoding="utf-8") for name in ("forklab.h", "forklab.c")]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _folder() -> pathlib.Path | None:
    """Return the folder for modules; None where others could have written to it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = pathlib.Path(base, "forklab", "c")
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for place in (folder, folder.parent):
            status = place.lstat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o022 or place.is_symlink():
                return None
    except (OSError, AttributeError):  # Windows has no users to compare
        return None
    return folder


def _kept(key: str) -> bytes | None:
    folder = _folder()
    try:
        data = (folder / key).read_bytes() if folder is not None else b""
    except OSError:
        return None
    digest, module = data[:32], data[32:]
    return module if module and hashlib.sha256(module).digest() == digest else None


def _keep(key: str, module: bytes) -> None:
    folder = _folder()
    if folder is None:
        return
    try:
        write_file(folder / key, hashlib.sha256(module).digest() + module)
    except OSError as error:
        print(f"forklab: {folder}: {error.strerror}; kernels in C are compiled each time", file=sys.stderr)
