"""Grade one submission again and again: what is warm stays, and what failed last is tried first."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from grader.errors import InputError
from grader.files import is_aside
from grader.grade.graded import Graded
from grader.grade.last_run import remember
from grader.grade.result import Result
from grader.grade.result_builder import ResultBuilder
from grader.grade.runner import Runner
from grader.grade.session import Session
from grader.grade.submission import Submission, resolve
from grader.grade.to_mend import to_mend
from grader.grade.verdicts import PASSED
from grader.quiz import mark
from grader.quiz.marks import QuizResult
from grader.scenario.model import Scenario
from grader.versions import mark_of


class Regrader:
    """The state of a watched submission.

    result   the last save that was graded to its end; None before the first
    before   the one before that, for the comparison
    graded   attempts at the current save, by the scenario's id
    first    the result of the failing scenario that was found first in the current save; None so far
    problem  why the current save cannot be graded (a missing kernel, a broken lab); "" if it can
    took     seconds that the last complete save took
    """

    def __init__(self, session: Session, what: str | None) -> None:
        """Watch a submission as --submission names it; None is the lab's own folder."""
        self.session = session
        self.what = what
        self.result: Result | None = None
        self.before: Result | None = None
        self.graded: dict[str, Graded] = {}
        self.first: Result | None = None
        self.problem = ""
        self.took = 0.0
        self._submission: Submission | None = None
        self._work: Iterator[Graded] | None = None
        self._runner: Runner | None = None
        self._began = 0.0
        self._quiz: tuple[tuple[bytes | None, str], QuizResult] | None = None
        self._lab_files = self._look()
        self._hashes: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """Return True while scenarios of the current save are left to try."""
        return self._work is not None

    @property
    def total(self) -> int:
        """Return how many scenarios a save is tried on."""
        return len(self.session.lab.all_scenarios)

    @property
    def refused(self) -> str:
        """Return why intake rejects the kernel, or ""."""
        return self._submission.refused if self._submission is not None else ""

    def begin(self) -> bool:
        """Read the submission and begin to grade it; return False if it has the bytes of the last save.

        A save that is being graded is given up. Changed files of the lab are read again first.
        """
        try:
            reloaded = self._reload()
            submission = resolve(self.what, self.session.lab)
            self.session.load(self.session.lab.all_scenarios)
        except InputError as error:
            self._give_up(error)
            return True
        known = self._submission
        if known is not None and submission == known and not submission.refused and not reloaded:
            return False
        self._submission, self.problem = submission, ""
        self.graded, self.first = {}, None
        self._began = time.perf_counter()
        self._work = self._tries(submission)
        return True

    def _give_up(self, error: InputError) -> None:
        """Say why the current save cannot be graded; the next one is, whatever is in it."""
        self._work, self.problem, self._submission = None, "\n".join(error.problems), None

    def step(self) -> bool:
        """Try one more scenario; return True if there is something new to show: a first failure, the result, a problem.

        The quiz and the fingerprints are read only here; a mistake in them must not end the watch.
        """
        try:
            return self._step()
        except InputError as error:
            self._give_up(error)
            return True

    def _step(self) -> bool:
        assert self._work is not None
        graded = next(self._work, None)
        if graded is None:
            self._work = None
            self._finish()
            return True
        self.graded[graded.scenario.id] = graded
        if self.first is None and graded.attempt.verdict != PASSED and not graded.hidden:
            self.first = self._build([graded], None)
            return True
        return False

    def _tries(self, submission: Submission) -> Iterator[Graded]:
        lab = self.session.lab
        self._runner = runner = self.session.runner(submission)
        try:
            yield from self.session.grade_each(runner, self._order(lab.scenarios), lab.hidden)
        finally:
            runner.discard()

    def _order(self, scenarios: tuple[Scenario, ...]) -> list[Scenario]:
        """Return the scenarios, first the one that a reader of the last result saw first."""
        failed = to_mend(self.result)[0]["id"] if self.result and to_mend(self.result) else None
        first = next((s for s in scenarios if s.id == failed), None)
        return [*([first] if first is not None else []), *(s for s in scenarios if s is not first)]

    def _finish(self) -> None:
        graded = [self.graded[s.id] for s in self.session.lab.all_scenarios]
        result = self._build(graded, self._marked())
        self.before, self.result = self.result, result
        if self.what is None:
            remember(self.session.lab, result)
        self.took = time.perf_counter() - self._began

    def _build(self, graded: list[Graded], quiz: QuizResult | None) -> Result:
        submission = self._submission
        assert submission is not None
        remarks = [*submission.remarks, *(self._runner.remarks() if self._runner is not None else ())]
        builder = ResultBuilder(self.session.lab, graded, quiz, None, self._hashed(), remarks)
        return builder.build(submission.name, submission.digest, self.session.isolation, "student")

    def _hashed(self) -> dict[str, str]:
        if not self._hashes:
            self._hashes = self.session.hashes()
        return self._hashes

    def _marked(self) -> QuizResult | None:
        """Return the marks of the quiz sheet; a sheet with the same bytes is not marked again."""
        assert self._submission is not None
        sheet = self._submission.answers, self._submission.unread
        if self._quiz is None or self._quiz[0] != sheet:
            marked = mark(self.session.lab, sheet[0], unread=sheet[1])
            if marked is None:
                return None
            self._quiz = (sheet, marked)
        return self._quiz[1]

    # -- the lab's own files -----------------------------------------------------------------------------------

    def _reload(self) -> bool:
        """Read the lab again if one of its files changed; return True if it was read. InputError if it is wrong."""
        files = self._look()
        if files == self._lab_files:
            return False
        self.session.reload()
        self._lab_files, self._hashes, self._quiz = files, {}, None
        return True

    def _look(self) -> dict[str, str]:
        """Return the lab's files that decide a grade, each with what is different once it was changed.

        What is gone in the middle of a save is left out: reading the lab again says whether it is needed.
        """
        lab = self.session.lab
        places = [lab.path, lab.path / "scenarios", lab.path / "hidden", lab.outputs]
        files = [lab.quiz, lab.keys] if lab.quiz is not None else []
        for place in places:
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                names = [entry.name for entry in entries if entry.name.endswith((".yaml", ".json"))]
                files += [place / name for name in names if name != "answers.yaml" and not is_aside(name)]
        found = {}
        for path in files:
            with contextlib.suppress(OSError):
                found[str(path)] = mark_of(path.stat())
        return found
