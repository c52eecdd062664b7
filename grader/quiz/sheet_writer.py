"""The sheet that a student fills in: written empty, and written again with answers in it."""

from __future__ import annotations

import re

from grader.quiz.marking import Sheet, is_open
from grader.quiz.model import VARIANT, Choice, Question, Quiz

#: What needs no quotes in YAML, whichever reader reads it: no blank, no sign that means something, nothing that could
#: be taken for a number other than the one that was written, for a date, or for true and false.
_PLAIN = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9_-]*|-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?)\Z")
_UNPRINTABLE = re.compile("[\x7f-\xa0\xad\u2028\u2029\ufeff\ufffe\uffff]")
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def template(quiz: Quiz, choices: dict[str, tuple[Choice, ...]] | None = None, answers: Sheet | None = None) -> str:
    """The text of a sheet, with the answers that are given. `choices` are those that a question
    shows, in that order."""
    lines = [
        f"# Your answers to the quiz: {quiz.title}",
        "# `grader quiz` asks the questions and fills this in; or write here, and `grader quiz --answers` marks it.",
        "",
    ]
    if quiz.varies:
        lines += ["# whose numbers these are; leave it as it is", entry(VARIANT, quiz.seed), ""]
    for question in quiz.questions:
        lines += [f"# {accepted(question, (choices or {}).get(question.id))}"]
        lines += [entry(question.id, (answers or {}).get(question.id, "")), ""]
    known = {question.id for question in quiz.questions} | {VARIANT}
    lines += [entry(id, answer) for id, answer in (answers or {}).items() if id not in known]
    return "\n".join(lines).rstrip("\n") + "\n"


def entry(id: str, answer: str | list[str]) -> str:
    """One line of a sheet."""
    key = id if _PLAIN.match(id) and id not in WORDS else quoted(id)
    if is_open(answer):
        return f"{key}:"
    if isinstance(answer, str):
        return f"{key}: {quoted(answer)}"
    return f"{key}: [{', '.join(map(quoted, answer))}]"


def quoted(text: str) -> str:
    """A scalar that every YAML reader reads as this text."""
    if _PLAIN.match(text) and text.lower() not in WORDS:
        return text
    import json

    # JSON's strings are YAML's, but for what YAML wants escaped and JSON does not, and for half characters.
    text = text.encode("utf-8", "replace").decode()
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def accepted(question: Question, choices: tuple[Choice, ...] | None = None) -> str:
    """What a question takes, in a few words."""
    ids = ", ".join([c.id for c in choices] if choices else sorted(c.id for c in question.choices))
    match question.type:
        case "single":
            return f"one of {ids}" if ids else "one of the numbers that are offered"
        case "multiple":
            return f"a list of some of {ids}"
        case "order":
            return f"a list of all, in order, of {ids}"
        case "match":
            answers = ", ".join(sorted({str(choice.right) for choice in question.choices}))
            return f"a list such as [id = answer, …] for {ids}; answers: {answers}"
        case "number":
            return f"a number{f' ({question.unit})' if question.unit else ''}"
    return "a word or two"
