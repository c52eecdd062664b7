"""Many submissions against a lab: what is not yet in the store is graded and committed; all else is found there."""

from __future__ import annotations

import gc
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.batch.accounting import Account
from grader.batch.certificates import kept_certificate, key_of
from grader.batch.identity import PARTICIPANT, keys_of, owners, people
from grader.batch.identity import Key as PersonKey
from grader.batch.layouts import about_people
from grader.batch.memo import Memo
from grader.batch.mine import judge_mine
from grader.batch.moodle_times import HandedIn
from grader.batch.pools import Pool, completed
from grader.batch.roster import Listed, Roster, introduce, name_people
from grader.batch.sources import BatchSubmission, kernel_of
from grader.batch.store import Kept, Key, Store
from grader.batch.work import Bundle, Done, Work, from_json, pack
from grader.files import is_aside
from grader.grade.attempt import Attempt
from grader.grade.diagnosis import fingerprints_path, load_fingerprints
from grader.grade.graded import Graded
from grader.grade.result_builder import ResultBuilder
from grader.grade.runner import Printed
from grader.grade.twins import Twin, twins_of
from grader.grade.verdicts import PASSED, REFUSED, UNGRADABLE, WAITING
from grader.lab.lab import Lab
from grader.lab.recordings import Recording, load_recordings, recording_path
from grader.quiz.marks import QuizResult
from grader.sandbox.isolation import Isolation
from grader.trace.json_form import trace_to_json
from grader.versions import files_hash, grader_hash, whole_hash

if TYPE_CHECKING:
    from grader.quiz.marker import Marker
    from grader.quiz.statistics import Marked

#: Called with the number of submissions that are done, and what became of one.
Progress = Callable[[int, str], None]

_NOT_DONE = "it was not graded yet: run the same command again"


class Course(NamedTuple):
    """A lab with everything that its scenarios' attempts are kept under."""

    lab: Lab
    bundle: Bundle
    hashes: dict[str, str]
    outputs: dict[str, str]
    grader: str
    twins: dict[str, Twin]
    twin_outputs: dict[str, str]
    marker: Marker | None
    files: bytes  # a hash of the program's and the lab's files, as they were when this was opened
    verify: bool = False  # whether kernels are to be verified as well

    def twin_key(self, kernel: str, scenario: str) -> Key:
        return Key(kernel, self.twins[scenario].output.hash, self.grader, self.twin_outputs[scenario])

    def key(self, kernel: str, scenario: str) -> Key:
        return Key(kernel, self.hashes[scenario], self.grader, self.outputs[scenario])

    def digest(self) -> bytes:
        """Return a hash of everything that attempts are kept under, except the kernel."""
        tasks = [(scenario.id, scenario.task) for scenario in self.lab.all_scenarios]
        certificate = key_of(self, "") if self.verify else ()
        twins = [(id, twin.output.hash, twin.differs) for id, twin in self.twins.items()]
        parts = (self.grader, tasks, self.hashes, self.outputs, twins, self.twin_outputs, certificate)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


def open_course(lab: Lab, isolation: str, verify: bool = False) -> Course:
    """Return the lab, loaded for a batch. InputError if an output is missing or stale, or the quiz is wrong."""
    files = files_digest(lab)
    outputs = load_recordings(lab, lab.all_scenarios)
    digests = {
        scenario.id: hashlib.sha256(recording_path(lab, scenario).read_bytes()).hexdigest()
        for scenario in lab.all_scenarios
    }
    marker = _marker(lab)
    hashes = {id: output.hash for id, output in outputs.items()}
    twins = twins_of(lab, lab.scenarios)
    twin_digests = {id: _digest(twin.output) for id, twin in twins.items()}
    bundle = pack(lab, outputs, isolation, twins)
    return Course(lab, bundle, hashes, digests, grader_hash(), twins, twin_digests, marker, files, verify)


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


def _digest(output: Recording) -> str:
    """Return a hash of an output that no file holds."""
    plain = [trace_to_json(trace) for trace in output.traces]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


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
    """A submission on the store's list, as grading knows it. kernel: its digest there; "" if there is none."""

    id: str
    kernel: str
    language: str


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
            kernel = source.code_digest if source.has_kernel else ""
            handed.append(Handed(source.found.id, kernel, source.language))
            if kernel:
                yield kernel, source.kept_text

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
    for one in listed:
        students.setdefault(one.kernel, []).append(one.id)
    works = list(_due(course, store, memo, {one.kernel: one.language for one in listed if one.kernel}))
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
                keep(course, store, done)
            else:
                problems.append(f"{', '.join(names)}: could not be graded: {done}")
            progress(len(names), names[0])
    return len(works), problems


def _due(course: Course, store: Store, memo: Memo, languages: Mapping[str, str]) -> Iterator[Work]:
    """Yield what has still to be done with kernels, digest -> language; the texts of the kernels are left out."""
    base = course.digest()
    for kernel, language in languages.items():
        key = hashlib.sha256(b"nothing is due" + base + kernel.encode() + store.digest(kernel, course.grader)).digest()
        if memo.get(key) is None:
            work = _work(course, store, kernel, language)
            if work is not None:
                yield work
            else:
                memo.put(key, b"")


def _with_text(store: Store, work: Work) -> Work:
    text = store.kernel(work.kernel_digest)
    assert text is not None  # `enter` put it there
    return work._replace(kernel=kernel_of(text)[1])


def _work(course: Course, store: Store, digest: str, language: str) -> Work | None:
    """Return the scenarios that a kernel has still to be tried on, without its text; None if there are none."""
    kept = store.attempts(digest, course.grader)
    missing = []
    for scenario in course.lab.all_scenarios:
        key = course.key(digest, scenario.id)
        known = kept.get((key.scenario, key.output))
        if known is None or known.verdict == UNGRADABLE:
            missing.append(scenario.id)
    missing = _with_held(course, kept, digest, missing)
    twins = tuple(id for id in course.twins if _twin_is_due(course, kept, digest, id))
    verify = course.verify and kept_certificate(course, kept, digest) is None
    if not missing and not twins and not verify:
        return None
    return Work(digest, "", tuple(missing), twins, language, verify)


def _with_held(course: Course, kept: dict[tuple[str, str], Kept], kernel: str, missing: list[str]) -> list[str]:
    """Return the missing scenarios, with all of a task if others of it were held back because of one that is missing.

    What is held back depends on the task's other scenarios (grade/held.py), so that it is tried again with them.
    """
    tasks = {scenario.task for scenario in course.lab.all_scenarios if scenario.id in set(missing)}
    for scenario in course.lab.all_scenarios if tasks else ():
        key = course.key(kernel, scenario.id)
        known = kept.get((key.scenario, key.output))
        if scenario.task in tasks and known is not None and known.verdict == WAITING:
            break
    else:
        return missing
    return [scenario.id for scenario in course.lab.all_scenarios if scenario.task in tasks]


def _twin_is_due(course: Course, kept: dict[tuple[str, str], Kept], kernel: str, scenario: str) -> bool:
    """Return True if a twin has not been tried yet and the scenario is passed, or not tried yet either."""
    key, twin_key = course.key(kernel, scenario), course.twin_key(kernel, scenario)
    known, twin = kept.get((key.scenario, key.output)), kept.get((twin_key.scenario, twin_key.output))
    if twin is not None and twin.verdict != UNGRADABLE:
        return False
    return known is None or known.verdict in (PASSED, UNGRADABLE)


def keep(course: Course, store: Store, done: Done) -> None:
    """Commit what came of one kernel."""
    keys = [(course.key(done.kernel_digest, id), attempt) for id, attempt in done.attempts.items()]
    keys += [(course.twin_key(done.kernel_digest, id), attempt) for id, attempt in done.twins.items()]
    if done.certificate is not None:
        keys.append((key_of(course, done.kernel_digest), done.certificate))
    store.keep((key, Kept(attempt["verdict"], attempt, done.isolation)) for key, attempt in keys)


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
        kept = self.store.attempts(about["kernel"], course.grader)
        graded, levels = [], []
        for scenario in course.lab.all_scenarios:
            key = course.key(about["kernel"], scenario.id)
            known = kept.get((key.scenario, key.output))
            attempt, printed = from_json(known.attempt) if known else (Attempt(UNGRADABLE, _NOT_DONE), Printed())
            twin = self._twin(about["kernel"], scenario.id, kept) if attempt.verdict == PASSED else None
            differs = course.twins[scenario.id].differs if twin is not None else ()
            graded.append(self._graded(scenario, attempt, printed)._replace(twin=twin, differs=differs))
            if known:
                levels.append(known.isolation)
        # What scenarios were graded at different levels has the lowest of them.
        remarks = about.get("remarks", ())
        certificate = kept_certificate(course, kept, about["kernel"])
        self._certificates[about["kernel"]] = certificate
        if certificate is not None:
            remarks = [*remarks, certificate.attempt.get("message", "")]
        nothing: Isolation = {"wanted": course.bundle.isolation, "got": "none", "missing": {}}
        isolation = min(levels, key=lambda level: level["got"], default=nothing)
        return self._builder(graded, about, answers, remarks), isolation

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

    def _twin(self, kernel: str, scenario: str, kept: dict[tuple[str, str], Kept]) -> Attempt | None:
        """Return the attempt at the twin of a scenario that passed; None if it has none."""
        if scenario not in self.course.twins:
            return None
        key = self.course.twin_key(kernel, scenario)
        known = kept.get((key.scenario, key.output))
        return from_json(known.attempt)[0] if known else Attempt(UNGRADABLE, _NOT_DONE)

    def _graded(self, scenario: Any, attempt: Attempt, printed: Printed) -> Graded:
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
