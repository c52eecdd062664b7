"""`scope` in lab.yaml."""

import pathlib
import shutil

import pytest

from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.lab.scope import default_world
from grader.machine.outcome import FileSpec

ROOT = pathlib.Path(__file__).resolve().parents[2]


def lab_with(tmp_path, scope):
    """Return demand-paging with another scope."""
    folder = tmp_path / "demand-paging"
    shutil.copytree(ROOT / "labs" / "demand-paging", folder)
    text = (folder / "lab.yaml").read_text().partition("scope:")[0].replace("../../", f"{ROOT}/")
    (folder / "lab.yaml").write_text(text + scope)
    return folder


def test_a_world_is_read_like_the_beginning_of_a_scenario(tmp_path):
    """Mappings, machine and files have their scenario's fields."""
    scope = (
        "scope:\n  - name: files\n    machine: {frames: 4}\n    files: {notes: {pages: 1}}\n"
        "    mappings: [{by: P, name: h, pages: 1, file: notes}]\n    verbs: [write, read]\n"
    )
    [world] = load_lab(lab_with(tmp_path, scope)).scope

    assert world.machine.frames == 4
    assert world.files == (FileSpec("notes", 1, (1,)),)
    assert world.mappings[0].by == "P"
    assert world.verbs == ("read", "write")


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ("{name: w, mappings: [{by: P, name: h}]}", "'pages'"),
        ("{name: w, mappings: [{by: P, name: h, pages: 1, file: f}]}", "no file 'f'"),
        ("{name: w, mappings: [{by: P, name: h, pages: 1}], verbs: [mprotect]}", "mprotect needs `protections`"),
        ("{name: w, mappings: [{by: P, name: h, pages: 1}], verbs: [fly]}", "verbs"),
        ("{name: w, mappings: [7]}", "mappings"),
        ("{name: w, machine: {page_size: 3}, mappings: [{by: P, name: h, pages: 1}]}", "power of two"),
    ],
)
def test_a_wrong_world_is_reported_with_its_line(tmp_path, world, message):
    """The message names the file, the line and what is wrong."""
    with pytest.raises(InputError, match="lab.yaml:") as raised:
        load_lab(lab_with(tmp_path, f"scope:\n  - {world}\n"))

    assert message in str(raised.value)


def test_a_lab_without_a_scope_has_a_small_world():
    """One page, and the verbs that its scenarios use."""
    lab = load_lab(ROOT / "labs" / "shared-memory")
    world = default_world(lab.scenarios)

    assert world.pages == 1
    assert "fork" in world.verbs
