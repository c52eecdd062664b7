"""Prove that a lab is sound. Each proof collects its own problems; a failed proof does not stop the others.

files           the lab and its scenarios load; handout, stub and quiz exist; recorded outputs and pictures are fresh
reference       meets every expectation, and produces the recorded outputs
host            a real kernel did the same in public scenarios with the Linux profile
twins           the reference meets the expectations of public scenarios in their disguised twins, too
stub            passes no scenario
misconceptions  each one that the lab teaches against loses points
worlds          correct variants show no difference in the lab's small worlds (only with --verify)
mutants         the share of small changes to the reference that the scenarios catch (only with --mutants)
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from grader.authoring.grouped import grouped
from grader.authoring.kept_proofs import KeptProofs
from grader.authoring.misconceptions import (
    KnownSigns,
    Progress,
    Tried,
    fingerprints_text,
    idle_scenarios,
    try_misconceptions,
)
from grader.authoring.record import describe_change
from grader.errors import InputError, did_you_mean
from grader.grade.diagnosis import fingerprints_path
from grader.grade.twins import make_twins, seeds_of
from grader.grade.verdicts import NOT_IMPLEMENTED
from grader.lab.course_order import circle_of
from grader.lab.kernels import load_file_class, reference_kernel
from grader.lab.lab import QUIZ_TASK, Lab, load_lab, stub_in_c_missing
from grader.lab.mistakes import course_labs, misconceptions, mistakes, of_no_lab
from grader.lab.recordings import left_over, load_recording
from grader.lab.reference import reference_output
from grader.plural import number_of
from grader.program import command
from grader.scenario.model import LINUX
from grader.scenario.twin import DIMENSIONS
from grader.view.handout import check_pictures

#: What the strength of a lab is, and why it is less than it seems where it is less than all.
SHARE = "the share of small changes to the reference that its scenarios catch"
EARLIER = (
    "only this lab's own scenarios were run: they catch less than all labs do, since the scenarios of earlier labs "
    "catch most of the rest"
)

#: Share of the misconceptions that must lose points in a public scenario: students can find these mistakes themselves.
PUBLIC_SHARE = 0.8


class Proof(NamedTuple):
    """One proof: what it showed, or the problems that it found. Problems of the kind `files` make the lab unusable.

    shown  "" if there is nothing to say without `-v`
    notes  additional information for the author, shown with `-v`
    """

    name: str
    shown: str
    problems: list[str]
    kind: str = "proof"
    notes: list[str] = []  # noqa: RUF012 - proofs are never changed


def check_files(lab: Lab) -> Proof:
    """Check for the files that a lab needs in addition to those that the loader reads."""
    problems = []
    for path in (lab.path / "README.md", lab.kernel.path):
        if not path.is_file():
            problems.append(f"{path}: the file is missing")
    problems += stub_in_c_missing(lab)
    if lab.quiz is not None and not lab.quiz.is_file():
        problems.append(f"{lab.quiz}: the quiz named in lab.yaml is missing")
    if (lab.path / "README.md").is_file():
        problems += _check_handout(lab)
        problems += check_pictures(lab, (lab.path / "README.md").read_text(encoding="utf-8"))
    siblings = [path.parent.name for path in lab.path.resolve().parent.glob("*/lab.yaml")]
    near = did_you_mean(lab.builds_on, siblings) if lab.builds_on not in siblings else ""
    if near:  # without a near one, the course may leave that lab out
        problems.append(f"{lab.path / 'lab.yaml'}: builds_on: no lab {lab.builds_on!r} here; {near}")
    circle = circle_of(lab.path)
    if circle:
        way = " -> ".join([*circle, circle[0]])
        problems.append(f"{lab.path / 'lab.yaml'}: builds_on: {way} is a circle; a lab builds on an earlier one")
    problems += _check_kernels(lab) if lab.reference is not None else []
    problems += _check_outputs(lab)
    shown = f"{len(lab.scenarios)} public and {len(lab.hidden)} hidden scenarios, all recorded"
    return Proof("files", shown, problems, "files")


def _check_kernels(lab: Lab) -> list[str]:
    """Return why the reference or the stub cannot be loaded."""
    problems = []
    for load in (partial(reference_kernel, lab), partial(load_file_class, lab.kernel.path, lab.kernel.name)):
        try:
            load()
        except InputError as error:
            problems += error.problems
        except FileNotFoundError:
            continue  # reported as a missing file
    return problems


def _check_outputs(lab: Lab) -> list[str]:
    """Return a problem per missing, stale or left-over output, or a single one if the lab was never recorded."""
    problems = left_over(lab)
    for scenario in lab.all_scenarios:
        try:
            load_recording(lab, scenario)
        except InputError as error:
            problems += error.problems
    if len(problems) > 3 and len(problems) == len(lab.all_scenarios):
        return [f"{lab.outputs}: no scenario's reference output is up to date; run `{command('record', lab.path)}`"]
    return problems


def _check_handout(lab: Lab) -> list[str]:
    """Check that the handout has a heading `## N.` for every task."""
    path = lab.path / "README.md"
    numbers = [int(n) for n in re.findall(r"^## (\d+)\.", path.read_text(encoding="utf-8"), re.MULTILINE)]
    wanted = [task.number for task in lab.tasks if task.id != QUIZ_TASK]
    missing = [number for number in wanted if number not in numbers]
    return [f"{path}: no heading `## {n}.` for task {lab.tasks[n - 1].id!r}" for n in missing]


def check_reference(lab: Lab) -> Proof:
    """Check that the reference meets every expectation and produces the recorded outputs."""
    kernel = reference_kernel(lab)
    problems = []
    for scenario in lab.all_scenarios:
        output, wrong = reference_output(scenario, kernel)
        problems += wrong
        if wrong:
            continue
        try:
            recorded = load_recording(lab, scenario)
        except InputError:
            continue  # already reported under `files`
        if recorded.traces != output.traces:
            change = describe_change(recorded, output)
            problems.append(
                f"{scenario.path}:1: the reference no longer produces the recorded output ({change}); "
                f"if the change is intended, run `{command('record', lab.path)}`"
            )
    shown = f"meets every expectation in {number_of(len(lab.all_scenarios), 'scenario')}"
    return Proof("reference", shown, grouped(problems))


def check_host(lab: Lab) -> Proof:
    """Check that a real kernel was recorded in every public scenario with the Linux profile, and did the same."""
    problems, kernels = [], set()
    for scenario in lab.scenarios:
        if scenario.machine.profile != LINUX:
            continue
        try:
            recording = load_recording(lab, scenario)
        except InputError:
            continue  # already reported under `files`
        if recording.host is None:
            problems.append(f"{scenario.path}:1: its output does not say what a real kernel did (profile: linux)")
            continue
        kernels.add(recording.host.kernel)
        for number in recording.host_differences():
            line = scenario.steps[number - 1].line if number <= len(scenario.steps) else 1
            problems.append(f"{scenario.path}:{line}: step {number}: {recording.host.kernel} did something else")
    return Proof("host", f"{', '.join(sorted(kernels))} did the same in every public scenario", problems)


def check_twins(lab: Lab) -> Proof:
    """Check that the reference meets the expectations of each public scenario in its disguised twin as well."""
    twins, problems = make_twins(lab, lab.scenarios, seeds_of(lab))
    points = "points follow them" if lab.twins == "decide" else "differences are reported to staff"
    plainer = [
        f"{id}: the twin differs only in: {'; '.join(t.differs)}"
        for id, t in twins.items()
        if len(t.differs) < DIMENSIONS
    ]
    return Proof("twins", f"the reference passes all {len(twins)}; {points}", problems, notes=plainer)


#: Scenarios that are named where a kernel stands in the stub's place.
STUB_SHOWN = 3


def check_stub(lab: Lab) -> Proof:
    """Check that the stub passes no scenario, and that its verdict is `not implemented` everywhere."""
    from grader.grade.attempt import attempt_each, attempt_here

    kernel = load_file_class(lab.kernel.path, lab.kernel.name)
    problems = []
    for scenario in lab.all_scenarios:
        attempt = attempt_each(scenario, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        if attempt.verdict != NOT_IMPLEMENTED:
            problems.append(f"{scenario.path}:1: the stub's verdict is {attempt.verdict}, not {NOT_IMPLEMENTED}")
    if len(problems) > STUB_SHOWN:
        more = (
            f"{len(problems) - STUB_SHOWN} more such scenarios: is {lab.kernel.path} somebody's kernel, not the stub?"
        )
        problems = [*problems[:STUB_SHOWN], more]
    return Proof("stub", "is not implemented anywhere", problems)


def check_misconceptions(lab: Lab, progress: Progress, known: KnownSigns | None = None, jobs: int = 1) -> Proof:
    """Check that every misconception about a rule of this lab loses points here, most of them in a public scenario.

    Misconceptions of earlier labs are run as well: the fingerprints include them, and must be up to date.

    known  outcomes of earlier runs; it learns the new ones
    jobs   processes that share the work
    """
    tried = try_misconceptions(lab, misconceptions(lab), progress, known, jobs)
    misspelt, elsewhere = _of_no_lab(lab)
    if not tried:
        return Proof("misconceptions", "; ".join(filter(None, ["none are known for this lab", elsewhere])), misspelt)
    every = mistakes(lab)
    taught = [one for one in tried if every[one.flag].lab == lab.name]
    problems = misspelt + [f"{one.flag}: no scenario of this lab catches it" for one in taught if not one.signs]
    in_public = sum(bool(one.public) for one in taught)
    if in_public < PUBLIC_SHARE * len(taught):
        problems.append(f"too few misconceptions lose points in a public scenario: {in_public} of {len(taught)}")
    path = fingerprints_path(lab)
    if not path.is_file() or path.read_text(encoding="utf-8") != fingerprints_text(lab, tried):
        problems.append(f"{path}: the fingerprints are not up to date; run `{command('record', lab.path)}`")
    shown = "; ".join(filter(None, [_shown(taught, in_public), elsewhere]))
    return Proof("misconceptions", shown, problems, notes=_notes(lab, tried, taught))


def _of_no_lab(lab: Lab) -> tuple[list[str], str]:
    """Return problems of misconceptions whose lab is misspelt, and what to say of those whose lab is not here.

    A course may leave labs out, as those that others build on.
    """
    labs, missing, problems = course_labs(lab), [], []
    for flag, name in of_no_lab(lab).items():
        near = did_you_mean(name, labs)
        if near:
            problems.append(f"{flag}: no lab {name!r} here; {near}")
        else:
            missing.append(name)
    names = ", ".join(dict.fromkeys(missing))
    return problems, f"{number_of(len(missing), 'misconception')} of labs that are not here: {names}" if missing else ""


def _shown(taught: list[Tried], in_public: int) -> str:
    weakest = min(taught, key=lambda one: len(one.signs), default=None)
    shown = f"all {len(taught)} of this lab lose points, {in_public} of them in public scenarios"
    return shown if weakest is None else f"{shown} (closest: {weakest.flag}, caught by {len(weakest.signs)})"


def _notes(lab: Lab, tried: list[Tried], taught: list[Tried]) -> list[str]:
    """Return the notes for the author: information that is not a problem."""
    notes = []
    survivors = [one.flag for one in tried if one not in taught and not one.signs]
    earlier = len(tried) - len(taught)
    if earlier:
        missed = f"; not caught: {', '.join(survivors)}" if survivors else ""
        notes.append(
            f"of {earlier} misconceptions of earlier labs, {earlier - len(survivors)} lose points here too{missed}"
        )
    idle = idle_scenarios(lab, tried)
    if idle:
        notes.append(f"redundant for catching misconceptions ({number_of(len(idle), 'scenario')}): {', '.join(idle)}")
    for one in sorted(tried, key=lambda one: len(one.signs)):
        by = ", ".join([*one.public, *one.hidden][:3])
        notes.append(f"{one.flag}: caught by {len(one.signs)}{f' ({by} …)' if one.signs else ''}")
    return notes


def check_quiz(lab: Lab, kept: KeptProofs | None = None) -> Proof:
    """Check that the quiz loads, that its keys match the reference, and that the model sheet gets full marks."""
    from grader.quiz import check_quiz as problems_of
    from grader.quiz.questions import load_quiz

    if lab.quiz is None:
        return Proof("quiz", "this lab has no quiz", [])
    known = kept.shown("quiz") if kept is not None else None
    if known is not None:
        return Proof("quiz", known, [])
    try:
        quiz = load_quiz(lab)
    except InputError as error:
        return Proof("quiz", "", error.problems, "files")
    questions = number_of(len(quiz.questions), "question")
    shown = f"{questions}, {quiz.computed} of them computed; the model sheet has full marks"
    problems = problems_of(lab)
    if kept is not None and not problems:
        kept.keep("quiz", shown)
    return Proof("quiz", shown, problems)


def check_worlds(lab: Lab, progress: Progress, known: KnownSigns, jobs: int) -> Proof:
    """Check that the correct variants agree with the reference in the lab's worlds.

    The notes name the misconceptions that differ there, and that no scenario of the lab catches.
    """
    from grader.authoring.small_worlds import explore_lab
    from grader.scenario.describe import in_words

    tried = try_misconceptions(lab, misconceptions(lab), progress, known, jobs)
    found = explore_lab(lab, [one.flag for one in tried if not one.signs], progress)
    where = number_of(found.worlds, "world")
    shown = f"{number_of(found.variants, 'correct variant')} without a difference in {where}"
    shown = shown if found.variants else f"the reference, which has no correct variants, runs in {where}"
    shown += f"; misconceptions that show there and in no scenario: {len(found.missed)}"
    shows = {flag: in_words(scenario.steps) for flag, scenario in found.missed.items()}
    notes = [f"{flag}: no scenario catches it; it shows in: {steps}" for flag, steps in shows.items()]
    return Proof("worlds", shown, found.differing, notes=notes)


def check_mutants(lab: Lab, progress: Progress, kept: KeptProofs | None = None) -> Proof:
    """Measure the lab's strength: the share of mutants of its reference that its scenarios catch. It has no minimum."""
    known = kept_mutants(kept)
    if known is not None:
        return known
    from grader.authoring.mutants import measure
    from grader.scenario.describe import sentence

    strength = measure(lab, progress)
    caught = strength.public + strength.hidden
    share = caught / strength.different if strength.different else 1.0
    shown = (
        f"strength {share:.1%}: of {strength.different} small changes to the reference {caught} are caught, "
        f"{strength.public} by public scenarios; {strength.made - strength.different} more change nothing in its worlds"
    )
    notes = [
        f"{mutant.place}, {mutant.change}: not caught here; it shows in: "
        + "; ".join(sentence(step) for step in scenario.steps)
        for mutant, scenario in strength.survivors
    ]
    if notes:
        notes.append(EARLIER)
    if kept is not None:
        kept.keep("mutants", "\n".join([shown, *notes]))
    return Proof("mutants", shown, [], notes=notes)


def kept_mutants(kept: KeptProofs | None) -> Proof | None:
    """Return the lab's strength if it was measured with exactly these files; None otherwise."""
    known = kept.shown("mutants") if kept is not None else None
    if known is None:
        return None
    shown, *notes = known.split("\n")
    return Proof("mutants", shown, [], notes=notes)


def check_lab(
    folder: str | pathlib.Path,
    progress: Progress = lambda flag: None,
    with_mutants: bool = False,
    *,
    fresh: bool = True,
    jobs: int = 1,
    with_worlds: bool = False,
) -> Iterator[Proof]:
    """Yield the proofs of one lab as they are made. Problems with its files may prevent the later ones.

    fresh  whether everything is proved, even what an earlier check has proved with the same files
    jobs   processes that share the work
    """
    try:
        lab = load_lab(folder)
    except InputError as error:
        yield Proof("files", "", error.problems, "files")
        return
    files = check_files(lab)
    yield files
    if lab.reference is None or not _loads(lab):
        return
    with KeptProofs(lab, fresh) as kept:
        yield _proved("quiz", partial(check_quiz, lab, kept))
        yield _proved("reference", partial(check_reference, lab))
        if any(scenario.machine.profile == LINUX for scenario in lab.scenarios):
            yield _proved("host", partial(check_host, lab))
        yield _proved("twins", partial(check_twins, lab))
        if not files.problems:
            yield _proved("stub", partial(check_stub, lab))
            yield _proved("misconceptions", partial(check_misconceptions, lab, progress, kept.signs, jobs))
            if with_worlds:
                yield _proved("worlds", partial(check_worlds, lab, progress, kept.signs, jobs))
            if with_mutants:
                yield _proved("mutants", partial(check_mutants, lab, progress, kept))
            else:
                how = f"`{command('check', lab.path)} --mutants` measures the lab's strength in one figure: {SHARE}"
                yield kept_mutants(kept) or Proof("mutants", "", [], notes=[how])


def _loads(lab: Lab) -> bool:
    """Return True if the reference can be loaded; if not, `files` has the reason."""
    try:
        reference_kernel(lab)
    except InputError:
        return False
    return True


def _proved(name: str, prove: Callable[[], Proof]) -> Proof:
    """Return a proof; where it cannot be made, its problems say why."""
    try:
        return prove()
    except InputError as error:
        return Proof(name, "", error.problems, "files")
