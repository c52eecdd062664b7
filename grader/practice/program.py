"""Runs the program of a practice: builds it, starts it, lets it go on from stop to stop, and ends it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import NamedTuple

from grader.errors import InputError

from .tools import find_tool

#: The same programs for machines without a C compiler.
FAULTS_IN_PYTHON = pathlib.Path(__file__).with_name("faults_program.py")
SECTIONS_IN_PYTHON = pathlib.Path(__file__).with_name("sections_program.py")

COMPILERS = ("cc", "gcc", "clang")


class Arrival(NamedTuple):
    """A report of the program at a stop: the process that waits, and the new faults that it counted in the buffer."""

    who: str
    pid: int
    faults: int
    does: str


class Program:
    """A running program. It ends with this object: by itself, since its input ends, even if we are killed.

    compiled  False if the program in Python runs; `why` says why then
    """

    def __init__(self, source: pathlib.Path, alive: bool, shared: bool = False) -> None:
        options = ["--driven", *(["--alive"] if alive else [])]
        with tempfile.TemporaryDirectory(prefix="practice-") as folder:
            binary, self.why = _compile(source, pathlib.Path(folder))
            self.compiled = binary is not None
            if binary is not None:
                self._process = _start([str(binary), *options])
            else:
                program = SECTIONS_IN_PYTHON if source.stem == "sections" else FAULTS_IN_PYTHON
                variant = ["--shared"] if shared else []
                self._process = _start([sys.executable, "-I", str(program), *options, *variant])
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.pids: dict[str, int] = {}
        self.address = self.pages = 0
        self.sections: list[tuple[str, int, int]] = []
        try:
            self._place(self._line().split())
        except BaseException:
            self.close()
            raise

    def _place(self, words: list[str]) -> None:
        """Note where the buffer is, or where the sections are: name, address, pages of each."""
        if words[0] == "sections":
            triples = zip(words[1::3], words[2::3], words[3::3], strict=True)
            self.sections = [(name, int(address), int(pages)) for name, address, pages in triples]
        else:
            self.address, self.pages = int(words[1]), int(words[2])

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def arrive(self) -> Arrival:
        """Return the next stop, once the program waits there."""
        who, pid, faults, does = self._line().split(maxsplit=3)
        self.pids[who] = int(pid)
        if does == "child has gone":
            self.pids.pop("child", None)
        return Arrival(who, int(pid), int(faults), does)

    def go_on(self) -> None:
        """Press Enter."""
        try:
            self._input.write(b"\n")
            self._input.flush()
        except BrokenPipeError:
            raise _ended(self._process) from None

    def close(self) -> None:
        """End the program and its child."""
        for stream in (self._input, self._output):
            with contextlib.suppress(BrokenPipeError):  # the program has ended already
                stream.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _line(self) -> str:
        line = self._output.readline().decode("ascii", "replace")
        if not line:
            raise _ended(self._process)
        return line.rstrip("\n")


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # A group of its own, so that close() can end the child too.
    # The environment lies at the top of the stack. A large one gives the Python program pages of stack to watch.
    environment = {**os.environ, "FORKLAB_STACK": "." * 40_000}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, env=environment)


def _compile(source: pathlib.Path, folder: pathlib.Path) -> tuple[pathlib.Path | None, str]:
    """Return the program, or None and why there is none: no compiler, or one that cannot compile it."""
    compiler = next(filter(None, map(find_tool, COMPILERS)), None)
    if compiler is None:
        return None, "This machine has no C compiler"
    binary = folder / source.stem
    command = [compiler, "-O1", "-o", str(binary), str(source.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return binary, ""
    said = next((line for line in done.stderr.splitlines() if "error" in line), f"exit status {done.returncode}")
    return None, f"{compiler} cannot compile {source} ({said.strip()})"


def _ended(process: subprocess.Popen[bytes]) -> InputError:
    return InputError([f"the program of the practice has ended early, with status {process.wait()}; start it again"])
