"""The agent as an object: start it, play scenarios on it, look at its processes' pages, and end it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any, NamedTuple

from grader.errors import InputError

AGENT = pathlib.Path(__file__).with_name("agent.py")

#: As in agent.py.
BASE, STAMP = 0x20_0000_0000, 2048

#: Flags of mmap: the last one makes it fail where something is mapped already.
MAP_SHARED, MAP_PRIVATE, NOREPLACE = 1, 2, 0x100000

_PRESENT, _FILE, _EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56


class Answer(NamedTuple):
    """Holds what became of an operation; faults is (minor, major), or None where they are not measured."""

    outcome: str
    faults: tuple[int, int] | None
    values: list[int]


class PageSeen(NamedTuple):
    """A page that is present: whether it is a page of a file or shared memory, and whether only one process maps it."""

    of_object: bool
    exclusive: bool

    @property
    def own(self) -> bool:
        """Return True for a page of private memory that one process alone maps."""
        return self.exclusive and not self.of_object


def _readable(path: str) -> bool:
    try:
        with open(path, "rb", buffering=0):
            return True
    except OSError:
        return False


def folder_on_disk() -> str:
    """Return a folder for temporary files, on a disk if there is one: /tmp is in memory on many systems."""
    folders = [tempfile.gettempdir(), "/var/tmp", os.path.expanduser("~")]
    usable = [folder for folder in folders if os.access(folder, os.W_OK)]
    return next((folder for folder in usable if not in_memory(folder)), folders[0])


def in_memory(folder: str) -> bool:
    """Return True if the files of a folder are in memory only (tmpfs)."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    # ID PARENT MAJOR:MINOR ROOT POINT OPTIONS ... - TYPE SOURCE OPTIONS
    kinds = [line.partition(" - ")[2].split()[:1] for line in mounts if line.split()[2:3] == [number]]
    return any(kind in (["tmpfs"], ["ramfs"]) for kind in kinds)


class HostMachine:
    """The agent, with a folder for files. It ends with this object, or by itself if we are killed."""

    def __init__(self, folder: str | None = None) -> None:
        self.page_size = os.sysconf("SC_PAGE_SIZE")
        self.folder = folder or folder_on_disk()
        if not os.path.isdir(self.folder) or not os.access(self.folder, os.W_OK | os.X_OK):
            raise InputError([f"{self.folder}: not a folder that can be written to; the files of scenarios need one"])
        self.seconds = 0.0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(AGENT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            env={"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"},
        )
        self.pids: dict[int, int] = {}
        # Known once a scenario has begun: may we look into the agent's processes? Is there MADV_POPULATE (Linux 5.14)?
        self.looks = self.populates = True

    def __enter__(self) -> HostMachine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the agent and all its processes."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            self._pipe(stream).close()

    def begin(self, started: int, processes: int, files: list[list[Any]]) -> list[int]:
        """Start a scenario; return the descriptors of its files."""
        given = [[self.folder, *file] for file in files]
        answer = self._ask({"started": started, "processes": processes, "files": given})
        self.pids = {int(number): pid for number, pid in answer["pids"].items()}
        self.populates = answer["populates"]
        self.looks = _readable(f"/proc/{self.pids[0]}/pagemap") and _readable(f"/proc/{self.pids[0]}/mem")
        descriptors: list[int] = answer["files"]
        return descriptors

    def do(self, number: int, name: str, *arguments: Any, values: list[int] | None = None) -> Answer:
        """Let a process carry out an operation. InputError if this machine has no room for it, or no time."""
        outcome, faults, seen = self._ask([number, name, arguments, values or []])
        if outcome == "refused":
            limits = "`ulimit -u` and the control group's pids.max limit them"
            raise InputError([f"this machine allows no more processes: {os.strerror(seen[0])}; {limits}"])
        if outcome == "stuck":
            raise InputError(
                [f"a process of the scenario has not answered ({name}); run it again when less is going on"]
            )
        if name == "fork" and outcome == "ok":
            self.pids[arguments[0]] = seen[0]
            seen = []
        return Answer(outcome, None if faults is None else (faults[0], faults[1]), seen)

    def end(self) -> float:
        """End the scenario; return the processor time that it took, in seconds."""
        before, self.seconds = self.seconds, self._ask(["end"])["seconds"]
        self.pids = {}
        return self.seconds - before

    # -- looking ----------------------------------------------------------------------------------------------

    def pages(self, number: int, first: int, count: int) -> dict[int, PageSeen] | None:
        """Return the pages of a range that are present; None where the kernel does not let us look."""
        if not self.looks:
            return None
        place = (BASE // self.page_size + first) * 8
        with open(f"/proc/{self.pids[number]}/pagemap", "rb", buffering=0) as file:
            data = os.pread(file.fileno(), 8 * count, place)
        entries = struct.unpack(f"{len(data) // 8}Q", data)
        return {
            first + i: PageSeen(bool(entry & _FILE), bool(entry & _EXCLUSIVE))
            for i, entry in enumerate(entries)
            if entry & _PRESENT
        }

    def stamps(self, number: int, pages: list[int]) -> dict[int, int]:
        """Return the stamps of pages that are present; reading them this way makes no fault."""
        with open(f"/proc/{self.pids[number]}/mem", "rb", buffering=0) as file:
            return {
                page: int.from_bytes(os.pread(file.fileno(), 8, BASE + page * self.page_size + STAMP), sys.byteorder)
                for page in pages
            }

    def stamp(self, number: int, page: int, stamp: int) -> None:
        """Write a stamp into a page that is present and writable."""
        with open(f"/proc/{self.pids[number]}/mem", "r+b", buffering=0) as file:
            os.pwrite(file.fileno(), stamp.to_bytes(8, sys.byteorder), BASE + page * self.page_size + STAMP)

    # -- talking ----------------------------------------------------------------------------------------------

    def _ask(self, what: object) -> Any:
        try:
            self._pipe(self._process.stdin).write(json.dumps(what).encode() + b"\n")
            self._pipe(self._process.stdin).flush()
            line = self._pipe(self._process.stdout).readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self._process.kill()
            last = self._pipe(self._process.stderr).read().decode("utf-8", "replace").splitlines()[-1:]
            raise InputError(["the program that replays scenarios on this machine has ended early", *last])
        return json.loads(line)

    @staticmethod
    def _pipe(stream: Any) -> Any:
        assert stream is not None
        return stream
