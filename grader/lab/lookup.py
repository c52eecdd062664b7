"""Find a lab, or a scenario of one, by its name. If there is none, the error says which one is spelled like it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

from grader.errors import InputError, did_you_mean, similar
from grader.lab.lab import Lab
from grader.program import command
from grader.scenario.model import Scenario


def find_lab(given: str | None) -> pathlib.Path:
    """Return the folder that LAB on a command line means: a folder with a lab.yaml, the name of one in ./labs, or, with
    nothing given, the current folder."""
    candidates = [pathlib.Path(given), pathlib.Path("labs", given)] if given else [pathlib.Path()]
    for folder in candidates:
        if folder.is_file() and folder.name == "lab.yaml":
            folder = folder.parent
        if (folder / "lab.yaml").is_file():
            return folder
    if given is None:
        raise InputError(["no LAB was given, and this folder has no lab.yaml; name a lab, such as labs/copy-on-write"])
    raise InputError([f"{given}: no lab.yaml there; {_other_labs(pathlib.Path(given))}"])


def find_named(name: str) -> pathlib.Path:
    """Return the folder of the lab of this name: this folder, or one in it or in labs/. InputError if none is there."""
    for folder in _near():
        if (folder / "lab.yaml").is_file() and own_name(folder) == name:
            return folder
    problem = f"neither this folder nor one in it or in labs/ has the lab {name}"
    raise InputError([f"{problem}; go to the lab's folder, or make one with `{command('start', name)}`"])


def _near() -> Iterator[pathlib.Path]:
    yield pathlib.Path()
    for place in (pathlib.Path("labs"), pathlib.Path()):
        yield from (path.parent for path in sorted(place.glob("*/lab.yaml")))


def own_name(folder: pathlib.Path) -> str:
    """Return a lab's name: that of its folder; a released lab keeps its name, whatever the folder is called then."""
    try:
        name = json.loads((folder / "release.json").read_text(encoding="utf-8"))["lab"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    return name if isinstance(name, str) and name else folder.resolve().name


def _other_labs(missed: pathlib.Path) -> str:
    """Return which lab may be meant by a folder without one: next to it, in labs/ or here; or which there are."""
    places = (missed.parent, pathlib.Path("labs"), pathlib.Path())
    known = [path.parent for place in places for path in sorted(place.glob("*/lab.yaml"))]
    by_name = {folder.name: str(folder) for folder in reversed(known)}
    close = similar(missed.name, by_name)
    if close:
        return f"did you mean {' or '.join(repr(by_name[name]) for name in close)}?"
    return f"labs here: {', '.join(map(str, dict.fromkeys(known)))}" if known else "no lab is here or in labs/"


def find_scenario(lab: Lab, name: str, hidden: bool = False) -> Scenario:
    """Return a public scenario by its name, or, with `hidden`, any. InputError if the lab has none of that name."""
    for scenario in lab.all_scenarios if hidden else lab.scenarios:
        if scenario.id == name:
            return scenario
    kind = "scenario" if hidden else "public scenario"
    raise no_scenario(lab, f"no {kind} {name!r}", name)


def no_scenario(lab: Lab, found: str, name: str) -> InputError:
    """Return the error that a lab has no scenario of a name. `found` says that; hidden names are never suggested."""
    near = did_you_mean(name, [s.id for s in lab.scenarios]) or f"`{command('list', lab.path)}` shows them"
    return InputError([f"{lab.name}: {found}; {near}"])
