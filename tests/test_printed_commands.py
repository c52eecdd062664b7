"""Commands that documents, handouts and messages print: each can be pasted where it is read, and works there."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from grader import program
from grader.cli import COMMANDS
from tests.labs import kernel_text

BIN = pathlib.Path(sys.executable).parent


def lines_of(text):
    """Return the ./forklab commands of a document: indented lines, lines in fences, and words in backticks."""
    shown = re.findall(r"^(?: {4})?(\./forklab [^`\n|]+?)(?: {2,}#.*)?$", text, re.MULTILINE)
    return [line.strip() for line in [*shown, *re.findall(r"`(\./forklab [^`]+)`", text)]]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a checkout: labs, quizzes and reference, and the program as it is installed here."""
    from grader.search_path import ROOT

    top = tmp_path_factory.mktemp("checkout")
    for name in ("labs", "quizzes", "reference", "forklab", "Makefile"):
        (top / name).symlink_to(pathlib.Path(ROOT, name))
    (top / ".venv").symlink_to(BIN.parent)
    return top


def documents():
    from grader.search_path import ROOT

    return sorted([pathlib.Path(ROOT, "README.md"), *pathlib.Path(ROOT, "labs").glob("*/README.md")])


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.parent.name)
def test_every_command_of_a_document_is_understood(path):
    """Each has a command and options that exist; only placeholders in capitals are left to fill in."""
    from grader.cli import _parser

    for line in lines_of(path.read_text(encoding="utf-8")):
        words = shlex.split(line)[1:]
        if not words:
            continue
        assert words[0] in COMMANDS, line
        if len(words) > 1:  # a name alone is how a text speaks of a command
            _parser(words[0]).parse_args(["1" if word == "N" else word.strip("[]") for word in words])


@pytest.mark.proof
@pytest.mark.parametrize("path", documents(), ids=lambda path: path.parent.name)
def test_every_command_of_a_document_works(path, checkout):
    """Each, run at the top, ends with 0 or 1 (points are missing), never with a usage error or a traceback."""
    for line in dict.fromkeys(lines_of(path.read_text(encoding="utf-8"))):
        words = shlex.split(line)[1:]
        # What waits for a person, or for ever, and what has a placeholder is only parsed, above.
        if len(words) < 2 or words[0] in ("watch", "quiz", "predict", "test") or re.search(r"\b[A-Z]{3,}\b", line):
            continue
        words += ["--no-input"] if words[0] == "practice" else []
        if words[0] == "host" and not sys.platform.startswith("linux"):
            continue
        done = subprocess.run(
            [checkout / "forklab", *words], cwd=checkout, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


def printed_by(text):
    """Return the commands that a report prints on lines of their own."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s+(\S*/)?(grader|forklab) [a-z]+ ", line)]


def test_what_a_report_prints_can_be_pasted(lab, cli, monkeypatch, tmp_path):
    """The command for the whole story shows the student's own run, wherever the kernel is and whatever it is called."""
    work = tmp_path / "my work; rm -rf x"
    work.mkdir()
    (work / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    out = cli("run", lab, "--submission", work)[1]
    (line,) = printed_by(out)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "What follows is the run of your kernel." in done.stdout


def test_inside_a_lab_the_lab_is_left_out(lab, cli, monkeypatch):
    """No folder is named that the student is in already."""
    (lab / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    monkeypatch.chdir(lab)
    (line,) = printed_by(cli("run")[1])

    assert line == "grader show fork --submission ."


@pytest.mark.parametrize(
    ("variable", "path", "folder", "expected"),
    [
        ("./forklab", "", "top", "./forklab"),
        ("", str(BIN), "top", "grader"),
        ("./not-there", str(BIN), "top", "grader"),
        ("", "", "top", ".venv/bin/grader"),
        ("", "", "elsewhere", str(BIN / "grader")),
    ],
)
def test_how_the_program_is_called(checkout, tmp_path, monkeypatch, variable, path, folder, expected):
    """As it was called, as PATH finds it, or by the shortest path that leads to it from here."""
    monkeypatch.chdir(checkout if folder == "top" else tmp_path)
    monkeypatch.setenv(program.VARIABLE, variable)
    monkeypatch.setenv("PATH", path)
    if folder == "top":
        monkeypatch.setattr(sys, "executable", str(checkout / ".venv" / "bin" / "python"))

    assert program.program() == expected


def test_a_hostile_name_stays_one_word(monkeypatch):
    """Whatever a submission is called, the line has no command of its own and no control character."""
    line = program.command("show", "lab", "a;rm -rf ~", "--submission", "\x1b[2Jx y")

    assert shlex.split(line)[2:] == ["lab", "a;rm -rf ~", "--submission", "\\e[2Jx y"]
    assert "\x1b" not in line


def test_the_script_of_a_release_is_that_of_the_checkout(root):
    """One script, in two places."""
    script = root / "grader" / "publish" / "files" / "forklab"

    assert (root / "forklab").read_bytes() == script.read_bytes()
    assert os.access(root / "forklab", os.X_OK)


@pytest.mark.parametrize("words", [["kernel.py"], ["LAB", "kernel.py"], ["LAB/kernel.py"]])
def test_a_kernel_may_be_named_by_its_file(lab, cli, monkeypatch, words):
    """`run kernel.py` in a lab, `run LAB kernel.py`, and `run LAB/kernel.py` mean what they say."""
    (lab / "kernel.py").write_text(kernel_text())
    monkeypatch.chdir(lab if words == ["kernel.py"] else lab.parent)
    given = [word.replace("LAB", "small") for word in words]
    if given[-1] == "kernel.py" and len(given) == 2:
        given[-1] = "small/kernel.py"
    status, out, err = cli("run", *given, "-q")

    assert (status, err) == (1, "")
    assert "90 of 100 points" in out


def test_a_kernel_given_twice(lab, cli):
    """Two submissions are an error that names both."""
    (lab / "kernel.py").write_text(kernel_text())
    status, _, err = cli("run", lab, lab / "kernel.py", "--submission", lab)

    assert status == 2
    assert "only one submission is graded" in err


def test_show_without_a_scenario_lists_them(lab, cli, monkeypatch):
    """The names with their titles, and a command that shows one."""
    status, out, _ = cli("show", lab)

    assert status == 0
    assert "fork                               A child shares" in out
    assert f"grader show {lab} touch" in out
