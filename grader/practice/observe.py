"""Reads what the host's kernel shows a user about their own processes: faults, pages, and pages taken over."""

from __future__ import annotations

import os
import pathlib
import struct
import subprocess
from typing import NamedTuple

from .tools import find_tool

_PRESENT, _EXCLUSIVE = 1 << 63, 1 << 56


class Row(NamedTuple):
    """A process's faults since it began."""

    minor: int
    major: int


class Pages(NamedTuple):
    """The number of pages of the buffer that are present, and of those that no other process maps."""

    there: int
    not_shared: int


def ps_rows(pids: list[int]) -> dict[int, Row]:
    """Return the faults of these processes as `ps` shows them; without `ps`, from where it takes them."""
    ps = find_tool("ps")
    if ps is None:
        return {pid: _from_proc(pid) for pid in pids}
    command = [ps, "-o", "pid=,min_flt=,maj_flt=", "-p", ",".join(map(str, pids))]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    try:
        rows = {int(pid): Row(int(minor), int(major)) for pid, minor, major in map(str.split, lines)}
    except ValueError:  # a small ps (busybox) knows none of these options
        rows = {}
    return {pid: rows.get(pid) or _from_proc(pid) for pid in pids}


def _from_proc(pid: int) -> Row:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return Row(int(fields[7]), int(fields[9]))


def buffer_pages(pid: int, address: int, pages: int) -> Pages | None:
    """Return what a process has of the buffer; None where the kernel has no pagemap (gVisor, WSL 1)."""
    size = os.sysconf("SC_PAGE_SIZE")
    try:
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as file:
            data = os.pread(file.fileno(), 8 * pages, address // size * 8)
    except OSError:
        return None
    if len(data) != 8 * pages:
        return None
    entries = [entry for entry in struct.unpack(f"{pages}Q", data) if entry & _PRESENT]
    return Pages(len(entries), sum(bool(entry & _EXCLUSIVE) for entry in entries))


def pages_taken_over() -> int | None:
    """Return how many pages the whole system took over in place of a copy so far; None where it is not counted."""
    try:
        lines = pathlib.Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("pgreuse ")), None)
