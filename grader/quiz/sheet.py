"""An empty sheet, to be filled in: one line a question, what is accepted in a comment."""

from __future__ import annotations

from .questions import Question, Quiz

_ACCEPTED = {
    "single": "one of",
    "multiple": "a list of some of",
    "order": "a list of all, in order, of",
    "match": "a list such as [id = answer, …] for",
}


def template(quiz: Quiz) -> str:
    """The text of an empty sheet."""
    lines = [
        f"# Your answers to the quiz: {quiz.title}",
        "# `grader quiz` shows the questions and marks the answers.",
        "",
    ]
    for question in quiz.questions:
        lines += [f"# {accepted(question)}", f"{question.id}:", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def accepted(question: Question) -> str:
    """What a question takes, in a few words."""
    if question.type in _ACCEPTED:
        return f"{_ACCEPTED[question.type]} {', '.join(choice.id for choice in question.choices)}"
    if question.type == "number":
        return f"a number{f' ({question.unit})' if question.unit else ''}"
    return "a word or two"
