"""Build the autograder for Classroom 50: autograder.py, the grader, and the students' version of a lab.

Classroom 50 serves the folder of an autograder publicly. So it holds what a release holds, and is searched as a
release is: no hidden scenario, no reference kernel. The quiz and its keys are in it, packed but not secret.
"""

from __future__ import annotations

import pathlib
import tempfile

from grader.errors import InputError
from grader.files import write_file
from grader.lab.lab import Lab
from grader.publish.release import fill, verify, write, write_lab
from grader.publish.wheel import write_wheel, zipped

PROGRAM = "autograder.py"


def export_classroom50(lab: Lab, path: pathlib.Path, isolation: str) -> list[str]:
    """Write the zip; return its members, sorted. `isolation` is the level that autograder.py asks the grader for.

    InputError if a file would reveal a secret, or if the lab is a release, which cannot be searched for secrets.
    """
    if lab.reference is None:
        raise InputError([f"{lab.path}: this lab is a release already; run this on the course's own copy"])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        wheel = write_wheel(root)
        write_lab(lab, root / "labs" / lab.name, hidden=False)
        write(root / PROGRAM, fill(PROGRAM, lab, wheel).replace("@ISOLATION@", isolation))
        verify(lab, root)
        files = sorted(p for p in root.rglob("*") if p.is_file())
        members = {p.relative_to(root).as_posix(): p.read_bytes() for p in files}
    write_file(path, zipped(members, ()))
    return list(members)
