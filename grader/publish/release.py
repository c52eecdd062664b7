"""Create the students' version of a lab, and the copy of a lab that goes into an autograder.

    DIR/  README.md  Makefile  forklab-VERSION.whl  .github/workflows/grade.yml  .gitlab-ci.yml
          labs/NAME/  README.md  kernel.py  stub.c  forklab.h  answers.yaml  lab.yaml  quiz.packed  scenarios/  outputs/
                      pictures/  practice/  fingerprints.json  linux.json  release.json

Only the files listed here are included; there is no list of secrets to leave out, which could be incomplete. The
result is nevertheless searched for lines of hidden files, references, keys and misconceptions (leaks.py), and nothing
is released if any is found. The quiz and its keys are there in packed form, which hides them from nobody
(quiz/obfuscated.py).
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil

from grader.errors import InputError
from grader.files import write_file
from grader.formats.yaml_reader import plain_value, read_yaml
from grader.formats.yaml_writer import flow, sentence
from grader.grade.diagnosis import fingerprints_path, load_fingerprints
from grader.host.model import FILE, released_runs
from grader.lab.lab import Lab, load_lab, stub_in_c_missing
from grader.lab.recordings import load_recording, recording_path
from grader.points import points
from grader.publish.beginnings import solutions
from grader.publish.leaks import leaks
from grader.publish.wheel import write_wheel
from grader.quiz import mark, released_files
from grader.view.handout import drawn
from grader.wasm.compiler import HEADER

FORMAT = 1

#: Templates of the release's files, with @PLACEHOLDERS@.
TEMPLATES = pathlib.Path(__file__).with_name("files")

#: What students start the grader with; the same file is at the top of a checkout.
SCRIPT = "forklab"

#: Files of a lab's folder that students get unchanged; `*` stands for any name.
HANDED_OUT = ("README.md", "answers.yaml", "stub.c", "practice/*.c", "practice/Makefile")


def release(lab: Lab, folder: pathlib.Path, hand_in: str = "") -> list[str]:
    """Write the students' version of a lab into a new folder; return the paths in it, sorted.

    hand_in  how students hand in, as the course says; the lab's own words come first

    InputError if the folder is not empty, or if the lab's outputs are not up to date. If a file would reveal a secret,
    the folder is removed again and InputError is raised.
    """
    if lab.reference is None:
        raise InputError([f"{lab.path}: this lab is a release already; run this on the course's own copy"])
    if stub_in_c_missing(lab):
        raise InputError(stub_in_c_missing(lab))
    lab = lab._replace(hand_in=lab.hand_in or hand_in)
    prepare(folder)
    try:
        wheel = write_wheel(folder)
        write_lab(lab, folder / "labs" / lab.name, hidden=False)
        for name, template in (
            ("README.md", "students.md"),
            ("Makefile", "students.mk"),
            (SCRIPT, SCRIPT),
            (".github/workflows/grade.yml", "github-actions.yml"),
            (".gitlab-ci.yml", "gitlab-ci.yml"),
        ):
            write(folder / name, fill(template, lab, wheel))
        (folder / SCRIPT).chmod(0o755)
        verify(lab, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def prepare(folder: pathlib.Path) -> None:
    """Create a folder; it may exist if it is empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError([f"{folder}: the folder is not empty; name a new one, or empty it"])
    folder.mkdir(parents=True, exist_ok=True)


def write_lab(lab: Lab, folder: pathlib.Path, hidden: bool) -> None:
    """Write the lab's folder without a reference, with its hidden scenarios or with only their number and weights."""
    for pattern in HANDED_OUT:
        for path in sorted(lab.path.glob(pattern)):
            write(folder / path.relative_to(lab.path), path.read_text(encoding="utf-8"))
    if "c" in lab.languages:
        # To be read, and for editors: a kernel is compiled with the grader's own.
        write(folder / HEADER.name, HEADER.read_text(encoding="utf-8"))
    write(folder / "kernel.py", lab.kernel.path.read_text(encoding="utf-8"))
    write(folder / "lab.yaml", lab_yaml(lab, hidden))
    for name, text in released_files(lab).items():
        write(folder / name, text)
    for scenario in lab.all_scenarios if hidden else lab.scenarios:
        kind = "hidden" if scenario in lab.hidden else "scenarios"
        load_recording(lab, scenario)  # raises InputError for a stale output, which must not be handed out
        name = f"{scenario.id}.yaml"
        write(folder / kind / name, (lab.path / kind / name).read_text(encoding="utf-8"))
        write(folder / "outputs" / f"{scenario.id}.json", recording_path(lab, scenario).read_text(encoding="utf-8"))
    for picture in lab.pictures:
        # Drawn here, so that a stale one is never handed out.
        write(folder / "pictures" / f"{picture.name}.svg", drawn(lab, picture))
    fingerprints = fingerprints_path(lab)
    if fingerprints.is_file():
        load_fingerprints(lab)
        write(folder / "fingerprints.json", fingerprints.read_text(encoding="utf-8"))
    if not hidden:
        runs = released_runs(lab)
        if runs is not None:
            write(folder / FILE, runs)
        weights = {task.id: sorted(float(w) for w in lab.hidden_weights(task.id)) for task in lab.tasks}
        hidden_weights = {task: found for task, found in weights.items() if found}
        record = {"format": FORMAT, "lab": lab.name, "hidden": hidden_weights, "stub": digest_of_stub(lab)}
        write(folder / "release.json", json.dumps(record, indent=1) + "\n")


def digest_of_stub(lab: Lab) -> str:
    """Return the hash that a release has of its stub, so that `grader start` knows it from a kernel of a student's."""
    return hashlib.sha256(lab.kernel.path.read_text(encoding="utf-8").encode()).hexdigest()


def write(path: pathlib.Path, text: str) -> None:
    write_file(path, text, make_folders=True)


def lab_yaml(lab: Lab, hidden: bool) -> str:
    """Return the lab.yaml of a lab that has no reference and keeps all its files in its own folder.

    It is written from the values: comments are the author's own, and YAML has many ways to write a field.

    hidden: the copy is for staff, so it may contain what its twins decide
    """
    given = plain_value(read_yaml((lab.path / "lab.yaml").read_bytes(), str(lab.path / "lab.yaml")))
    left_out = {"reference"} if hidden else {"reference", "twins"}
    fields = {name: value for name, value in given.items() if name not in left_out}
    fields["kernel"] = f"kernel.py:{lab.kernel.name}"
    if lab.quiz is not None:
        fields["quiz"] = "quiz.packed"
    if lab.hand_in:
        fields["hand_in"] = lab.hand_in
    return "".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: object) -> str:
    """Return a field of lab.yaml, a list of mappings with an item per line."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return f"{name}:\n" + "".join(f"  - {flow(item)}\n" for item in value)
    return f"{name}: {sentence(value) if isinstance(value, str) else flow(value)}\n"


def fill(template: str, lab: Lab, wheel: pathlib.Path) -> str:
    """Return a template with @LAB@, @TITLE@, @WHEEL@, what C needs, and the number and points of hidden scenarios.

    InputError if the lab's folder has a name that cannot be written into a program for another computer.
    """
    if not lab.name.isprintable():
        problem = "programs elsewhere must name this folder, and its name is not plain text; rename it"
        raise InputError([f"{lab.path}: {problem}"])
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    count = sum(len(lab.hidden_weights(task.id)) for task in lab.tasks)
    worth = points(lab.hidden_points())
    values = {"LAB": lab.name, "TITLE": lab.title, "WHEEL": wheel.name, "HIDDEN": str(count), "POINTS": worth}
    values["HAND_IN"] = f"How to hand in: {lab.hand_in}\n\n" if lab.hand_in else ""
    in_c = f' (or in C: `labs/{lab.name}/kernel.c`; the handout\'s section "In C" says how)'
    values["IN_C"] = in_c if "c" in lab.languages else ""
    values["C_TOOLS"] = " ziglang wasmtime" if "c" in lab.languages else ""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def verify(lab: Lab, folder: pathlib.Path) -> None:
    """Check that the released lab loads with its quiz, has the same points, and reveals no secret and no solution."""
    released = load_lab(folder / "labs" / lab.name)
    try:
        mark(released, None)
    except InputError as error:
        problems = [f"not released, since students could not use the quiz: {problem}" for problem in error.problems]
        raise InputError(problems) from None
    worth = {s.id: lab.share(s) for s in lab.scenarios}
    if {s.id: released.share(s) for s in released.scenarios} != worth:
        problem = f"the points of the released lab differ from those of {lab.path}; this is a bug in the grader"
        raise InputError([f"{folder}: {problem}"])
    found = solutions(lab) + leaks(lab, folder)
    if found:
        raise InputError([f"not released: {leak}" for leak in found])
