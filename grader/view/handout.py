"""The pictures of a handout: drawn from the reference's recorded runs, and compared with what lies in pictures/.

`lab.yaml` lists them (`pictures:`), `grader record` draws them, and `grader check` reports those that are not what the
reference does now, and those that the handout does not show.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

from grader.errors import InputError
from grader.files import write_file
from grader.lab.lab import HandoutPicture, Lab
from grader.lab.recordings import load_recording
from grader.program import command
from grader.view.layout import picture_after
from grader.view.svg import svg_file

#: The folder of a lab's pictures.
FOLDER = "pictures"

_SHOWN = re.compile(rf"\]\({FOLDER}/([^)\s]+)\.svg")


def draw_pictures(lab: Lab) -> list[str]:
    """Draw all pictures of a lab, and remove those that lab.yaml does not list. Return a line for each change."""
    changes = []
    for picture in lab.pictures:
        path = picture_path(lab, picture.name)
        if write_file(path, drawn(lab, picture), make_folders=True):
            changes.append(f"{FOLDER}/{path.name}: drawn again")
    for path in _unlisted(lab):
        path.unlink()
        changes.append(f"{FOLDER}/{path.name}: removed; lab.yaml does not list it any more")
    return changes


def drawn(lab: Lab, picture: HandoutPicture) -> str:
    """Return a picture as it should be. InputError if the scenario's recording is missing or stale."""
    scenario = next(one for one in lab.scenarios if one.id == picture.scenario)
    trace = load_recording(lab, scenario).traces[0]
    return svg_file(picture_after(scenario.at_failure_point(0), trace.pids, trace.steps, picture.step))


def picture_path(lab: Lab, name: str) -> pathlib.Path:
    """Return where a picture lies."""
    return lab.path / FOLDER / f"{name}.svg"


def check_pictures(lab: Lab, handout: str) -> list[str]:
    """Return what is wrong with a lab's pictures: missing, stale, not listed, not shown, or shown and not there."""
    problems = [*_stale(lab)]
    problems += [
        f"{path}: lab.yaml does not list this picture; list it or run {_record(lab)}" for path in _unlisted(lab)
    ]
    shown, listed = set(_SHOWN.findall(handout)), {picture.name for picture in lab.pictures}
    readme = lab.path / "README.md"
    problems += [
        f"{readme}: picture {name!r} is not shown; add ![…]({FOLDER}/{name}.svg)" for name in sorted(listed - shown)
    ]
    problems += [
        f"{readme}: {FOLDER}/{name}.svg is shown, but lab.yaml lists no such picture" for name in sorted(shown - listed)
    ]
    return problems


def _stale(lab: Lab) -> Iterator[str]:
    for picture in lab.pictures:
        path = picture_path(lab, picture.name)
        try:
            now = drawn(lab, picture)
        except InputError:
            continue  # reported as a recording that is not up to date
        if not path.is_file():
            yield f"{path}: this picture is missing; run {_record(lab)}"
        elif path.read_bytes() != now.encode():
            where = f"step {picture.step} of {picture.scenario}"
            yield f"{path}: stale: this is not the state after {where} any more; run {_record(lab)}"


def _unlisted(lab: Lab) -> list[pathlib.Path]:
    listed = {picture.name for picture in lab.pictures}
    return sorted(path for path in (lab.path / FOLDER).glob("*.svg") if path.stem not in listed)


def _record(lab: Lab) -> str:
    return f"`{command('record', lab.path)}`"
