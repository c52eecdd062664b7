"""pytest collects a lab: `pytest labs/copy-on-write` shows each public scenario as a test, in editors too.

The kernel runs in the box, as with `grader run`; a failure's text is the first divergence. Nothing of the grader is
imported until a lab.yaml is met, so that other test suites do not pay for this plugin.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("forklab")
    group.addoption("--submission", metavar="WHAT", default=None, help="what to grade in a lab (default: its folder)")
    group.addoption("--isolation", metavar="LEVEL", default="auto", help="auto, require, or a level: L0 L1 L2S L2 L3")


def pytest_collect_file(file_path: pathlib.Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name == "lab.yaml":
        return LabFile.from_parent(parent, path=file_path)
    return None


class LabFile(pytest.File):
    """A lab.yaml: its public scenarios are the tests."""

    def collect(self) -> Iterator[pytest.Item]:
        from grader.lab.lab import LabError, load_lab

        try:
            lab = load_lab(self.path.parent)
        except LabError as error:
            raise self.CollectError(str(error)) from None
        examination = _Examination(lab, self.config)
        self.session.config.add_cleanup(examination.close)
        for scenario in lab.scenarios:
            yield ScenarioItem.from_parent(self, name=scenario.id, scenario=scenario, examination=examination)


class _Examination:
    """One submission of one lab, examined scenario by scenario; the box is opened for the first of them."""

    def __init__(self, lab: Any, config: pytest.Config) -> None:
        self.lab = lab
        self.config = config
        self._box: Any = None
        self._examiner: Any = None

    def attempt(self, scenario: Any) -> tuple[Any, list[str]]:
        """Return the attempt at a scenario, and the lines that the kernel printed during it."""
        from grader.grade.attempt import attempt_each
        from grader.lab.recordings import load_output

        output = load_output(self.lab, scenario)
        if self._examiner is None:
            self._open()
        attempt = attempt_each(scenario, output, self._examiner)
        return attempt, _prefixed(self._examiner.printed()) if self._box is not None else []

    def _open(self) -> None:
        from grader.grade.runners import Examiner, local_examiner
        from grader.grade.submission import resolve
        from grader.lab.lab import LabError

        subject = resolve(self.config.getoption("--submission"), self.lab)
        if subject.refused:
            raise LabError([f"{subject.name}: {subject.refused}"])
        if subject.trusted is not None:
            self._examiner = local_examiner(subject.trusted)
            return
        from grader.sandbox.sandbox import Box

        assert subject.code is not None
        self._box = Box(isolation=self.config.getoption("--isolation"))
        self._box.__enter__()
        self._examiner = Examiner(self._box, subject.code)

    def close(self) -> None:
        if self._box is not None:
            self._examiner.discard()
            self._box.__exit__(None, None, None)
            self._box = None


def _prefixed(printed: Any) -> list[str]:
    """Return what a kernel printed, each line behind `| ` so that none reads as a line of pytest's ("10 passed")."""
    from grader.text import plain

    lines = [f"| {plain(line)}" for line in printed.text.splitlines()]
    return [*lines, "| … (more was printed)"] if printed.truncated else lines


class ScenarioItem(pytest.Item):
    """One public scenario."""

    def __init__(self, *, scenario: Any, examination: _Examination, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario
        self.examination = examination

    def runtest(self) -> None:
        from grader.text import plain

        attempt, printed = self.examination.attempt(self.scenario)
        if printed:
            self.add_report_section("call", "printed by the kernel", "\n".join(printed))
        if attempt.verdict == "ungradable":
            pytest.skip(f"could not be graded: {plain(attempt.message)}")
        if attempt.verdict != "passed":
            raise ScenarioFailed([plain(line) for line in attempt.lines], attempt.verdict, self.scenario)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from grader.lab.lab import LabError

        if isinstance(excinfo.value, ScenarioFailed | LabError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[pathlib.Path, int | None, str]:
        path = self.path.parent / "scenarios" / f"{self.scenario.id}.yaml"
        return path, 0, f"{self.scenario.id}: {self.scenario.title}"


class ScenarioFailed(Exception):
    """A scenario did not pass; the text is the explanation."""

    def __init__(self, lines: list[str], verdict: str, scenario: Any) -> None:
        hint = [f"hint: {scenario.hint}"] if scenario.hint else []
        super().__init__("\n".join([f"{verdict}: {scenario.title}", *lines, *hint]))
