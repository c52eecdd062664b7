"""pytest collects a lab: `pytest labs/copy-on-write` shows each public scenario as a test, in editors too.

The kernel runs in the sandbox, as with `grader run`; a failure's text is the first divergence. The grader is imported
only when a lab.yaml is collected, so that other test suites do not pay for this plugin.

pytest imports what it collects, unconfined and with the user's rights: a conftest.py or a test file that a student put
into a lab's folder would run in this process. Such a folder is refused before pytest imports any of it. That reminds,
and protects from nobody: pytest reads its settings before any plugin, and settings in the folder can name modules to
import, or switch this plugin off.
"""

from __future__ import annotations

import fnmatch
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from grader.grade.attempt import Attempt
    from grader.grade.runner import Printed, Runner
    from grader.lab.lab import Lab
    from grader.scenario.model import Scenario


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("forklab")
    group.addoption("--submission", metavar="WHAT", default=None, help="what to grade in a lab (default: its folder)")
    group.addoption("--isolation", metavar="LEVEL", default="auto", help="auto, require, or a level: L0 L1 W L2S L2 L3")


#: Exit status: nothing could be graded. The same as the program's.
REFUSED = 3


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Look at the folders on the command line: pytest imports their conftest.py next."""
    known = early_config.known_args_namespace
    start = early_config.invocation_params.dir
    names = known.file_or_dir or early_config.getini("testpaths") or [""]
    labs = {lab for name in names for lab in _labs_at((start / str(name).partition("::")[0]).resolve())}
    distributed = bool(getattr(known, "numprocesses", None) or getattr(known, "tx", None))
    reasons = [reason for lab in sorted(labs) for reason in _reasons(lab, early_config, distributed)]
    if reasons:
        print("\n".join(reasons), file=sys.stderr)
        raise SystemExit(REFUSED)  # pytest.exit would be a traceback this early


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Look at each other folder just before pytest imports its conftest.py."""
    if isinstance(collector, pytest.Directory) and (collector.path / "lab.yaml").is_file():
        reasons = _reasons(collector.path, collector.config, distributed=False)
        if reasons:
            pytest.exit("\n".join(reasons), returncode=REFUSED)


def _labs_at(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield the labs whose conftest.py pytest imports at its start: around a path, and in a folder named test*."""
    yield from [folder for folder in (path, *path.parents) if (folder / "lab.yaml").is_file()][:1]
    if path.is_dir():
        yield from (lab.parent for lab in path.glob("test*/lab.yaml"))


def _reasons(lab: pathlib.Path, config: pytest.Config, distributed: bool) -> list[str]:
    """Return the reasons not to go on with a lab's folder; usually none.

    distributed: whether pytest-xdist starts further interpreters, which search the working folder first.
    """
    from grader.escape import printable
    from grader.search_path import shadows, untrusted_folders, working_folder

    patterns = ["conftest.py", "__init__.py", *config.getini("python_files")]
    code = sorted(
        path for path in lab.rglob("*.py") if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
    )
    if config.inipath is not None and lab in config.inipath.parents:
        code.append(config.inipath)
    found = [f"{path}: pytest would run this file outside the sandbox" for path in code]

    untrusted = {*untrusted_folders(), os.path.realpath(lab)}
    folders = [folder or working_folder() for folder in sys.path if os.path.realpath(folder) in untrusted]
    folders += [working_folder()] if distributed else []
    found += shadows(folders, _installed() if distributed else frozenset())
    if not found:
        return []
    from grader.program import command

    way_out = (
        f"Move these files out of the way, or use `{command('run', lab)}` or `grader batch`, which confine submissions."
    )
    return [f"forklab: {printable(line)}" for line in (*found, way_out)]


def _installed() -> frozenset[str]:
    """Return the names of all modules that are installed: an interpreter of pytest-xdist imports many of them."""
    from importlib.metadata import packages_distributions

    return frozenset(packages_distributions())


def pytest_collect_file(file_path: pathlib.Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name == "lab.yaml":
        return LabFile.from_parent(parent, path=file_path)
    return None


class LabFile(pytest.File):
    """A lab.yaml: its public scenarios are the tests."""

    def collect(self) -> Iterator[pytest.Item]:
        from grader.errors import InputError
        from grader.lab.lab import load_lab

        try:
            lab = load_lab(self.path.parent)
        except InputError as error:
            raise self.CollectError(str(error)) from None
        grading = _Grading(lab, self.config)
        self.session.config.add_cleanup(grading.close)
        for scenario in lab.scenarios:
            yield ScenarioItem.from_parent(self, name=scenario.id, scenario=scenario, grading=grading)


class _Grading:
    """One submission of one lab, graded scenario by scenario. The sandbox is started for the first of them."""

    def __init__(self, lab: Lab, config: pytest.Config) -> None:
        from grader.grade.held import Held
        from grader.grade.session import Session

        self._config = config
        self._held = Held()
        self._session = Session(lab, config.getoption("--isolation"))
        self._runner: Runner | None = None

    def attempt(self, scenario: Scenario) -> tuple[Attempt, list[str]]:
        """Return the attempt at a scenario, and the lines that the kernel printed during it."""
        if self._runner is None:
            self._runner = self._start()
        session, runner = self._session, self._runner
        attempt = self._held.attempt(scenario, lambda: session.attempt(runner, scenario))
        return attempt, _prefixed(runner.printed())

    def _start(self) -> Runner:
        from grader.errors import InputError
        from grader.grade.submission import resolve

        submission = resolve(self._config.getoption("--submission"), self._session.lab)
        if submission.refused:
            raise InputError([f"{submission.name}: {submission.refused}"])
        return self._session.runner(submission)

    def close(self) -> None:
        """End the sandbox."""
        if self._runner is not None:
            self._runner.discard()
        self._session.close()


def _prefixed(printed: Printed) -> list[str]:
    """Return what a kernel printed, each line behind `| ` so that none reads as a line of pytest's ("10 passed")."""
    from grader.escape import printable

    lines = [f"| {printable(line)}" for line in printed.text.splitlines()]
    return [*lines, "| … (more was printed)"] if printed.truncated else lines


class ScenarioItem(pytest.Item):
    """One public scenario."""

    def __init__(self, *, scenario: Scenario, grading: _Grading, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario
        self.grading = grading

    def runtest(self) -> None:
        from grader.escape import printable
        from grader.grade.attempt import fits_hint

        attempt, printed = self.grading.attempt(self.scenario)
        if printed:
            self.add_report_section("call", "printed by the kernel", "\n".join(printed))
        if attempt.verdict == "ungradable":
            pytest.skip(f"could not be graded: {printable(attempt.message)}")
        if attempt.verdict != "passed":
            hint = self.scenario.hint if fits_hint(attempt) else ""
            raise ScenarioFailed(
                [printable(line) for line in attempt.lines], attempt.verdict, self.scenario.title, hint
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from grader.errors import InputError

        if isinstance(excinfo.value, ScenarioFailed | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[pathlib.Path, int | None, str]:
        path = self.path.parent / "scenarios" / f"{self.scenario.id}.yaml"
        return path, 0, f"{self.scenario.id}: {self.scenario.title}"


class ScenarioFailed(Exception):
    """A scenario did not pass; the text is the explanation."""

    def __init__(self, lines: list[str], verdict: str, title: str, hint: str) -> None:
        super().__init__("\n".join([f"{verdict}: {title}", *lines, *([f"hint: {hint}"] if hint else [])]))
