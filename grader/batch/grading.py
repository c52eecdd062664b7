"""Many submissions against a lab: what is not yet in the store is graded and committed; all else is found there."""

from __future__ import annotations

import gc
import hashlib
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.batch.accounting import Account
from grader.batch.identity import PARTICIPANT, keys_of, owners, people
from grader.batch.identity import Key as PersonKey
from grader.batch.keys import Kernel, Keys, Known, known_of, make_keys
from grader.batch.layouts import about_people
from grader.batch.memo import Memo
from grader.batch.mine import judge_mine
from grader.batch.moodle_times import HandedIn
from grader.batch.pools import Pool, completed
from grader.batch.roster import Listed, Roster, introduce, name_people
from grader.batch.sources import BatchSubmission, kernel_of
from grader.batch.store import Kept, Store
from grader.batch.work import Bundle, Done, Work, from_json, pack
from grader.files import is_aside
from grader.grade.attempt import Attempt
from grader.grade.diagnosis import fingerprints_path, load_fingerprints
from grader.grade.graded import Graded
from grader.grade.result_builder import ResultBuilder
from grader.grade.runner import Printed
from grader.grade.twins import Twin, twins_of
from grader.grade.verdicts import PASSED, REFUSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.lab.recordings import load_recordings
from grader.quiz.marks import QuizResult
from grader.sandbox.isolation import Isolation, rank
from grader.scenario.model import Scenario
from grader.versions import files_hash, whole_hash

if TYPE_CHECKING:
    from grader.quiz.marker import Marker
    from grader.quiz.statistics import Marked

#: Called with the number of submissions that are done, and what became of one.
Progress = Callable[[int, str], None]

_NOT_DONE = "it was not graded yet"


class Course(NamedTuple):
    """A lab with everything that its scenarios' attempts are kept under."""

    lab: Lab
    bundle: Bundle
    keys: Keys
    hashes: dict[str, str]
    twins: dict[str, Twin]
    marker: Marker | None
    files: bytes  # a hash of the program's and the lab's files, as they were when this was opened
    verify: bool = False  # whether kernels are to be verified as well


def open_course(lab: Lab, isolation: str, verify: bool = False) -> Course:
    """Return the lab, loaded for a batch. InputError if an output is missing or stale, or the quiz is wrong."""
    files = files_digest(lab)
    outputs = load_recordings(lab, lab.all_scenarios)
    marker = _marker(lab)
    hashes = {id: output.hash for id, output in outputs.items()}
    twins = twins_of(lab, lab.scenarios)
    keys = make_keys(lab, outputs, twins, isolation)
    return Course(lab, pack(lab, outputs, isolation, twins), keys, hashes, twins, marker, files, verify)


def files_digest(lab: Lab) -> bytes:
    """Return a hash of the program's files, and of all files of a lab that results depend on."""
    # Hidden files, such as the note on a student's last run, and what Python compiles decide nothing.
    parts = {path: path.relative_to(lab.path).parts for path in lab.path.rglob("*")}
    inside = [path for path, names in parts.items() if not any(n == "__pycache__" or is_aside(n) for n in names)]
    files = [*inside, *lab.outputs.rglob("*"), fingerprints_path(lab)]
    files += [lab.quiz] if lab.quiz is not None else []
    # A quiz key that was not recorded is computed with the reference, which may import modules next to it.
    files += lab.reference.path.parent.glob("*.py") if lab.reference is not None else []
    return bytes.fromhex(files_hash(whole_hash(), files))


def _marker(lab: Lab) -> Marker | None:
    """Return what marks the quiz; None if there is none. A quiz that cannot be read is found before anything else."""
    if lab.quiz is None:
        return None
    from grader.quiz.marker import Marker

    marker = Marker(lab)
    marker.mark(None)
    return marker


def shard_of(kernel: str, id: str, count: int) -> int:
    """Return the shard (from 1) of a submission, by its kernel's text, or by its id if there is none.

    Equal contents, equal shard, whatever else the folder holds.
    """
    known = kernel or id
    return int(hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16) % count + 1


def stub_path(lab: Lab, language: str) -> pathlib.Path:
    """Return the file that students begin with."""
    return lab.kernel.path if language == "python" else lab.path / "stub.c"


def stub_of(lab: Lab, language: str) -> str:
    """Return the text that students begin with; "" if there is none in this language."""
    path = stub_path(lab, language)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


class Handed(NamedTuple):
    """A submission on the store's list, as grading knows it. kernel: None if there is none."""

    id: str
    kernel: Kernel | None


def listed_kernel(about: dict[str, Any]) -> Kernel:
    """Return the kernel of a submission on the store's list, which did not always say its language."""
    return Kernel(about["kernel"], about.get("language", "python"))


class Stubs:
    """The files that students of a lab begin with."""

    def __init__(self, lab: Lab) -> None:
        self._words = {language: stub_of(lab, language).split() for language in lab.languages}

    def is_unchanged(self, source: BatchSubmission) -> bool:
        """Return True if a kernel is the stub; blanks do not count."""
        words = self._words[source.language]
        first = source.kernel.split(None, len(words[:20]))[: len(words[:20])]
        return first == words[:20] and source.kernel.split() == words


def about(lab: Lab, source: BatchSubmission, stubs: Stubs) -> dict[str, Any]:
    """Return what the store knows of a submission, in addition to its answers."""
    found = source.found
    remark = ""
    if not source.has_kernel:
        remark = ""
    elif not source.kernel.strip():
        remark = f"{'kernel.py' if source.language == 'python' else 'kernel.c'} is empty"
    elif stubs.is_unchanged(source):
        remark = "the stub, unchanged"
    mine = judge_mine(lab, source.home, source.own)
    return {
        **about_people(found),
        "digest": source.digest,
        "kernel": source.code_digest if source.has_kernel else "",
        "language": source.language,
        "refused": source.refused,
        "unreadable": source.unreadable,
        "unread": source.unread,
        "remarks": [*found.remarks, *source.remarks],
        "remark": remark,
        **({"mine": mine} if mine is not None else {}),
    }


def enter(
    lab: Lab,
    store: Store,
    sources: Iterable[BatchSubmission],
    roster: Roster | None = None,
    named: Sequence[Listed] = (),
    times: Mapping[PersonKey, HandedIn] = MappingProxyType({}),
) -> tuple[list[Handed], Account | None]:
    """Put a batch's submissions and their kernels into the store, in place of those that were there.

    Return what is to be graded, and what became of the roster's rows, if there is a roster.
    """
    handed: list[Handed] = []
    listed: list[tuple[str, dict[str, Any], bytes | None]] = []
    stubs = Stubs(lab)

    def kernels() -> Iterator[tuple[str, str]]:
        for source in sources:  # one at a time: the texts of all would fill the memory
            listed.append((source.found.id, about(lab, source, stubs), source.answers))
            kernel = Kernel(source.code_digest, source.language) if source.has_kernel else None
            handed.append(Handed(source.found.id, kernel))
            if kernel is not None:
                yield kernel.digest, source.kept_text

    store.set_kernels(kernels())
    return handed, enter_listed(store, listed, roster, named, times)


def enter_listed(
    store: Store,
    listed: list[tuple[str, dict[str, Any], bytes | None]],
    roster: Roster | None,
    named: Sequence[Listed] = (),
    times: Mapping[PersonKey, HandedIn] = MappingProxyType({}),
) -> Account | None:
    """Put submissions on the store's list, with what roster and gradebooks know of their people and times.

    A time that the download itself gives counts. Who has none now keeps what the run before knew, such as the time in a
    worksheet that is not named again.
    """
    entries = [{"id": id} | _NEWER | about for id, about, _ in listed]
    before = {id: (about, answers) for id, about, answers in store.each_submission() if _is_timed(_NEWER | about)}
    # Before the roster, which knows many people only by what a gradebook says of them.
    name_people(entries, named)
    told = introduce(entries, roster) if roster is not None else None
    for entry in entries if times else ():
        _take_time(entry, times)
    for entry, (id, about, answers) in zip(entries, listed, strict=True):
        if id in before and not _is_timed(entry):
            _keep_time(entry, before[id][0], handed_in(*before[id]) == handed_in(about, answers))
    known = [({name: value for name, value in entry.items() if name != "id"}) for entry in entries]
    store.set_submissions((id, about, answers) for (id, _, answers), about in zip(listed, known, strict=True))
    return told


#: What a store of an earlier version does not say of a submission.
_NEWER = {"others": [], "given": "", "doubt": "", "submitted": "", "dated_by": "", "time_doubt": ""}


#: Systems whose downloads have the times of submissions.
_TIMED = ("gradescope",)

_AGAIN = "it was handed in again since its time was known; name Moodle's worksheet again"


def handed_in(about: dict[str, Any], answers: bytes | None) -> tuple[object, ...]:
    """Return what was handed in, without what a roster or a gradebook added."""
    return tuple(about.get(key, "") for key in ("digest", "kernel", "refused", "unreadable")), answers


def _is_timed(about: dict[str, Any]) -> bool:
    """Return True if a platform gave a time, or one that cannot be read. The date of a commit does not count."""
    return bool(about["submitted"] or about["time_doubt"]) and not about["dated_by"]


def _keep_time(entry: dict[str, Any], before: dict[str, Any], same: bool) -> None:
    """Give a submission the time that the run before knew. Of another content nobody knows it: a person decides."""
    doubt = before.get("time_doubt", "") or ("" if same else _AGAIN)
    entry.update(submitted="" if doubt else before["submitted"], dated_by="", time_doubt=doubt)


def _times_of(known: frozenset[PersonKey], times: Mapping[PersonKey, HandedIn]) -> list[HandedIn]:
    """Return when somebody handed in. Who has a participant number goes by it: it differs for each assignment."""
    numbers = {one for one in known if one.kind == PARTICIPANT}
    return [times[one] for one in sorted(numbers or known) if one in times]


def _take_time(entry: dict[str, Any], times: Mapping[PersonKey, HandedIn]) -> None:
    """Give a submission the time that a platform's list has for it, of a group the latest of a member.

    A platform's clock counts more than the date of a commit. If one of the times cannot be read, none counts.
    """
    found = [one for person in people(entry) for one in _times_of(keys_of(entry, person), times)]
    own = entry["submitted"] and not entry["dated_by"] and entry["system"] in _TIMED
    if found and not own:
        doubt = max(one.doubt for one in found)
        entry.update(submitted="" if doubt else max(one.time for one in found), dated_by="", time_doubt=doubt)


def grade_missing(
    course: Course, store: Store, memo: Memo, listed: list[Handed], pool: Pool, progress: Progress
) -> tuple[int, list[str]]:
    """Grade what is not in the store; how many kernels were graded, and what could not be, a line each."""
    students: dict[str, list[str]] = {}
    kernels: dict[str, Kernel] = {}
    for one in listed:
        if one.kernel is not None:
            students.setdefault(one.kernel.digest, []).append(one.id)
            kernels[one.kernel.digest] = one.kernel
    works = list(_due(course, store, memo, kernels.values()))
    waiting = sum(len(students[work.kernel_digest]) for work in works)
    progress(len(listed) - waiting, "")
    problems = []
    # Nothing is made here that the collector would have to look for.
    gc.collect()
    gc.freeze()
    if works:
        for work, done in completed(pool, (_with_text(store, work) for work in works), course.bundle):
            names = students[work.kernel_digest]
            if isinstance(done, Done):
                keep(course.keys, store, kernels[work.kernel_digest], done)
            else:
                problems.append(f"{', '.join(names)}: could not be graded: {done}")
            progress(len(names), names[0])
    return len(works), problems


def _due(course: Course, store: Store, memo: Memo, kernels: Iterable[Kernel]) -> Iterator[Work]:
    """Yield what has still to be done with kernels; their texts are left out."""
    base = b"nothing is due" + course.keys.digest() + bytes([course.verify])
    for kernel in kernels:
        rows = store.digest(kernel.digest, course.keys.grader(kernel))
        key = hashlib.sha256(base + kernel.digest.encode() + rows).digest()
        if memo.get(key) is None:
            work = _work(course, store, kernel)
            if work is not None:
                yield work
            else:
                memo.put(key, b"")


def _with_text(store: Store, work: Work) -> Work:
    text = store.kernel(work.kernel_digest)
    assert text is not None  # `enter` put it there
    return work._replace(kernel=kernel_of(text)[1])


def _work(course: Course, store: Store, kernel: Kernel) -> Work | None:
    """Return what a kernel has still to be tried on, without its text; None if there is nothing."""
    known = known_of(course.keys, store, kernel)
    missing, twins = known.due(course.keys)
    verify = course.verify and known.certificate is None
    if not missing and not twins and not verify:
        return None
    return Work(kernel.digest, "", missing, twins, kernel.language, verify)


def keep(keys: Keys, store: Store, kernel: Kernel, done: Done) -> None:
    """Commit what came of one kernel. It was wanted because what was there, if anything, does not count."""
    attempts = [(keys.scenario(kernel, id, done.together), attempt) for id, attempt in done.attempts.items()]
    attempts += [(keys.twin(kernel, id, done.together), attempt) for id, attempt in done.twins.items()]
    if done.certificate is not None:
        attempts.append((keys.certificate(kernel), done.certificate))
    store.replace((key, Kept(attempt["verdict"], attempt, done.isolation)) for key, attempt in attempts)


class Grades:
    """Results of a store's submissions, built from what is kept."""

    def __init__(self, course: Course, store: Store) -> None:
        self.course = course
        self.store = store
        self._shares = {scenario.id: course.lab.share(scenario) for scenario in course.lab.all_scenarios}
        self._hidden = {scenario.id for scenario in course.lab.hidden}
        self._mistakes = load_fingerprints(course.lab)
        self._certificates: dict[str, Kept | None] = {}
        self._marks: dict[tuple[bytes | None, tuple[str, ...], str], QuizResult] = {}

    def builder(self, about: dict[str, Any], answers: bytes | None) -> tuple[ResultBuilder, Isolation]:
        """Return what builds the result of a submission, for either audience, and its isolation."""
        course = self.course
        if about["refused"] or about.get("unreadable"):
            why = about["refused"] or about["unreadable"]
            attempt = Attempt(REFUSED if about["refused"] else UNGRADABLE, why, (why,))
            graded = [self._graded(scenario, attempt, Printed()) for scenario in course.lab.all_scenarios]
            isolation: Isolation = {"wanted": course.bundle.isolation, "got": "none", "missing": {}}
            return self._builder(graded, about, answers, about.get("remarks", ())), isolation
        known = known_of(course.keys, self.store, listed_kernel(about))
        graded = [self._graded_of(known, scenario) for scenario in course.lab.all_scenarios]
        remarks = about.get("remarks", ())
        self._certificates[about["kernel"]] = known.certificate
        if known.certificate is not None:
            remarks = [*remarks, known.certificate.attempt.get("message", "")]
        nothing: Isolation = {"wanted": course.bundle.isolation, "got": "none", "missing": {}}
        # What scenarios were graded at different levels has the lowest of them.
        levels = [kept.isolation for kept in known.attempts.values()]
        isolation = min(levels, key=lambda level: rank(level["got"]), default=nothing)
        isolation = {**isolation, "wanted": course.bundle.isolation}
        return self._builder(graded, about, answers, remarks), isolation

    def _graded_of(self, known: Known, scenario: Scenario) -> Graded:
        """Return a scenario with what is known of it and, if it is passed, of its twin."""
        kept = known.attempts.get(scenario.id)
        attempt, printed = from_json(kept.attempt) if kept else (Attempt(UNGRADABLE, _NOT_DONE), Printed())
        graded = self._graded(scenario, attempt, printed)
        if attempt.verdict != PASSED or scenario.id not in self.course.twins:
            return graded
        twin = known.twins.get(scenario.id)
        tried = from_json(twin.attempt)[0] if twin else Attempt(UNGRADABLE, _NOT_DONE)
        return graded._replace(twin=tried, differs=self.course.twins[scenario.id].differs)

    def _builder(
        self, graded: list[Graded], about: dict[str, Any], answers: bytes | None, remarks: Sequence[str] = ()
    ) -> ResultBuilder:
        lab, hashes = self.course.lab, self.course.hashes
        return ResultBuilder(lab, graded, self._marked(about, answers), None, hashes, remarks, self._mistakes)

    def certificate(self, about: dict[str, Any]) -> Kept | None:
        """Return the certificate of a submission for which a builder was made; None if there is none."""
        return self._certificates.get(about["kernel"])

    def marked(self, about: dict[str, Any], answers: bytes | None) -> Marked | None:
        """Return what statistics need of a sheet; None if there is no sheet, or no quiz."""
        marker, marks = self.course.marker, self._marked(about, answers)
        if marker is None or marks is None or answers is None:
            return None
        from grader.quiz.statistics import Marked

        return Marked(marks, marker.wrong_answers(answers, self._owners(about)))

    def _graded(self, scenario: Scenario, attempt: Attempt, printed: Printed) -> Graded:
        return Graded(scenario, scenario.id in self._hidden, attempt, printed, self._shares[scenario.id])

    def _marked(self, about: dict[str, Any], answers: bytes | None) -> QuizResult | None:
        """Return the marks of a sheet. A sheet that many hand in (the empty one) is marked once, unless each student
        has other numbers."""
        marker, known, unread = self.course.marker, self._owners(about), about.get("unread", "")
        if marker is None:
            return None
        if (answers, known, unread) not in self._marks:
            self._marks[answers, known, unread] = marker.mark(answers, known, unread)
        return self._marks[answers, known, unread]

    def _owners(self, about: dict[str, Any]) -> tuple[str, ...]:
        """Return the ids that choose a student's numbers; none where all have the same."""
        marker = self.course.marker
        return owners(about) if marker is not None and marker.each_has_numbers else ()
