"""Prove that a quiz is sound: the problems that `grader check` finds in addition to those that the loader rejects.

keys        every key can be computed in every variant, and equals the recorded one
choices     the key is among them, once, and each wrong choice can be explained
sections    every section is a heading of the handout
sheets      the model sheet gets full marks, and the empty sheet has the questions of the quiz
"""

from __future__ import annotations

import pathlib
import re
from fractions import Fraction

from grader.errors import InputError
from grader.lab.lab import Lab
from grader.program import command
from grader.quiz.keys import Key, Keyed, as_text, keyed, load_keys, offered
from grader.quiz.marking import CORRECT, UNANSWERED, Sheet, mark_answers, mark_question, normal, read_sheet
from grader.quiz.model import VARIANT, Computed, Question, Quiz
from grader.quiz.questions import load_quiz


def problems_of(lab: Lab) -> list[str]:
    """Return the problems of a lab's quiz, one line each: file, line, what was found, and how to fix it."""
    try:
        quiz = load_quiz(lab)
        problems = _keys(lab)
    except InputError as error:
        return error.problems
    for question in quiz.questions:
        place = f"{quiz.path}:{question.line}: question {question.id!r}"
        problems += [f"{place}: {problem}" for problem in _question(lab, quiz, question)]
    if problems:
        return problems
    return _headings(lab, quiz) + _model_sheet(lab, quiz) + _empty_sheet(lab, quiz)


def _keys(lab: Lab) -> list[str]:
    """Compare the recorded keys with keys computed now."""
    if lab.reference is None:
        return []
    from grader.quiz.record import compute_keys

    now, was = compute_keys(lab), load_keys(lab)
    if now == was or (not was and not now["questions"]):
        return []
    ids = [id for id, entries in now["questions"].items() if was.get("questions", {}).get(id) != entries]
    what = f"the computed keys of {', '.join(ids)} are" if ids else "something in it is"
    return [f"{lab.keys}:1: {what} missing or not up to date; run `{command('record', lab.path)}`"]


def _question(lab: Lab, quiz: Quiz, question: Question) -> list[str]:
    from grader.quiz.record import variants

    problems: list[str] = []
    texts = set()
    for one in variants(lab, quiz, question):
        found = _one(lab, quiz, one)
        with_ = f" (with {', '.join(f'{k} = {v}' for k, v in one.values.items())})" if one.values else ""
        problems += [f"{problem}{with_}" for problem in found]
        texts.add((one.text, tuple(c.text for c in one.choices)))
    if not problems and question.parameters and len(texts) == 1:
        problems.append("the parameters change no text that a student sees")
    return problems


def _one(lab: Lab, quiz: Quiz, question: Question) -> list[str]:
    """Return the problems of one variant."""
    try:
        keys = keyed(lab, quiz, question)
    except InputError as error:
        return [problem.partition(": ")[2] for problem in error.problems]
    problems = []
    if isinstance(question.answer, Computed):
        problems += _stored(question.answer, keys.key)
        problems += [
            f"the misconception {w.flag!r} gives no wrong answer here; {_known(keys.flags)}"
            for w in question.distractors
            if w.flag and not any(w.flag in flags for flags in keys.flags.values())
        ]
    elif any(w.flag for w in question.distractors):
        problems.append(
            "only a question with a computed answer may name misconceptions as distractors; give value and why"
        )
    values = [w.value for w in question.distractors if w.value and _right(question, keys, w.value)]
    problems += [f"the distractor {value!r} is the right answer" for value in values]
    if question.offers_computed:
        count = len(offered(question, keys)) - 1
        if count < 2:
            problems.append(f"wrong choices: {count}; at least two are needed: name more distractors")
    right = model_answer(question, keys)
    if not problems and mark_question(lab, quiz, question, right).verdict != CORRECT:
        problems.append(f"the key {right!r} is not accepted as an answer")
    return problems


def _stored(answer: Computed, key: Key) -> list[str]:
    """Compare the author's own figure with the computed one."""
    computed = key[0] if isinstance(key, tuple) else as_text(key) if isinstance(key, Fraction) else str(key)
    stored = answer.key
    if stored is None or str(stored) == computed:
        return []
    return [f"`key` is {stored}, but the reference gives {computed}; correct it, or the question"]


def _known(flags: dict[str, list[str]]) -> str:
    known = [flag for several in flags.values() for flag in several]
    return f"these do: {', '.join(known)}" if known else "none does"


def _right(question: Question, keys: Keyed, value: str) -> bool:
    """Return True if a wrong answer that the quiz lists is the right one."""
    if isinstance(keys.key, tuple):
        return normal(value) in map(normal, keys.key)
    if isinstance(keys.key, Fraction):
        return abs(Fraction(value) - keys.key) <= question.tolerance
    return value == keys.key


def model_answer(question: Question, keys: Keyed) -> str | list[str]:
    """Return the key in the form in which it is written on a sheet."""
    match keys.key:
        case str() | Fraction() as value:
            return as_text(value)
        case set() as ids:
            chosen = [choice.id for choice in question.choices if choice.id in ids]
            return chosen[0] if question.type == "single" else chosen
        case dict() as pairs:
            return [f"{id} = {answer}" for id, answer in pairs.items()]
        case list() as ids_in_order:
            return list(ids_in_order)
        case accepted:
            return accepted[0]


def model_sheet(lab: Lab, quiz: Quiz) -> Sheet:
    """Return the sheet that gets full marks. InputError if a key cannot be computed."""
    return {question.id: model_answer(question, keyed(lab, quiz, question)) for question in quiz.questions}


def _headings(lab: Lab, quiz: Quiz) -> list[str]:
    path = lab.path / "README.md"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    headings = {line.strip("#").strip() for line in lines if line.startswith("#")}
    return [
        f"{quiz.path}:{q.line}: question {q.id!r}: {path} has no heading {q.section!r}"
        for q in quiz.questions
        if q.section and q.section not in headings
    ]


def _model_sheet(lab: Lab, quiz: Quiz) -> list[str]:
    if lab.reference is None:
        return []
    path = lab.reference.path.parent / "answers" / f"{lab.name}.yaml"
    if not path.is_file():
        writes = command("quiz", lab.path, "--model", "--output", path)
        return [f"{path}: the model sheet is missing; `{writes}` writes it"]
    sheet, problems = read_sheet(path.read_bytes())
    marked = mark_answers(lab, quiz, sheet, problems)
    problems = marked.get("problems", []) + [
        f"{q['id']} is {q['verdict']}" for q in marked["questions"] if q["verdict"] != CORRECT
    ]
    return [f"{path}:{_line(path, problem)}: {problem}" for problem in problems]


def _empty_sheet(lab: Lab, quiz: Quiz) -> list[str]:
    """Check labs/NAME/answers.yaml: it must have every question of the quiz, none answered."""
    path = lab.path / "answers.yaml"
    if lab.reference is None or not path.is_file():
        return [] if lab.reference is None else [f"{path}: the empty sheet is missing; {_template(lab)}"]
    sheet, problems = read_sheet(path.read_bytes())
    marked = mark_answers(lab, quiz, sheet, problems)
    problems = marked.get("problems", []) + [
        f"{q['id']} is answered" for q in marked["questions"] if q["verdict"] != UNANSWERED
    ]
    wanted = [q.id for q in quiz.questions]
    if not problems and [id for id in sheet if id != VARIANT] != wanted:
        problems = ["the questions are not those of the quiz"]
    return [f"{path}:{_line(path, problem)}: {problem}; {_template(lab)}" for problem in problems]


def _template(lab: Lab) -> str:
    return f"`{command('quiz', lab.path, '--template', '--output', lab.path / 'answers.yaml')}` writes it"


def _line(path: pathlib.Path, problem: str) -> int:
    """Return the line of the sheet with the question that a problem names; 1 if it names none."""
    words = re.findall(r"[a-z0-9-]+", problem)
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.partition(":")[0] in words and ":" in line:
            return number
    return 1
