"""The order of a course's labs: each comes after the one that it builds on."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable

from grader.errors import InputError
from grader.formats.kept_trees import KeptTrees


def in_course_order(folders: Iterable[pathlib.Path]) -> list[pathlib.Path]:
    """Return the folders of labs in the order of `builds_on`.

    Of several labs that build on the same one, that with most labs after it comes first, so that a side line comes
    last; otherwise names decide. A lab that builds on one that is not here stands at the beginning of a line, and so
    does one that cannot be read: whoever loads it says why.
    """
    by_name = {folder.name: folder for folder in sorted(folders)}
    before = {name: _builds_on(folder) for name, folder in by_name.items()}
    followers: dict[str, list[str]] = {name: [] for name in by_name}
    for name, earlier in before.items():
        followers.get(earlier, []).append(name)

    def line(name: str) -> list[str]:
        lines = sorted(map(line, followers[name]), key=lambda names: (-len(names), names[0]))
        return [name, *(later for one in lines for later in one)]

    begun = [later for name in by_name if before[name] not in by_name for later in line(name)]
    # Labs that build on each other in a circle have no beginning.
    return [by_name[name] for name in dict.fromkeys([*begun, *by_name])]


def circle_of(folder: pathlib.Path) -> list[str]:
    """Return the labs that this lab builds on, itself first, if they lead back to it; else nothing."""
    folder = folder.resolve()
    way = [folder.name]
    while (earlier := _builds_on(folder.parent / way[-1])) and earlier not in way:
        way.append(earlier)
    return way if earlier == folder.name else []


def _builds_on(folder: pathlib.Path) -> str:
    """Return the name of the lab that a lab builds on, or ""."""
    try:
        with KeptTrees(folder) as trees:
            block = trees.read((folder / "lab.yaml").read_bytes(), "lab.yaml")
    except (InputError, OSError):
        return ""
    earlier = block.get("builds_on") if isinstance(block, dict) else None
    return earlier if isinstance(earlier, str) else ""
