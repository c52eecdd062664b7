"""Reads the scenarios that a student wrote: `mine/*.yaml` next to the kernel, in a folder or an archive.

Nothing here raises for what is in the folder: a file that cannot be used has its problems in place of a scenario. No
link is followed, each file is read once, and what a scenario makes the machine do is bounded before anything runs.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from grader.errors import FormatError
from grader.escape import printable
from grader.intake.mine_files import ENTRIES, FOLDER, SIZE_LIMIT, OwnFiles, is_scenario
from grader.intake.refusal import Refused
from grader.intake.submission import read_inside
from grader.scenario.loader import parse_scenario
from grader.scenario.model import Scenario

#: What a scenario may have: unrolled steps, pages in all of its mappings, processes.
STEPS = 100
PAGES = 256
PROCESSES = 16

#: The machine's limits: frames and swap slots, bytes of a page.
FRAMES = 256
PAGE_SIZE = 256

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\.yaml")
_NUMBER = re.compile(r"(?<=[\[:+])-?[0-9]+")


class OwnScenario(NamedTuple):
    """A file of mine/. scenario: None if it could not be read; then `problems` says why, with file and line."""

    name: str
    scenario: Scenario | None
    problems: tuple[str, ...] = ()


def read_own(home: pathlib.Path, most: int) -> list[OwnScenario]:
    """Return the scenarios of `home`/mine, by name. No folder, no scenarios.

    What is wrong with the folder is one unusable scenario: it is a link, or has too many entries. Files after the first
    `most` are not read.
    """
    folder = home / FOLDER
    if not os.path.lexists(folder):
        return []
    if folder.is_symlink() or not folder.is_dir():
        return [OwnScenario(FOLDER, None, (f"{FOLDER}: not a folder (links are not followed)",))]
    try:
        names = sorted(entry.name for entry in _entries(folder))
    except (OSError, Refused) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return [OwnScenario(FOLDER, None, (f"{FOLDER}: {why}",))]
    names = [name for name in names if is_scenario(name)]
    return parse_own({name: _bytes_of(home, name) for name in names[:most]} | dict.fromkeys(names[most:], ""), most)


def own_of(home: str, files: OwnFiles, most: int) -> list[OwnScenario]:
    """Return the scenarios of a submission, by name: those in its archive, else those of its folder, if it has one."""
    if files:
        return parse_own(files, most)
    return read_own(pathlib.Path(home), most) if home else []


def parse_own(files: OwnFiles, most: int) -> list[OwnScenario]:
    """Return the scenarios of files that were read, by name; those after the first `most` are not looked at."""
    own = [_parsed(name, files[name]) for name in sorted(files)[:most]]
    if len(files) > most:
        why = f"{FOLDER}: {len(files)} scenarios, and {most} may be handed in; remove the weakest"
        own.append(OwnScenario(FOLDER, None, (why,)))
    return own


def _entries(folder: pathlib.Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count == ENTRIES:
                raise Refused(f"more than {ENTRIES} files")
            yield entry


def _bytes_of(home: pathlib.Path, name: str) -> bytes | str:
    try:
        return read_inside(home, f"{FOLDER}/{name}", SIZE_LIMIT)
    except Refused as refused:
        return str(refused)
    except OSError as error:
        return f"{name}: {error.strerror or type(error).__name__}"


def _parsed(name: str, data: bytes | str) -> OwnScenario:
    shown = f"{FOLDER}/{printable(name, 60)}"
    if not _NAME.fullmatch(name):
        rule = "use small letters, digits and hyphens, at most 40, and .yaml"
        return OwnScenario(shown, None, (f"{shown}: not a name for a scenario; {rule}",))
    if isinstance(data, str):
        return OwnScenario(shown, None, (f"{FOLDER}/{printable(data, 200)}",))
    try:
        scenario = parse_scenario(data, name.removesuffix(".yaml"), shown, limit=STEPS)
    except FormatError as error:
        return OwnScenario(shown, None, (str(error),))
    except Exception as error:
        # A mistake of ours that one student's file brings out must not end the batch of everybody else.
        return OwnScenario(
            shown, None, (f"{shown}: the grader failed to read it ({type(error).__name__}); report this",)
        )
    return OwnScenario(shown, scenario, tuple(f"{shown}:{problem}" for problem in too_large(scenario)))


def too_large(scenario: Scenario) -> Iterator[str]:
    """Yield what is above a limit, as `line: what`."""
    machine = scenario.machine
    for what, found, most in (
        ("frames", machine.frames, FRAMES),
        ("swap slots", machine.swap, FRAMES),
        ("bytes in a page", machine.page_size, PAGE_SIZE),
        ("pages in files", sum(file.pages for file in scenario.files), PAGES),
        ("processes", len(scenario.processes) + sum(s.verb == "fork" for s in scenario.steps), PROCESSES),
        ("pages in mappings", sum(s.fields["pages"] for s in scenario.steps if s.verb == "mmap"), PAGES),
    ):
        if found > most:
            yield f"1: {found} {what}; a scenario of yours may have {most}"
    for step in scenario.steps:
        # Places are ranges, and kernels and expectations walk over them page by page.
        places = [step.fields.get("at", ""), *_texts(step.expect)]
        if any(abs(int(number[:9])) > PAGES for place in places for number in _NUMBER.findall(place)):
            yield f"{step.line}: step {step.number}: a page or byte above {PAGES}; scenarios of yours stay below that"
        if step.fields.get("offset", 0) > PAGES:
            yield f"{step.line}: step {step.number}: offset is above {PAGES}"


def _texts(value: object) -> Iterator[str]:
    """Yield all strings in a plain value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
