"""Both cores of the machine, side by side: what the compiled one does must be what the one in Python does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grader.machine import core
from grader.machine.disk import File
from grader.machine.frames import Failure
from grader.machine.machine import Machine


def compiled() -> core.Core:
    """Return the compiled core; skip the test where it is not built."""
    found = core.load()
    if found is None:
        pytest.skip("the compiled core is not built for these sources: make core")
    return found


@contextmanager
def on(chosen: core.Core) -> Iterator[None]:
    """Make machines of this core."""
    before = core.current()
    core.use(chosen)
    try:
        yield
    finally:
        core.use(before)


def both(make: Any) -> tuple[Any, Any]:
    """Return what `make` returns on the machine in Python, and on the compiled one."""
    with on(core.PYTHON):
        python = make()
    with on(compiled()):
        return python, make()


def plain(value: Any) -> Any:
    """Return a value of a machine so that its text is the same on both: without identities, and with exact types."""
    if isinstance(value, Failure | core.current().failure):
        return value.allocate, value.map, value.fired
    if isinstance(value, File):
        return value.name
    if isinstance(value, dict):
        return [(plain(key), plain(held)) for key, held in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(held) for held in value]
    if isinstance(value, set):
        return sorted(map(repr, value))
    if isinstance(value, int | str | bytes | bytearray | None):
        return value
    return type(value).__name__


def snapshot(machine: Machine) -> str:
    """Return all that a machine knows, as text."""
    frames = machine._frames
    kept = [name for name in type(frames).__slots__ if name not in ("_evict", "_moves")]
    state: list[Any] = [(name, plain(getattr(frames, name))) for name in kept]
    state += [("touched", [table._pid for table in machine._touched]), ("values", machine._values)]
    state += [("faults", machine._minor, machine._major), ("disk", machine._disk.reads, machine._disk.writes)]
    for pid, process in machine.processes.items():
        table = process.page_table
        state += [(pid, plain(table._entries), plain(table._changes)), repr(process._regions)]
    if frames._moves is not None:
        state.append(("moves", plain(frames._moves.moves), plain(frames._moves._held), plain(frames._moves._uses)))
    return repr(state)


def result(call: Any, *arguments: Any, **named: Any) -> str:
    """Return what a call returns or raises, as text, its types included."""
    try:
        value = call(*arguments, **named)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{type(value).__name__} {value!r}"
