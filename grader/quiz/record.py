"""Record the computed keys, and the answer of every misconception, next to the reference outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from grader.errors import FormatError, InputError
from grader.files import write_file
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.mistakes import misconception_kernel, misconceptions
from grader.quiz.keys import FORMAT, KeyEntry, KeysFile, as_text, question_hash, value_of, variant_name
from grader.quiz.model import Computed, Question, Quiz
from grader.quiz.observe import evaluate, observe
from grader.quiz.parameters import VARIANT_LIMIT, combinations
from grader.quiz.questions import instance, load_quiz
from grader.replay.simulated import replay
from grader.scenario.model import Scenario
from grader.trace.records import Trace

Progress = Callable[[str], None]


def variants(lab: Lab, quiz: Quiz, question: Question) -> Iterator[Question]:
    """Yield the question in each of its variants. InputError if there are too many to try."""
    count = 1
    for several in question.parameters.values():
        count *= len(several)
    if count > VARIANT_LIMIT:
        problem = f"question {question.id!r} has {count} variants; the limit is {VARIANT_LIMIT}"
        raise InputError([f"{quiz.path}:{question.line}: {problem}"])
    if not question.parameters:
        yield question
        return
    for values in combinations(question.parameters):
        try:
            yield instance(lab, quiz, question, values)
        except FormatError as error:
            raise InputError([f"{error} (question {question.id!r} with {variant_name(values)})"]) from None


def compute_keys(lab: Lab, progress: Progress = lambda flag: None) -> KeysFile:
    """Compute all keys of a lab's quiz, in their recorded form. InputError if one cannot be computed."""
    quiz = load_quiz(lab)
    flags = _flags(lab)
    runs = _Runs(lab)
    questions: dict[str, dict[str, KeyEntry]] = {}
    for question in quiz.questions:
        if not isinstance(question.answer, Computed):
            continue
        questions[question.id] = {}
        for one in variants(lab, quiz, question):
            progress(question.id)
            key = as_text(value_of(lab, quiz, one))
            questions[question.id][variant_name(one.values)] = {
                "hash": question_hash(one),
                "key": key,
                "mistakes": _mistakes(runs, one, flags, key),
            }
    used = {flag for q in questions.values() for v in q.values() for each in v["mistakes"].values() for flag in each}
    beliefs = {flag: belief for flag, belief in flags.items() if flag in used}
    return {"format": FORMAT, "beliefs": beliefs, "questions": questions}


def _flags(lab: Lab) -> dict[str, str]:
    """Return flag -> belief. Mistakes about this lab's own rules come first, because they are the most likely."""
    taught = misconceptions(lab, taught=True)
    flags = taught + [flag for flag in misconceptions(lab) if flag not in taught]
    return {flag: str(getattr(misconception_kernel(lab, flag), "belief", "")) for flag in flags}


class _Runs:
    """The replays, each performed only once."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.reference = reference_kernel(lab)
        self.traces: dict[tuple[str, str], Trace] = {}

    def trace(self, scenario: Scenario, flag: str) -> Trace:
        key = (scenario.hash, flag)
        if key not in self.traces:
            kernel = misconception_kernel(self.lab, flag)
            self.traces[key] = replay(scenario, kernel)
        return self.traces[key]


def _mistakes(runs: _Runs, question: Question, flags: dict[str, str], key: str) -> dict[str, list[str]]:
    """Return answer -> flags of the misconceptions that give it, for answers other than the key."""
    computed = question.answer
    assert isinstance(computed, Computed)
    found: dict[str, list[str]] = {}
    for flag, belief in flags.items():
        if not belief:
            continue
        try:
            observed = computed.observations.items()
            values = {name: observe(runs.trace(what.scenario, flag), what) for name, what in observed}
            given = as_text(evaluate(computed, values))
        except ValueError:  # this kernel does not reach the step, or what is observed does not exist there
            continue
        if given != key and not given.startswith("-"):
            found.setdefault(given, []).append(flag)
    return found


def text_of(keys: KeysFile) -> str:
    """Return the text of the keys file: one line per variant, so that diffs are readable."""
    lines = ["{", f' "format": {keys["format"]},', f' "beliefs": {json.dumps(keys["beliefs"], indent=2)},']
    questions = []
    for id, entries in keys["questions"].items():
        variants = ",\n".join(f"   {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
        questions.append(f"  {json.dumps(id)}: {{\n{variants}\n  }}")
    return "\n".join([*lines, ' "questions": {', ",\n".join(questions), " }", "}"]) + "\n"


def record_keys(lab: Lab, progress: Progress = lambda flag: None) -> bool:
    """Write the computed keys of a lab's quiz; return True if the file changed. InputError on a problem."""
    return write_file(lab.keys, text_of(compute_keys(lab, progress)), make_folders=True)
