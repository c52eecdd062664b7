"""Standard streams that are closed, full or of another encoding: one line, no traceback."""

import io
import os
import subprocess
import sys

import pytest

from grader.cli import main
from grader.lab.lab import load_lab
from tests.labs import kernel_text


@pytest.mark.parametrize(
    ("redirection", "status", "told"),
    [
        (">&-", 2, "grader: standard output is closed; use > /dev/null to discard it\n"),
        ("<&- >/dev/null", 0, ""),
        ("2>&- >/dev/null", 0, ""),
        (">/dev/full", 2, "No space left on device\n"),
    ],
)
@pytest.mark.parametrize("command", ["list", "", "run --help"])
def test_a_stream_that_cannot_be_used(root, monkeypatch, command, redirection, status, told):
    """A line on stderr where there is something to say, and the status of a wrong command."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it a full disk would be noticed earlier
    line = f'exec "{sys.executable}" -m grader {command} {redirection}'
    done = subprocess.run(["sh", "-c", line], cwd=root, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == status, done.stderr
    assert done.stderr.endswith(told) and "Traceback" not in done.stderr


def test_a_file_never_gets_what_is_printed(root, tmp_path):
    """With stdout closed, the first file that is opened would have its number."""
    line = f'exec "{sys.executable}" -m grader run labs/demand-paging --output {tmp_path}/r --only nothing >&-'
    done = subprocess.run(["sh", "-c", line], cwd=root, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2 and not (tmp_path / "r").exists()


def test_an_output_that_is_not_utf_8(root):
    """Characters that the encoding lacks are written as escapes."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    line = [sys.executable, "-m", "grader", "show", "labs/copy-on-write", "fork-faults"]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u" in done.stdout or "\\x" in done.stdout


def at_odd_name(lab):
    """Move a lab, with its outputs, to a folder whose name is not UTF-8."""
    outputs = load_lab(lab).outputs
    outputs.rename(outputs.with_name("o\udcffd"))
    return lab.rename(lab.with_name("o\udcffd"))


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
@pytest.mark.parametrize("command", [["run"], ["run", "--format", "json"], ["quiz"], ["show"]])
def test_a_path_that_is_not_utf_8(lab, tmp_path, monkeypatch, command):
    """A UTF-8 terminal or log, which takes no half characters, gets an escape in its place, and the rest."""
    odd = at_odd_name(lab)
    monkeypatch.chdir(tmp_path)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "utf-8", "strict"))
    status = main([*command[:1], str(odd), *command[1:]])
    told = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr) if not stream.flush()]

    assert status in (0, 1) and told[1] == ""
    assert "o\\udcffd" in told[0]


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
@pytest.mark.parametrize("command", [["release"], ["export", "gradescope"], ["export", "classroom50"]])
def test_a_name_that_no_program_can_have_in_it_is_refused(lab, tmp_path, cli, command):
    """A release and an autograder name the lab's folder in scripts for other computers."""
    odd = at_odd_name(lab)
    status, _, err = cli(*command, odd, "--output", tmp_path / "out")

    assert status == 2 and "its name is not plain text; rename it" in err
    assert not (tmp_path / "out").exists()


def test_lines_for_a_terminal_are_broken_between_words(monkeypatch):
    """A line with a command stays whole, so that it can be pasted; without a terminal all lines stay as they are."""
    from grader.cli import streams

    commands = ["  grader watch labs/demand-paging", "it is missing; `grader record LAB` writes it"]
    lines = ["", "  one two three four", *commands]
    assert streams.fitted(lines) == lines
    monkeypatch.setattr(streams, "columns", lambda: 12)

    assert streams.fitted(lines) == ["", "  one two", "    three", "    four", *commands]


@pytest.mark.parametrize("width", [44, 200])
def test_labs_are_listed_in_any_width(lab, cli, monkeypatch, width):
    """In a narrow terminal a lab's folder has a line of its own, and no line is too long."""
    monkeypatch.chdir(lab.parent)
    monkeypatch.setattr("grader.cli.streams.columns", lambda: width)
    out = cli("list")[1]

    assert max(map(len, out.splitlines())) <= width
    assert ("small\n  A small lab\n" in out) is (width == 44)


def test_points_are_not_cut_off_in_a_narrow_terminal(lab, cli, monkeypatch):
    """A title may lose its last words, the line with the points goes on in the next one."""
    (lab / "kernel.py").write_text(kernel_text())
    cli("run", lab)
    monkeypatch.setattr("grader.cli.streams.columns", lambda: 30)
    out = cli("list", lab)[1]

    assert max(map(len, out.splitlines())) <= 30
    assert "90 of 100 points, just now" in " ".join(out.split())
