"""What the README says is so."""

import re
import subprocess

import pytest

from grader.cli import COMMANDS
from grader.scenario.loader import parse_scenario


def test_the_scenario_of_the_readme_loads(root):
    """The YAML example is a scenario, and the reference holds what it expects."""
    from grader.lab.reference import reference_output
    from reference.copy_on_write import CopyOnWriteKernel

    [text] = re.findall(r"```yaml\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    scenario = parse_scenario(text, "readme")

    assert reference_output(scenario, CopyOnWriteKernel)[1] == []


def test_commands_of_the_documents_exist(root):
    """Every `grader COMMAND` and `./forklab COMMAND` in a README or handout is a command."""
    for path in [root / "README.md", root / "CONTRIBUTING.md", *(root / "labs").glob("**/README.md")]:
        for command in re.findall(
            r"(?:^|`| {4})(?:(?:python -m )?grader|\./forklab) ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert command in COMMANDS, f"{path}: grader {command}"


@pytest.mark.parametrize("target", ["demo", "test", "grade", "check", "bench"])
def test_make_has_the_targets_that_are_promised(root, target):
    """`make -n` knows each target of the README and of CONTRIBUTING."""
    done = subprocess.run(["make", "-n", target], cwd=root, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr


def test_folders_say_what_belongs_there(root):
    """Each top-level folder and each room of the grader has a README."""
    rooms = [init.parent for init in (root / "grader").glob("*/__init__.py")]
    tops = [root / name for name in ("labs", "grader", "reference", "tests", "quizzes", "benchmarks")]

    assert len(rooms) > 20
    assert [folder.name for folder in [*tops, *rooms] if not (folder / "README.md").is_file()] == []


def test_a_room_names_its_files(root):
    """A new file is named in the README of its room, unless it is a command, and no file is named that is gone."""
    sources = {file.stem for top in ("grader", "tests", "benchmarks") for file in (root / top).rglob("*.py")}
    for folder in (init.parent for init in (root / "grader").glob("*/__init__.py")):
        text = (folder / "README.md").read_text(encoding="utf-8")
        here = {file.stem for file in folder.glob("*.py")} - {"__init__"}
        commands = {*COMMANDS} if folder.name == "cli" else set()
        gone = {*re.findall(r"`([a-z_0-9]+)\.py`", text)} - sources

        assert {name for name in here - commands if not re.search(rf"\b{name}\b", text)} == set(), folder.name
        assert gone == set(), folder.name


def test_the_house_is_as_its_readme_says(root):
    """Every file that grader/README.md names exists, and every part of the grader has a row there."""
    text = (root / "grader" / "README.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text))
    files -= {"tests/test_imports.py"}
    rows = set(re.findall(r"`([a-z_]+)/?`", text))
    parts = {p.stem for p in (root / "grader").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}

    assert len(files) > 20
    assert [name for name in sorted(files) if not (root / "grader" / name).is_file()] == []
    assert parts - {"__init__", "__main__"} - rows == set()


def test_the_run_in_the_readme_is_a_real_one(root, cli, monkeypatch):
    """Every line of the sample run, except "...", is printed by the command that the README shows."""
    text = (root / "README.md").read_text(encoding="utf-8")
    command, *shown = re.findall(r"```\n\$ grader (.*?)```", text, re.DOTALL)[0].splitlines()

    monkeypatch.chdir(root)
    status, out, _ = cli(*command.split())

    assert status == 1
    assert [line for line in shown if line.strip() != "..." and line not in out.splitlines()] == []


def test_every_promise_of_the_sandbox_names_its_test(root):
    """Each test and attack that the sandbox's README names exists, and each promise names at least one."""
    text = (root / "grader" / "sandbox" / "README.md").read_text(encoding="utf-8")
    table = text.split("## What is promised")[1].split("## What is not promised")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "|--"))]
    tests = set(re.findall(r"`([a-z_/]*test_[a-z_]+\.py)`", table))
    attacks = set(re.findall(r"`([a-z*-]+)`", "\n".join(row.rpartition("|")[0].rpartition("|")[2] for row in rows)))

    assert len(rows) > 12
    assert [name for name in sorted(tests) if not (root / "tests" / name).is_file()] == []
    assert [name for name in sorted(attacks) if not list((root / "tests" / "hostile").glob(f"{name}.py"))] == []


@pytest.mark.parametrize(("status", "made"), [(0, 0), (1, 0), (2, 2)])
def test_make_grade_fails_only_where_nothing_was_graded(root, tmp_path, status, made):
    """Missing points (status 1) are no error of make, which would print one below the report."""
    grader = tmp_path / "venv" / "bin" / "grader"
    grader.parent.mkdir(parents=True)
    grader.write_text(f"#!/bin/sh\nexit {status}\n")
    grader.chmod(0o755)
    (tmp_path / "venv" / ".ready").touch()
    ready = tmp_path / "venv" / ".ready"
    command = ["make", "--old-file", ready, f"VENV={tmp_path / 'venv'}", "grade"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert (done.returncode, "Error" in done.stderr) == (made, made != 0)
