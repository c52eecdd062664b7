"""The direction of imports, and what a run may not import at all."""

import ast
import pathlib
import subprocess
import sys

import pytest

#: Every part of the grader, with the parts it may import (beside itself).
LAYERS = {
    "machine": set(),
    "text": set(),
    "verdicts": set(),
    "scenario": {"machine"},
    "compare": {"machine", "scenario"},
    "worker": {"machine", "scenario", "compare"},
    "rounding": set(),
    "lab": {"rounding", "scenario"},
    "outputs": {"lab", "scenario"},
    "kernels": {"lab", "scenario"},
    "record": {"lab", "machine", "outputs", "scenario"},
    "attempt": {"compare", "machine", "outputs", "scenario", "verdicts"},
    "examiner": {"attempt", "scenario", "verdicts", "worker"},
    "fingerprints": {"attempt", "lab", "scenario", "verdicts"},
    "mistakes": {"attempt", "fingerprints", "kernels", "lab", "outputs", "verdicts"},
    "grade": {"attempt", "compare", "examiner", "fingerprints", "lab", "outputs", "scenario", "text", "verdicts"},
    "submission": {"examiner", "kernels", "lab", "scenario", "worker"},
    "quiz": {"kernels", "lab", "machine", "outputs", "scenario", "text", "worker"},
    "grading": {
        "attempt",
        "examiner",
        "grade",
        "lab",
        "outputs",
        "quiz",
        "scenario",
        "submission",
        "verdicts",
        "worker",
    },
    "check": {"attempt", "fingerprints", "kernels", "lab", "mistakes", "outputs", "quiz", "record", "verdicts"},
    "report": {"attempt", "compare", "machine", "rounding", "scenario", "text", "verdicts"},
    "release": {"fingerprints", "grade", "lab", "outputs", "quiz"},
    "fuzz": {"attempt", "compare", "lab", "machine", "scenario", "verdicts"},
    "scaffold": {"lab"},
    "selftest": {"examiner", "lab", "record", "scenario", "worker"},
    "batch": {
        "attempt",
        "compare",
        "examiner",
        "grade",
        "grading",
        "lab",
        "outputs",
        "report",
        "scenario",
        "submission",
    }
    | {"text", "verdicts", "worker"},
    "pytest_plugin": {"attempt", "examiner", "lab", "outputs", "submission", "text", "worker"},
}


def imports(path):
    """The parts of the grader that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            parts = name.split(".")
            if parts[0] == "grader" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("part", LAYERS)
def test_imports_run_one_way(root, part):
    """No part of the grader imports one that stands after it."""
    path = root / "grader" / part
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = {(file.name, name) for file in files for name in imports(file)}

    assert {(f, n) for f, n in found if n not in LAYERS[part] | {part}} == set()


def test_every_part_is_on_the_list(root):
    """A new file or folder of the grader must be given its place here."""
    parts = {p.stem for p in (root / "grader").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}

    assert parts - {"__init__", "__main__", "cli"} == set(LAYERS)


def test_nobody_imports_the_command_line(root):
    """cli is imported by no other part."""
    files = [f for f in (root / "grader").rglob("*.py") if "cli" not in f.parts and f.name != "__main__.py"]

    assert [f.name for f in files if "cli" in set(imports(f))] == []


@pytest.mark.parametrize("folder", ["reference", "labs"])
def test_kernels_import_the_machine_alone(root, folder):
    """Whatever runs as a kernel imports grader.machine and nothing else of the grader."""
    for file in (root / folder).rglob("*.py"):
        assert set(imports(file)) <= {"machine"}, file


def test_a_run_imports_nothing_heavy(root):
    """`grader run` does without the modules that cost tens of milliseconds."""
    heavy = ("jsonschema", "tabulate", "pytest", "dataclasses", "asyncio", "unittest", "logging", "importlib.metadata")
    program = (
        "import sys; from grader.cli import main; main(['run', 'labs/demand-paging', '-q']);"
        f"print([m for m in sys.modules if m in {heavy}], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stderr.strip() == "[]"


def test_product_files_speak_of_the_project_alone(root):
    """No file of the grader has a left-over mark."""
    marks = ("TO" + "DO", "FIX" + "ME")
    for file in pathlib.Path(root / "grader").rglob("*.py"):
        text = file.read_text(encoding="utf-8").replace('"TO' + 'DO"', "")
        assert not any(mark in text for mark in marks), file
