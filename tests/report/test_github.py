"""Annotations, job summary and Classroom object."""

import base64
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.report import github, render
from tests.report.results import result_of, with_text

#: A line as the runner's own parser takes it: ::name k=v,k=v::message, or the old ##[name k=v;]message.
COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-zA-Z]+=[^,:]*,?)*)::(.*)")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    from tests.labs import recorded

    return result_of(recorded(tmp_path_factory.mktemp("lab")))


def test_every_line_is_a_command_of_ours(result):
    """Errors for what fails, then the two notices that Classroom's own reporter writes."""
    lines = render(result, "github").splitlines()

    assert all(COMMAND.fullmatch(line) for line in lines)
    assert lines[-2].startswith("::notice title=Autograding complete::Points 50/100")
    assert json.loads(lines[-1].partition("::")[2].partition("::")[2]) == {"totalPoints": 50, "maxPoints": 100}


def test_no_more_than_ten_errors(result):
    """GitHub shows ten of a kind: the tenth says how many are left."""
    many = {**result, "scenarios": [s for s in result["scenarios"] if s["verdict"] == "failed"] * 20}
    errors = [line for line in render(many, "github").splitlines() if line.startswith("::error")]

    assert len(errors) == github.ANNOTATIONS
    assert errors[-1].endswith("::31 more scenarios do not pass")


def test_a_crash_points_to_its_line(result):
    """The innermost line of the student's own is where the annotation goes, if the file's path is known."""
    crashed = with_text(result, "ValueError")
    first = render(crashed, "github", kernel="labs/small/kernel.py").splitlines()[0]

    assert ",file=labs/small/kernel.py,line=3::" in first
    assert "file=" not in render(crashed, "github").splitlines()[0]


@given(st.text(max_size=200))
@example("::error::forged\n##[error]forged\r::stop-commands::x")
@example("%0A::error::forged")
@example("title, file=/etc/passwd:")
def test_no_text_forges_a_command(result, text):
    """Whatever a student prints, raises or is called: as many commands as there were, all of them ours."""
    lines = render(with_text(result, text), "github").splitlines()

    assert len(lines) == len(render(result, "github").splitlines())
    for line in lines:
        match = COMMAND.fullmatch(line)
        assert match and "::" not in match.group(3) and "##[" not in line


def test_the_classroom_object_sums_to_the_points(result):
    """Classroom's report sums the tests' scores; its table takes max_score; status says whether all is earned."""
    line = github.output_line(result)
    told = json.loads(base64.b64decode(line.removeprefix("result=")))

    assert told["status"] == "fail"
    assert told["max_score"] == result["max_points"]
    assert sum(test["score"] for test in told["tests"]) == pytest.approx(result["points"], abs=0.05)
    assert {test["status"] for test in told["tests"]} == {"pass", "fail"}


def test_files_that_github_names_are_filled(cli, lab, tmp_path, monkeypatch):
    """With $GITHUB_STEP_SUMMARY and $GITHUB_OUTPUT a run appends a summary and the Classroom object."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (tmp_path / name).write_text("before\n")
        monkeypatch.setenv(name, str(tmp_path / name))
    cli("run", lab, "--format", "github")

    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text().startswith("before\n## `small`")
    assert (tmp_path / "GITHUB_OUTPUT").read_text().startswith("before\nresult=")
