"""Keeps scenarios between runs: a file is parsed and checked again only if its bytes, or the grader, have changed.

A file that is refused is not kept, so a mistake is reported each time, with the file as it is called now.
"""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
from typing import Any

from grader.kept import Pack
from grader.machine.outcome import FileSpec
from grader.scenario.loader import parse_scenario
from grader.scenario.model import MachineSpec, Scenario, Step

#: Folder of the cache, and scenarios of one folder that are kept at most.
KIND, MOST = "scenarios", 600

#: New scenarios that are worth writing a pack for; once it exists, one is.
FEW = 8


class KeptScenarios:
    """The scenarios of one folder, in one pack.

    Use it as a context manager: what had to be parsed is kept when it is left without an exception.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._pack = Pack(KIND, folder, MOST)
        self._found = False

    def __enter__(self) -> KeptScenarios:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and (self._found or self._pack.new >= FEW):
            self._pack.save()

    def read(self, data: bytes, id: str, name: str) -> Scenario:
        """Return what `parse_scenario` returns for these bytes. FormatError as there."""
        digest = hashlib.sha256(data).digest()
        known = self._pack.get(digest)
        if known is not None:
            with contextlib.suppress(ValueError, TypeError, IndexError):
                scenario = _scenario(known, id, name)
                self._found = True
                return scenario
        scenario = parse_scenario(data, id, name)
        self._pack.put(digest, _plain(scenario))
        return scenario


def _plain(scenario: Scenario) -> tuple[object, ...]:
    """Return a scenario without its id and path as tuples of plain values."""
    _, title, task, machine, files, processes, steps, hint, weight, _ = scenario
    return title, task, tuple(machine), tuple(map(tuple, files)), processes, tuple(map(tuple, steps)), hint, weight


def _scenario(plain: Any, id: str, path: str) -> Scenario:
    """Return the scenario that `_plain` was given, under this id and path."""
    title, task, machine, files, processes, steps, hint, weight = plain
    specs = tuple(FileSpec(*file) for file in files)
    made = tuple(map(Step._make, steps))
    return Scenario(id, title, task, MachineSpec(*machine), specs, processes, made, hint, weight, path)
