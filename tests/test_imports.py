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
    "trace": {"machine", "scenario"},
    "replay": {"machine", "scenario", "trace"},
    "compare": {"machine", "scenario", "trace"},
    "worker": {"machine", "scenario", "trace", "replay", "compare"},
    "lab": {"scenario"},
    "outputs": {"lab", "scenario", "trace"},
    "kernels": {"lab", "replay", "scenario"},
    "record": {"compare", "lab", "machine", "outputs", "replay", "scenario", "trace"},
    "attempt": {"compare", "machine", "outputs", "replay", "scenario", "trace", "verdicts"},
    "examiner": {"attempt", "replay", "scenario", "trace", "verdicts", "worker"},
    "fingerprints": {"attempt", "lab", "scenario", "verdicts"},
    "mistakes": {"attempt", "fingerprints", "kernels", "lab", "outputs", "verdicts"},
    "grade": {"attempt", "compare", "examiner", "fingerprints", "lab", "outputs", "scenario", "text", "verdicts"}
    | {"trace"},
    "submission": {"examiner", "kernels", "lab", "replay", "scenario", "worker"},
    "quiz": {"kernels", "lab", "machine", "outputs", "replay", "scenario", "text", "trace", "worker"},
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
    "report": {"attempt", "compare", "machine", "scenario", "text", "trace", "verdicts"},
    "release": {"fingerprints", "grade", "lab", "outputs", "quiz"},
    "fuzz": {"attempt", "compare", "lab", "machine", "replay", "scenario", "trace", "verdicts"},
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


def modules_of(path, root):
    """Every module of the grader that a file imports, also inside a function, but not only for type checking."""
    package = path.relative_to(root).parent.parts
    nodes = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            # What is imported from a package may be a module of it.
            names = [name for alias in node.names for name in (f"{base}.{alias.name}", base)]
        yield from (name for name in names if name.split(".")[0] == "grader")


def imports(path):
    """The parts of the grader that a file imports."""
    root = next(folder.parent for folder in path.parents if folder.name in ("grader", "reference", "labs"))
    for name in modules_of(path, root):
        part = name.split(".")[1] if name.count(".") else ""
        if part and any((root / "grader" / file).exists() for file in (part, f"{part}.py")):
            yield part


def circles(graph):
    """The nodes that can be reached from themselves, each with a way back."""
    for start in graph:
        reached, left = {}, [(start, [start])]
        while left:
            node, way = left.pop()
            for following in graph.get(node, ()):
                if following == start:
                    yield " -> ".join([*way, start])
                elif following not in reached:
                    reached[following] = True
                    left.append((following, [*way, following]))


@pytest.mark.parametrize("part", LAYERS)
def test_imports_run_one_way(root, part):
    """No part of the grader imports one that stands after it."""
    path = root / "grader" / part
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = {(file.name, name) for file in files for name in imports(file)}

    assert {(f, n) for f, n in found if n not in LAYERS[part] | {part}} == set()


def test_no_two_modules_import_each_other(root):
    """There is no circle of imports among the files of the grader, however long."""
    files = {path: ".".join(path.relative_to(root).with_suffix("").parts) for path in (root / "grader").rglob("*.py")}
    names = {path: name.removesuffix(".__init__") for path, name in files.items()}
    known = set(names.values())
    graph = {name: {m for m in modules_of(path, root) if m in known and m != name} for path, name in names.items()}
    # A package's own __init__ is imported with each of its modules.
    graph = {name: {m for m in found if not name.startswith(f"{m}.")} for name, found in graph.items()}

    assert list(circles(graph)) == []


def test_no_two_parts_import_each_other():
    """The list itself has no circle: a part imports what stands before it."""
    assert list(circles(LAYERS)) == []


@pytest.mark.parametrize(
    ("graph", "found"),
    [({"a": {"b"}, "b": {"c"}, "c": set()}, []), ({"a": {"b"}, "b": {"a"}}, ["a -> b -> a", "b -> a -> b"])],
)
def test_a_circle_is_found(graph, found):
    """The search that the two tests above use."""
    assert list(circles(graph)) == found


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
