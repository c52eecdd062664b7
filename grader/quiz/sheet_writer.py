"""Write the sheet that a student fills in, empty or with answers."""

from __future__ import annotations

from grader.formats.yaml_writer import word_or_number
from grader.quiz.marking import Sheet, is_open
from grader.quiz.model import VARIANT, Choice, Question, Quiz


def template(quiz: Quiz, choices: dict[str, tuple[Choice, ...]] | None = None, answers: Sheet | None = None) -> str:
    """Return the text of a sheet with the given answers. `choices` are those that each question shows, in order."""
    lines = [
        f"# Your answers to the quiz: {quiz.title}",
        "# `grader quiz` asks the questions and fills in this file. Or edit it; `grader quiz --answers` marks it.",
        "",
    ]
    if quiz.varies:
        lines += ["# identifies your variant of the quiz; do not change it", entry(VARIANT, quiz.seed), ""]
    for question in quiz.questions:
        lines += [f"# {accepted(question, (choices or {}).get(question.id))}"]
        lines += [entry(question.id, (answers or {}).get(question.id, "")), ""]
    known = {question.id for question in quiz.questions} | {VARIANT}
    lines += [entry(id, answer) for id, answer in (answers or {}).items() if id not in known]
    return "\n".join(lines).rstrip("\n") + "\n"


def entry(id: str, answer: str | list[str]) -> str:
    """Return one line of a sheet. Numbers have no quotes: a sheet is read as text, so 2.50 stays 2.50."""
    key = word_or_number(id)
    if is_open(answer):
        return f"{key}:"
    if isinstance(answer, str):
        return f"{key}: {word_or_number(answer)}"
    return f"{key}: [{', '.join(map(word_or_number, answer))}]"


def accepted(question: Question, choices: tuple[Choice, ...] | None = None) -> str:
    """Return, in a few words, what kind of answer a question expects."""
    ids = ", ".join([c.id for c in choices] if choices else sorted(c.id for c in question.choices))
    match question.type:
        case "single":
            return f"one of {ids}" if ids else "one of the numbers shown"
        case "multiple":
            return f"a list of one or more of {ids}"
        case "order":
            return f"a list of all, in order, of {ids}"
        case "match":
            answers = ", ".join(sorted({str(choice.right) for choice in question.choices}))
            return f"a list such as [id = answer, …] for {ids}; answers: {answers}"
        case "number":
            return f"a number{f' ({question.unit})' if question.unit else ''}"
    return "a word or two"
