"""Keys: the right answer to a question, and the answers that kernels with a typical mistake would give.

Computed keys are recorded, one entry per variant, next to the reference outputs (in `quiz/keys.json`), together with
the answers of the misconception kernels. Thus marking replays nothing, and a released lab, which has neither reference
nor misconceptions, can still be marked. An entry is used only while its hash matches the question and its scenarios;
otherwise the key is computed again. A key on a student's machine is not a secret: it is for practice, and the course
marks with its own copy.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import NamedTuple, TypedDict

from grader.errors import InputError
from grader.formats.yaml_reader import plain_value
from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.program import command
from grader.quiz.model import Choice, Computed, Question, Quiz
from grader.quiz.obfuscated import unpacked
from grader.quiz.observe import Value, evaluate, observe
from grader.versions import mark_of

FORMAT = 1

#: Maximum number of misconceptions named for one wrong answer.
BELIEFS = 2


#: What a question's type compares an answer with; see Keyed.
Key = set[str] | list[str] | dict[str, str] | Fraction | tuple[str, ...] | str


class Keyed(NamedTuple):
    """A question's key, and what is known about wrong answers.

    key     a set of ids (single, multiple), a list of ids (order), a dict (match), a Fraction (number), a tuple of
            accepted texts (text); for a computed `single`, the text of the right choice
    wrong   a wrong answer, as written -> the reasons why somebody would give it, one sentence each
    flags   a wrong answer -> the flags of the misconceptions that give it
    """

    key: Key
    wrong: dict[str, list[str]]
    flags: dict[str, list[str]] = {}  # noqa: RUF012 - never changed


class KeyEntry(TypedDict):
    """The recorded key of one variant. mistakes: answer -> the flags of the misconceptions that give it."""

    hash: str
    key: str
    mistakes: dict[str, list[str]]


class KeysFile(TypedDict, total=False):
    """The contents of `quiz/keys.json`; empty if the file does not exist.

    beliefs    flag -> what somebody with that misconception believes
    questions  question id -> variant -> entry
    """

    format: int
    beliefs: dict[str, str]
    questions: dict[str, dict[str, KeyEntry]]


def keyed(lab: Lab, quiz: Quiz, question: Question) -> Keyed:
    """Return the key of a question. InputError if it has to be computed and cannot be."""
    if isinstance(question.answer, Computed):
        return _computed(lab, quiz, question)
    return Keyed(_written(question), {wrong.value: [wrong.why] for wrong in question.distractors if wrong.value})


def _written(question: Question) -> Key:
    if question.type in ("single", "multiple"):
        return {choice.id for choice in question.choices if choice.right}
    if question.type == "order":
        return [choice.id for choice in sorted(question.choices, key=lambda choice: choice.right)]
    if question.type == "match":
        return {choice.id: str(choice.right) for choice in question.choices}
    assert question.answer is not None and not isinstance(question.answer, Computed)
    return question.answer


def _computed(lab: Lab, quiz: Quiz, question: Question) -> Keyed:
    entry = recorded(lab, question)
    if entry is None:
        value, mistakes, beliefs = value_of(lab, quiz, question), {}, {}
    else:
        value, mistakes, beliefs = from_text(entry["key"]), entry["mistakes"], load_keys(lab).get("beliefs", {})
    wrong = {w.value: [w.why] for w in question.distractors if w.value}
    named = [w.flag for w in question.distractors if w.flag]
    for given, flags in mistakes.items():
        reasons = wrong.setdefault(given, [])
        likely = sorted(
            flags, key=lambda flag: flag not in named
        )  # the reason that the author wrote takes precedence over a computed one
        if not reasons:
            reasons += _told(given, question, [beliefs[flag] for flag in likely if flag in beliefs][:BELIEFS])
    return Keyed(_of_type(question, value), wrong, mistakes)


def offered(question: Question, keys: Keyed) -> tuple[Choice, ...]:
    """Return the choices that a `single` or `multiple` question shows.

    Computed choices are the key, the answers of the named misconceptions, and the wrong values that the question lists;
    or, if it names no misconception, the answers of three."""
    if not question.offers_computed:
        return question.choices
    named = [w.flag for w in question.distractors if w.flag]
    wrong = {given: reasons for given, reasons in keys.wrong.items() if reasons}
    if question.distractors:
        meant = {w.value for w in question.distractors}
        meant |= {given for given, flags in keys.flags.items() if set(flags) & set(named)}
        wrong = {given: reasons for given, reasons in wrong.items() if given in meant}
    else:
        wrong = dict(list(wrong.items())[:3])
    why = question.why or "That is what the reference does."
    right = str(keys.key)
    choices = [Choice(right, counted(right, question.unit), True, why)]
    choices += [Choice(given, counted(given, question.unit), False, " ".join(told)) for given, told in wrong.items()]
    return tuple(sorted(choices, key=_rank))


def counted(value: str, unit: str) -> str:
    """Return a figure with its unit: 2 minor faults, 1 minor fault, 1 copy, 1 miss, 1 ms."""
    return f"{value} {_singular(unit) if value == '1' else unit}".rstrip()


def _singular(unit: str) -> str:
    """Return the singular of a unit. A symbol (s, ms) stays as it is."""
    if len(unit) < 4 or unit.endswith("ss"):
        return unit
    for plural, one in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("s", "")):
        if unit.endswith(plural):
            return unit.removesuffix(plural) + one
    return unit


def _rank(choice: Choice) -> tuple[Fraction, str]:
    value = from_text(choice.id)
    return (Fraction(0), value) if isinstance(value, str) else (value, "")


def _of_type(question: Question, value: Value) -> Key:
    if question.type == "text":
        return (as_text(value),)
    return as_text(value) if question.type == "single" else value


def _told(given: str, question: Question, beliefs: list[str]) -> list[str]:
    """Return the sentence that names a misconception, or two that give the same answer."""
    if not beliefs:
        return []
    seen = counted(given, question.unit)
    return [f"{seen} is what you would see with a kernel that {', or with one that '.join(beliefs)}."]


def as_text(value: Value) -> str:
    """Return a value as it is stored, shown and typed: a whole number, a decimal, a fraction (1/3), or a word."""
    if isinstance(value, str) or value.denominator == 1:
        return str(value)
    decimal = f"{float(value):.9f}".rstrip("0")
    return decimal if Fraction(decimal) == value else str(value)


def from_text(text: str) -> Value:
    """Return the value that `as_text` was given: a number if the text can be read as one."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return text


# -- computing ------------------------------------------------------------------------------------------------


def value_of(lab: Lab, quiz: Quiz, question: Question) -> Value:
    """Compute the key from the recorded outputs, or by a replay if the question has a scenario of its own."""
    computed = question.answer
    assert isinstance(computed, Computed)
    try:
        traces = {}
        for name, what in computed.observations.items():
            if what.scenario.id in {s.id for s in lab.scenarios}:
                traces[name] = load_recording(lab, what.scenario).traces[0]
            else:
                from grader.lab.kernels import reference_kernel
                from grader.replay.simulated import replay

                traces[name] = replay(what.scenario, reference_kernel(lab))
        return evaluate(computed, {n: observe(traces[n], what) for n, what in computed.observations.items()})
    except ValueError as error:
        raise InputError([f"{quiz.path}:{question.line}: question {question.id!r}: {error}"]) from None


# -- what is recorded -----------------------------------------------------------------------------------------

_loaded: dict[tuple[str, str], KeysFile] = {}


def load_keys(lab: Lab) -> KeysFile:
    """Return the recorded keys; empty if there are none. InputError if the file is not valid."""
    path = lab.keys
    try:
        stamp = (str(path.resolve()), mark_of(path.stat()))
    except OSError:
        return {}
    if stamp not in _loaded:
        try:
            plain = json.loads(unpacked(path.read_bytes()))
            if plain["format"] != FORMAT or not isinstance(plain["questions"], dict):
                raise ValueError("of another format")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError([f"{path}: not a file of recorded quiz keys ({error}); {_again(lab)}"]) from None
        _loaded[stamp] = plain
    return _loaded[stamp]


def _again(lab: Lab) -> str:
    return "fetch the lab again" if lab.reference is None else f"run `{command('record', lab.path)}`"


def recorded(lab: Lab, question: Question) -> KeyEntry | None:
    """Return the recorded entry of a question's variant (hash, key, mistakes), or None if it is missing or stale."""
    entry = load_keys(lab).get("questions", {}).get(question.id, {}).get(variant_name(question.values))
    if entry is None or entry["hash"] != question_hash(question):
        return None
    return entry


def variant_name(values: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def question_hash(question: Question) -> str:
    """Return the sha256 of what determines a computed key: the observations and their scenarios."""
    import hashlib

    computed = question.answer
    assert isinstance(computed, Computed)
    spec = [
        [name, what.scenario.hash, what.after, what.process, what.observe, what.at]
        for name, what in sorted(computed.observations.items())
    ]
    text = json.dumps([computed.expression, spec, plain_value(question.values)])
    return hashlib.sha256(text.encode()).hexdigest()
