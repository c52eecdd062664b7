"""Print a quiz on paper, and the key sheet for marking it by hand."""

from __future__ import annotations

from fractions import Fraction

from grader.lab.lab import Lab
from grader.points import points
from grader.quiz.keys import Keyed, as_text, counted, keyed
from grader.quiz.model import Question, Quiz
from grader.quiz.terminal.feedback import Teller
from grader.quiz.terminal.markdown import columns, layout

_BOX = {"single": "( )", "multiple": "[ ]", "order": "[  ]", "match": "[  ]"}

_ASKED = {
    "single": "Choose one.",
    "multiple": "Choose all that are right.",
    "order": "Number them in the right order.",
    "match": "Write a letter into each box.",
}


def paper(lab: Lab, quiz: Quiz) -> str:
    """Return the questions, with boxes and lines to fill in, in 80 columns."""
    teller = Teller(lab, quiz)
    lines = [quiz.title, "=" * min(len(quiz.title), 80), ""]
    lines += [f"Name: {'_' * 40}   Points: ______ of {points(quiz.points)}"]
    lines += [*_variant(quiz)]
    for number, question in enumerate(quiz.questions, 1):
        lines += ["", *_question(teller, number, question)]
    return "\n".join(lines) + "\n"


def _variant(quiz: Quiz) -> list[str]:
    from grader.escape import printable

    return ["", f"Variant: {printable(quiz.seed, 60)}"] if quiz.seed and quiz.varies else []


def _question(teller: Teller, number: int, question: Question) -> list[str]:
    value = points(question.points)
    label = f"{number}."
    lines = layout(f"({value} point{'' if value == '1' else 's'}) {question.text}", f"{label:4}", "    ")
    kind = question.type
    if kind in ("number", "text"):
        unit = f" {question.unit}" if question.unit else ""
        return [*lines, "", f"    Answer: {'_' * 24}{unit}"]
    lines += ["", f"    {_ASKED[kind]}"]
    for place, choice in enumerate(teller.choices(question)):
        label = f"{_BOX[kind]} {chr(ord('A') + place)}  "
        lines += layout(choice.text, f"    {label}", " " * (4 + len(label)))
    if kind == "match":
        words = [f"{chr(ord('a') + n)}  {word}" for n, word in enumerate(teller.matches(question))]
        lines += ["", *columns(words, "    ")]
    return lines


def key_sheet(lab: Lab, quiz: Quiz) -> str:
    """Return the keys with their reasons, and the typical wrong answers."""
    title = f"Key to: {quiz.title}"
    lines = [title, "=" * min(len(title), 80), *_variant(quiz)]
    teller = Teller(lab, quiz)
    for number, question in enumerate(quiz.questions, 1):
        keys = keyed(lab, quiz, question)
        lines += ["", f"{number:>2}. {question.id}", *layout(_key(teller, question, keys), "    ")]
        lines += [line for reason in _reasons(teller, question, keys) for line in layout(reason, "    - ", "      ")]
    return "\n".join(lines) + "\n"


def _key(teller: Teller, question: Question, keys: Keyed) -> str:
    choices = teller.choices(question)
    letters = {choice.id: chr(ord("A") + place) for place, choice in enumerate(choices)}
    match keys.key:
        case list() as ids:
            return " ".join(f"{letters[id]}={place}" for place, id in enumerate(ids, 1))
        case dict():
            words = teller.matches(question)
            return " ".join(f"{letters[c.id]}={chr(ord('a') + words.index(str(c.right)))}" for c in choices)
        case Fraction() as figure:
            spread = f" (give or take {as_text(question.tolerance)})" if question.tolerance else ""
            return counted(as_text(figure), question.unit) + spread
        case tuple() as accepted:
            return " or ".join(accepted)
    return ", ".join(letters[choice.id] for choice in choices if choice.right)


def _reasons(teller: Teller, question: Question, keys: Keyed) -> list[str]:
    choices = teller.choices(question)
    if choices:
        return [f"{chr(ord('A') + place)}: {choice.why}" for place, choice in enumerate(choices)]
    wrong = [f"{given}: {' '.join(reasons)}" for given, reasons in keys.wrong.items() if reasons]
    return ([question.why] if question.why else []) + wrong
