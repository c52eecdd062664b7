"""Build the autograder zip for Gradescope: setup.sh, run_autograder, the grader, and a lab with its hidden files.

The zip has no reference kernel: the recorded outputs are enough to grade.
"""

from __future__ import annotations

import pathlib
import tempfile

from grader.errors import InputError
from grader.files import write_file
from grader.grade.twins import NAME as TWINS
from grader.grade.twins import recorded_twins
from grader.lab.lab import Lab, load_lab
from grader.publish.release import fill, write_lab
from grader.publish.wheel import write_wheel, zipped

PROGRAMS = ("run_autograder", "setup.sh")


def export_gradescope(lab: Lab, path: pathlib.Path, isolation: str) -> list[str]:
    """Write the zip; return its members, sorted. `isolation` is the level that run_autograder asks the grader for.

    InputError if the lab is a release, which has neither hidden scenarios nor a reference to make twins with.
    """
    if lab.reference is None:
        raise InputError([f"{lab.path}: this lab is a release already; run this on the course's own copy"])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        wheel = write_wheel(root)
        write_lab(lab, root / "labs" / lab.name, hidden=True)
        load_lab(root / "labs" / lab.name)  # whatever the copy lacks is noticed here, not when students hand in
        write_file(root / "labs" / lab.name / TWINS, recorded_twins(lab), make_folders=True)
        for program in PROGRAMS:
            text = fill(program, lab, wheel).replace("@ISOLATION@", isolation)
            (root / program).write_text(text, encoding="utf-8", newline="\n")
        files = sorted(p for p in root.rglob("*") if p.is_file())
        members = {p.relative_to(root).as_posix(): p.read_bytes() for p in files}
    write_file(path, zipped(members, PROGRAMS))
    return list(members)
