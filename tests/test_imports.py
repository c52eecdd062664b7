"""The direction of imports, and what a run may not import at all."""

import ast
import functools
import pathlib
import subprocess
import sys

import pytest

#: The parts of the grader in the order of their imports: a part imports only parts of the rows above its own.
ROWS = (
    ("errors", "escape", "files", "plural", "points", "search_path", "language", "versions"),
    ("kept",),
    ("machine", "formats", "program"),
    ("scenario",),
    ("trace",),
    ("replay", "compare"),
    ("protocol", "state"),
    ("sandbox",),
    ("lab", "intake", "wasm"),
    ("quiz",),
    ("grade",),
    ("view", "verify", "host"),
    ("report", "authoring", "publish", "practice", "mine"),
    ("batch", "watch"),
    ("pytest_plugin", "cli"),
)
ROW = {part: number for number, row in enumerate(ROWS) for part in row}


@functools.cache
def imported(path, root):
    """Return the modules of the grader that a file imports, at its top or in a function, except for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    skipped = {id(node) for block in typing for node in ast.walk(block)}
    folder = path.relative_to(root).parts[:-1]
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found.update(module_of(f"{module}.{alias.name}", root) for alias in node.names)
    return frozenset(name for name in found if name.split(".")[0] == "grader" and name != "grader")


def module_of(name, root):
    """Return the module that a dotted name is, or is in."""
    path = root.joinpath(*name.split("."))
    return name if path.is_dir() or path.with_suffix(".py").is_file() else name.rpartition(".")[0]


def modules(root):
    """Return every module of the grader with its file."""
    for path in sorted((root / "grader").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path):
    """Return the parts of the grader that a file imports."""
    root = next(folder for folder in path.parents if (folder / "pyproject.toml").is_file())
    return {name.split(".")[1] for name in imported(path, root)}


@pytest.mark.parametrize("part", ROW)
def test_imports_run_one_way(root, part):
    """No part of the grader imports one of its own row or of a row below."""
    wrong = [
        f"{module} imports {other}"
        for module, path in modules(root)
        if module.split(".")[1:2] == [part]
        for other in imports(path) - {part}
        if ROW[other] >= ROW[part]
    ]

    assert wrong == []


def test_no_modules_import_each_other_in_a_circle(root):
    """The imports between modules, those inside functions included, have no circle."""
    graph = {module: imported(path, root) - {module} for module, path in modules(root)}
    while free := [module for module, others in graph.items() if not others & graph.keys()]:
        for module in free:
            del graph[module]

    assert graph == {}


def test_every_part_is_in_a_row(root):
    """A new file or folder of the grader must be given its place in the order."""
    parts = {p.stem for p in (root / "grader").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}

    assert parts - {"__init__", "__main__"} <= set(ROW)


def test_nobody_imports_the_command_line(root):
    """Only `python -m grader` imports cli."""
    files = [f for f in (root / "grader").rglob("*.py") if "cli" not in f.parts and f.name != "__main__.py"]

    assert [f.name for f in files if "cli" in imports(f)] == []


@pytest.mark.parametrize("folder", ["reference", "labs"])
def test_kernels_import_the_machine_alone(root, folder):
    """Whatever runs as a kernel imports grader.machine and nothing else of the grader."""
    for file in (root / folder).rglob("*.py"):
        assert imports(file) <= {"machine"}, file


def test_a_run_imports_nothing_heavy(root):
    """`grader run` does without the modules that cost tens of milliseconds."""
    # A submission, so that the note on the last run of this folder stays what its owner saw.
    heavy = ("jsonschema", "tabulate", "pytest", "dataclasses", "asyncio", "unittest", "logging", "importlib.metadata")
    program = (
        "import sys; from grader.cli import main;"
        "main(['run', 'labs/demand-paging', '--submission', 'labs/demand-paging', '-q']);"
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


def test_the_scenario_model_does_without_yaml(root):
    """The worker imports the model in every process with a student's code; a YAML parser has no business there."""
    program = "import sys; import grader.scenario.model; print([m for m in sys.modules if m.startswith('yaml')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
