"""The results of a batch's submissions: built from what the store keeps, and taken from the memo where nothing that
they depend on has changed.

A result depends on the program, the lab's files, what is known of the submission, its quiz sheet, and the rows that
the store has of its kernel. Rows that were not seen in an earlier run are checked before they are used (rows.py).
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.batch.certificates import entry_of as certificate_of
from grader.batch.grading import Course, Grades, files_digest, listed_kernel
from grader.batch.identity import contested
from grader.batch.memo import Memo
from grader.batch.mine import entry_of as mine_of
from grader.batch.mine import in_feedback as in_feedback_mine
from grader.batch.output import Output
from grader.compare.judge import when
from grader.grade.attempt import BEFORE, ends_itself
from grader.grade.result import Result, ScenarioResult
from grader.grade.result_builder import ResultBuilder
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.language import speaking
from grader.program import program
from grader.report import render
from grader.report.class_result import FirstDifference

if TYPE_CHECKING:
    from grader.quiz.statistics import Marked, QuizStatistics
    from grader.sandbox.isolation import Isolation


class Made(NamedTuple):
    """The result of one submission.

    entry       its part of results.json, without what depends on other submissions
    signatures  how it failed: scenario -> signature
    marked      its quiz sheet, for statistics
    staff       sha256 of results/ID.json
    """

    entry: dict[str, Any]
    signatures: dict[str, str]
    marked: Marked | None
    staff: str


class Results:
    """The results of all submissions of a store.

    entries     the parts of results.json, in the order of ids
    signatures  kernel -> how it failed: scenario -> signature
    staff       sha256 of results/ID.json, by id
    """

    def __init__(self, grades: Grades, memo: Memo, output: Output, language: str) -> None:
        self.grades = grades
        self.output = output
        self.language = language
        self.entries: list[dict[str, Any]] = []
        self.signatures: dict[str, dict[str, str]] = {}
        self.staff: dict[str, str] = {}
        self._memo = memo
        self._now = time.time()  # one moment for all, so that no student's feedback says more than another's
        self._base = _base(grades.course, language, self._now)
        self._keys: dict[str, bytes] = {}
        self._marked: list[Marked] = []
        self._shared = _Shared(grades.course.lab)

    def make(self) -> None:
        """Write results/ID.json of every submission that has not got it yet, and collect the entries."""
        first: dict[str, str] = {}
        for id, about, answers in self.grades.store.each_submission():
            self._keys[id] = self._key(id, about, answers)
            made = self._remembered(id)
            if made is None or not self.output.has(results_path(id), made.staff):
                made = self._make(id, about, answers)
            # Many hand in nothing, or the stub: that is not copying.
            same = first.setdefault(about["kernel"], id) if about["kernel"] and not about["remark"] else id
            made.entry["same_kernel_as"] = "" if same == id else same
            self.entries.append(self._shared.entry(made.entry))
            self.staff[id] = made.staff
            if about["kernel"]:
                self.signatures[about["kernel"]] = made.signatures
            if made.marked is not None:
                self._marked.append(made.marked)
        decide = contested(self.entries)
        for entry in self.entries:
            entry["decide"] = decide.get(entry["id"], "")

    def feedback(self) -> Iterator[str]:
        """Yield what each student may see, without what a person changed, in the order of the entries."""
        for id, about, answers in self.grades.store.each_submission():
            known = self._memo.get(_feedback(self._keys[id]))
            if known is not None:
                yield known.decode()
            else:
                yield self._student_text(id, about, *self.grades.builder(about, answers))

    def quiz_statistics(self) -> QuizStatistics | None:
        """Return what the class answered in the quiz; None if the lab has none."""
        if self.grades.course.marker is None:
            return None
        from grader.quiz.statistics import quiz_statistics

        return quiz_statistics(self._marked)

    def _key(self, id: str, about: dict[str, Any], answers: bytes | None) -> bytes:
        kernel = listed_kernel(about)
        rows = self.grades.store.digest(kernel.digest, self.grades.course.keys.grader(kernel))
        told = json.dumps([id, about, answers is not None], sort_keys=True).encode()
        return hashlib.sha256(b"".join([self._base, rows, _hash(told), _hash(answers or b"")])).digest()

    def _remembered(self, id: str) -> Made | None:
        data = self._memo.get(self._keys[id])
        return _unpacked(data, self._shared) if data is not None else None

    def _make(self, id: str, about: dict[str, Any], answers: bytes | None) -> Made:
        builder, isolation = self.grades.builder(about, answers)
        staff = builder.build(id, about["digest"], isolation, "staff")
        written = self.output.write(results_path(id), render(staff, "json"))
        entry = _entry(id, about, staff) | _likeness(builder) | certificate_of(self.grades.certificate(about))
        signatures = {g.scenario.id: g.attempt.sign for g in builder.graded if g.attempt.sign}
        made = Made(entry, signatures, self.grades.marked(about, answers), written)
        self._memo.put(self._keys[id], _packed(made))
        text = self._student_text(id, about, builder, isolation)
        self._memo.put(_feedback(self._keys[id]), text.encode("utf-8", "backslashreplace"))
        return made

    def _student_text(self, id: str, about: dict[str, Any], builder: ResultBuilder, isolation: Isolation) -> str:
        with speaking(self.language):
            student = builder.build(id, about["digest"], isolation, "student", self._now)
            return render(student, "markdown") + in_feedback_mine(about)


def results_path(id: str) -> str:
    """Return the file of a submission for staff, below the output."""
    return f"results/{id}.json"


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _feedback(key: bytes) -> bytes:
    """Return what the feedback of a submission is remembered under."""
    return _hash(b"feedback" + key)


# -- what results depend on -----------------------------------------------------------------------------------


def _base(course: Course, language: str, now: float) -> bytes:
    """Return a hash of everything that the results of all submissions depend on, except the store.

    Files are hashed before anything of them is read (in `open_course`) and once more here: what was made while somebody
    edited the lab is remembered under a hash that no other run has.
    """
    lab = course.lab
    shown = lab.feedback.at(now), language, str(lab.path), program(), course.bundle.isolation
    digest = hashlib.sha256(repr((shown, _settings(lab))).encode("utf-8", "surrogatepass"))
    for part in (course.keys.digest(), course.files, files_digest(lab)):
        digest.update(part)
    return digest.digest()


def _settings(lab: Lab) -> object:
    """Return what a lab is as it was loaded: its files may have been edited since."""
    return lab.title, lab.tasks, lab.twins, lab.feedback, [(s.id, s.title, s.hint, s.task) for s in lab.all_scenarios]


# -- what is remembered ---------------------------------------------------------------------------------------


class _Shared:
    """Makes equal tables of scenarios one and the same: a class of thousands has few different ones."""

    def __init__(self, lab: Lab) -> None:
        self._ids = [scenario.id for scenario in lab.all_scenarios]
        self._tables: dict[str, dict[str, Any]] = {}

    def table(self, values: list[Any]) -> dict[str, Any]:
        """Return scenario -> value."""
        told = repr(values)  # 1 and 1.0 are equal, and are written differently
        if told not in self._tables:
            self._tables[told] = dict(zip(self._ids, values, strict=True))
        return self._tables[told]

    def entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return an entry with shared tables. Nobody may change them."""
        return entry | {name: self.table(list(entry[name].values())) for name in _TABLES}


#: Fields of an entry that have a value for each scenario of the lab.
_TABLES = ("verdicts", "scenario_points")


def _packed(made: Made) -> bytes:
    entry = made.entry | {name: list(made.entry[name].values()) for name in _TABLES}
    return json.dumps([entry, made.signatures, made.marked, made.staff]).encode()


def _unpacked(data: bytes, shared: _Shared) -> Made:
    entry, signatures, marked, staff = json.loads(data)
    entry = {sys.intern(name): value for name, value in entry.items()}  # a third of what it takes in memory
    entry |= {name: shared.table(entry[name]) for name in _TABLES}
    return Made(entry, signatures, _marked(marked), staff)


def _marked(plain: Any) -> Marked | None:
    if plain is None:
        return None
    from grader.quiz.statistics import Chosen, Marked

    marks, wrong = plain
    return Marked(marks, {id: [Chosen(*one) for one in chosen] for id, chosen in wrong.items()})


# -- entries --------------------------------------------------------------------------------------------------


def _entry(id: str, about: dict[str, Any], staff: Result) -> dict[str, Any]:
    """Return a submission's part of results.json."""
    entry: dict[str, Any] = {"id": id}
    entry.update((key, about[key]) for key in ("label", "system", "user", "email", "number", "digest"))
    entry["others"] = about.get("others", [])  # a store of before groups were known has none
    entry.update((key, about.get(key, "")) for key in ("login", "github"))
    entry.update((key, about.get(key, False)) for key in ("named", "by_name"))
    entry["late"] = about.get("late", False)
    entry.update((key, about.get(key, "")) for key in ("submitted", "dated_by", "time_doubt"))
    entry["extension"] = 0  # days; the late policy sets it
    entry["doubt"] = about.get("doubt", "")
    entry.update((key, staff[key]) for key in ("points", "max_points", "complete", "receipt"))
    entry["graded_points"] = staff["points"]
    entry["adjustments"] = []
    entry["refused"] = about["refused"]
    entry["unreadable"] = about.get("unreadable", "")
    entry["remarks"] = about.get("remarks", [])
    quiz = staff.get("quiz")
    entry["sheet_problems"] = quiz.get("problems", []) if quiz is not None else []
    entry["sheet_doubt"] = quiz.get("doubt", "") if quiz is not None else ""
    entry["remark"] = about["remark"]
    entry["same_kernel_as"] = ""  # `make` sets it, which knows the others
    entry["tasks"] = {task["id"]: task["points"] for task in staff["tasks"]}
    entry["verdicts"] = {s["id"]: s["verdict"] for s in staff["scenarios"]}
    entry["scenario_points"] = {s["id"]: s["points"] for s in staff["scenarios"]}
    twins = {s["id"]: s["twin"] for s in staff["scenarios"] if "twin" in s}
    entry["twins"] = {id: twin for id, twin in twins.items() if twin["verdict"] not in (PASSED, UNGRADABLE)}
    entry["rules"] = {s["id"]: s["divergence"]["rule"] for s in staff["scenarios"] if "divergence" in s}
    entry["not_graded"] = next((s["message"] for s in staff["scenarios"] if s["verdict"] == UNGRADABLE), "")
    # An empty file does not load either, but it has a list of its own.
    reasons = (s["message"] for s in staff["scenarios"] if _before_the_first_step(s) and not about["remark"])
    entry["does_not_load"] = next(reasons, "")
    entry["ends_itself"] = next((_in_short(s) for s in staff["scenarios"] if ends_itself(s["message"])), "")
    entry |= mine_of(about)
    entry["first"] = next((_first(s) for s in staff["scenarios"] if _is_drawable(s)), None)
    return entry


def _before_the_first_step(scenario: ScenarioResult) -> bool:
    """Return True if the kernel could not be imported or constructed; with `after: each` a line comes before that."""
    return scenario["verdict"] != PASSED and BEFORE in scenario.get("details", [])[:2]


def _in_short(scenario: ScenarioResult) -> str:
    return f"{scenario['id']}: {scenario['message']}"


def _is_drawable(scenario: ScenarioResult) -> bool:
    """Return True for a difference in a public scenario whose run is known.

    `after: each` makes one run per failure point, and a result names the point only in its message.
    """
    if scenario["visibility"] != "public" or "divergence" not in scenario:
        return False
    found = scenario["divergence"]
    return scenario["message"].startswith(f"{when(found['step'], found['rule'])}: ")


def _first(scenario: ScenarioResult) -> FirstDifference:
    return {"scenario": scenario["id"], **scenario["divergence"]}


def _likeness(builder: ResultBuilder) -> dict[str, Any]:
    """Return which misconceptions a submission behaves like: flag -> what such a kernel does."""
    found = builder.likeness
    return {"misconceptions": {mistake.flag: mistake.belief for mistake in found.mistakes} if found else {}}
