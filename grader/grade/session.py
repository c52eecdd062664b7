"""Puts a lab, its recordings, a sandbox and a runner for each submission together in one place.

`grader run`, `show`, `fuzz`, `selftest`, the pytest plugin and every worker of a batch grade through a Session.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from grader.grade.attempt import Attempt, attempt_each
from grader.grade.boxes import new_explorer, new_sandbox
from grader.grade.graded import Graded
from grader.grade.held import Held
from grader.grade.runner import LocalRunner, RefusedRunner, Runner
from grader.grade.submission import Submission
from grader.grade.verdicts import PASSED
from grader.lab.lab import QUIZ_TASK, Lab, load_lab
from grader.lab.lookup import find_lab, no_scenario
from grader.lab.recordings import Recording, load_recording, load_recordings
from grader.scenario.model import Scenario
from grader.trace.records import Trace

if TYPE_CHECKING:
    from grader.grade.answer_cache import AnswerCache
    from grader.grade.twins import Twin
    from grader.sandbox.isolation import Isolation
    from grader.sandbox.sandbox import Sandbox

#: Called with each scenario before it is tried.
Progress = Callable[[Scenario], None]


def open_session(given: str | None, isolation: str = "auto", boxes: Mapping[str, Sandbox] | None = None) -> Session:
    """Return a session for the lab that a command line names.

    boxes  sandboxes that are started already (grade/boxes.py), so that they warm up while the lab is read; they are
           closed if it cannot be
    InputError if the lab is wrong.
    """
    try:
        return Session(load_lab(find_lab(given)), isolation, boxes=boxes)
    except BaseException:
        for box in (boxes or {}).values():
            box.close()
        raise


class Session:
    """Grades submissions of one lab. Use it as a context manager: leaving it ends the sandbox.

    recordings  recordings that are loaded already, by the scenario's id; others are loaded when they are needed
    answers     the answers of earlier kernels; attempts that come from there have no records
    boxes       sandboxes that are started already, by the language of their kernels
    """

    def __init__(
        self,
        lab: Lab,
        isolation: str = "auto",
        *,
        boxes: Mapping[str, Sandbox] | None = None,
        recordings: Mapping[str, Recording] | None = None,
        answers: AnswerCache | None = None,
    ) -> None:
        self.lab = lab
        self._wanted = isolation
        self._boxes: dict[str, Sandbox] = dict(boxes or {})
        self._used: Sandbox | None = None  # the sandbox of the last submission that had one
        self._recordings = dict(recordings or {})
        self.answers = answers
        self._hidden = {scenario.id for scenario in lab.hidden}
        self.compiling: Callable[[], None] = lambda: None  # called before a kernel in C is compiled

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def dismiss(self) -> None:
        """Let the sandboxes end while something else is done, because no kernel is run any more."""
        for box in self._boxes.values():
            box.dismiss()

    def close(self) -> None:
        """End the sandboxes and everything in them."""
        for box in self._boxes.values():
            box.close()
        self._boxes, self._used = {}, None

    # -- what a lab has ---------------------------------------------------------------------------------------

    def sandbox(self, language: str = "python") -> Sandbox:
        """Return the sandbox for kernels in a language, started at its first use.

        InputError if what the language needs is not installed, IsolationError if the machine cannot give the isolation.
        """
        if language not in self._boxes:
            self._boxes[language] = new_sandbox(self._wanted, language)
        self._used = self._boxes[language]
        return self._used

    def explorer(self, language: str = "python") -> Sandbox:
        """Return the sandbox for kernels that are explored (sandbox/inside/explorer.py), started at its first use."""
        name = f"{language} explored"
        if name not in self._boxes:
            self._boxes[name] = new_explorer(self._wanted, language)
        return self._boxes[name]

    @property
    def isolation(self) -> Isolation:
        """Return what a result says of the sandbox; `got` is `none` if nothing needed one."""
        box = self._used or next(iter(self._boxes.values()), None)
        if box is not None:
            return box.isolation
        return {"wanted": self._wanted, "got": "none", "missing": {}}

    def choose(self, only: str | None) -> tuple[list[Scenario], list[Scenario]]:
        """Return the public and hidden scenarios whose id, or task, matches a pattern: none for the quiz.

        InputError if nothing in the lab matches.
        """
        if only is None:
            return list(self.lab.scenarios), list(self.lab.hidden)
        if only == QUIZ_TASK and any(task.id == QUIZ_TASK for task in self.lab.tasks):
            return [], []

        def fits(scenario: Scenario) -> bool:
            return fnmatch.fnmatchcase(scenario.id, only) or scenario.task == only

        public, hidden = list(filter(fits, self.lab.scenarios)), list(filter(fits, self.lab.hidden))
        if not public and not hidden:
            raise no_scenario(self.lab, f"no scenario matches {only!r}", only)
        return public, hidden

    def reload(self) -> None:
        """Read the lab's files again, keeping the sandbox. InputError if they are wrong; then nothing changes."""
        lab = load_lab(self.lab.path)
        self.lab, self._recordings, self._hidden = lab, {}, {scenario.id for scenario in lab.hidden}
        if self.answers is not None:
            self.answers.forget()

    def load(self, scenarios: Iterable[Scenario]) -> None:
        """Load the recordings of scenarios. InputError with all that are missing or stale."""
        found = load_recordings(self.lab, [s for s in scenarios if s.id not in self._recordings])
        self._recordings |= found
        if self.answers is not None:
            for recording in found.values():
                self.answers.introduce(recording)

    def recording(self, scenario: Scenario) -> Recording:
        """Return the recording of a scenario. InputError if it is missing or stale."""
        if scenario.id not in self._recordings:
            self._recordings[scenario.id] = load_recording(self.lab, scenario)
        return self._recordings[scenario.id]

    def hashes(self) -> dict[str, str]:
        """Return the hash of every scenario. A recording that is loaded has it, which saves computing it again."""
        known = self._recordings
        return {s.id: known[s.id].hash if s.id in known else s.hash for s in self.lab.all_scenarios}

    # -- grading ----------------------------------------------------------------------------------------------

    def runner(self, submission: Submission, remember: bool = True) -> Runner:
        """Return the runner for a submission: in this process if the kernel is ours, in the sandbox otherwise.

        remember  whether its answers are of use for other kernels: they are in the scenarios of a lab
        """
        if submission.refused:
            return RefusedRunner(submission.refused)
        if submission.trusted is not None:
            return LocalRunner(submission.trusted)
        from grader.grade.sandbox_runner import SandboxRunner

        assert submission.code is not None
        box = self.sandbox(submission.code.language)
        return SandboxRunner(box, submission.code, self.answers if remember else None, self.compiling)

    def attempt(self, runner: Runner, scenario: Scenario) -> Attempt:
        """Try a scenario at every failure point that it asks for; the first attempt that does not pass decides."""
        known = scenario.id not in self._hidden
        return attempt_each(scenario, self.recording(scenario), lambda one, expected: runner(one, expected, known))

    def grade(
        self,
        runner: Runner,
        public: Iterable[Scenario],
        hidden: Iterable[Scenario],
        progress: Progress = lambda scenario: None,
    ) -> list[Graded]:
        """Try public scenarios, and then hidden ones in a child that has seen none of the public ones."""
        return list(self.grade_each(runner, public, hidden, progress))

    def grade_each(
        self,
        runner: Runner,
        public: Iterable[Scenario],
        hidden: Iterable[Scenario],
        progress: Progress = lambda scenario: None,
    ) -> Iterator[Graded]:
        """Grade as `grade` does, and yield each scenario as soon as it was tried."""
        held = Held()
        public, hidden = list(public), list(hidden)
        coming = self._runs(hidden)
        for scenario, following in zip_longest(public, public[1:]):
            if following is not None and scenario.each is None:
                runner.foresee(*_first_run(following, self.recording(following)))
            yield self._graded(runner, held, scenario, progress)
            # One at a time: the child is busy with the following scenario, and not for long.
            for run in islice(coming, 1):
                runner.prepare(*run)
        runner.change()
        for scenario in hidden:
            yield self._graded(runner, held, scenario, progress)

    def _runs(self, scenarios: Iterable[Scenario]) -> Iterator[tuple[Scenario, Trace]]:
        """Yield what scenarios are tried on, in order: a scenario itself, or each of its failure points."""
        for scenario in scenarios:
            for point, trace in enumerate(self.recording(scenario).traces):
                yield scenario if scenario.each is None else scenario.at_failure_point(point), trace

    def _graded(self, runner: Runner, held: Held, scenario: Scenario, progress: Progress) -> Graded:
        progress(scenario)
        attempt = held.attempt(scenario, lambda: self.attempt(runner, scenario))
        return Graded(scenario, scenario.id in self._hidden, attempt, runner.printed(), self.lab.share(scenario))


def _first_run(scenario: Scenario, recording: Recording) -> tuple[Scenario, Trace]:
    """Return what a scenario is tried on first: itself, or its first failure point."""
    return scenario if scenario.each is None else scenario.at_failure_point(0), recording.traces[0]


def attempt_twins(runner: Runner, twins: Mapping[str, Twin]) -> dict[str, Attempt]:
    """Return an attempt at each twin, by a child that has seen no other scenario. What it prints is dropped.

    The steps of a twin are sent at once, as those of its scenario are: see scenario/README.md. Twins have a budget of
    their own: a slow kernel that passes every scenario could not fail them for want of time otherwise.
    """
    runner.renew()
    attempts = {}
    for (id, twin), following in zip_longest(twins.items(), list(twins.values())[1:]):
        if following is not None and twin.scenario.each is None:
            runner.foresee(*_first_run(following.scenario, following.output))
        attempts[id] = attempt_each(twin.scenario, twin.output, lambda one, expected: runner(one, expected, True, True))
        runner.printed()
    return attempts


def with_twins(graded: Iterable[Graded], runner: Runner, twins: Mapping[str, Twin]) -> list[Graded]:
    """Return graded scenarios, those that passed with an attempt at their twin: a failed one needs no second try."""
    graded = list(graded)
    due = [g.scenario.id for g in graded if g.attempt.verdict == PASSED and not g.hidden]
    attempts = attempt_twins(runner, {id: twins[id] for id in due if id in twins})
    return [
        g._replace(twin=attempts[g.scenario.id], differs=twins[g.scenario.id].differs)
        if not g.hidden and g.scenario.id in attempts
        else g
        for g in graded
    ]
