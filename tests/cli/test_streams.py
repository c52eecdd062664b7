"""Standard streams that are closed, full or of another encoding: one line, no traceback."""

import os
import subprocess
import sys

import pytest

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
