"""Questions and marks for a person at a terminal, within 80 columns."""

from __future__ import annotations

from typing import Any

from grader.lab.lab import Lab
from grader.points import points
from grader.quiz.keys import keyed, offered
from grader.quiz.marking import CORRECT, INVALID, PARTIAL, UNANSWERED, WRONG
from grader.quiz.marks import QuestionResult, QuizResult
from grader.quiz.model import Choice, Computed, Question, Quiz
from grader.quiz.parameters import shuffled
from grader.quiz.terminal.markdown import columns, layout

MARKS = {CORRECT: "ok  ", PARTIAL: "part", WRONG: "FAIL", UNANSWERED: "open", INVALID: "????"}
COLOURS = {CORRECT: "32", PARTIAL: "33", WRONG: "31", INVALID: "31"}


class Teller:
    """Words on a quiz's questions, coloured if that is wanted."""

    def __init__(self, lab: Lab, quiz: Quiz, colour: bool = False) -> None:
        self.lab = lab
        self.quiz = quiz
        self.colour = colour

    def painted(self, verdict: str, text: str) -> str:
        code = COLOURS.get(verdict)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def choices(self, question: Question) -> tuple[Choice, ...]:
        """The choices as they are shown: in an order that tells nothing and is the same every time; figures by size."""
        if question.offers_computed:
            return offered(question, keyed(self.lab, self.quiz, question))
        by_id = {choice.id: choice for choice in question.choices}
        order = shuffled(f"{self.quiz.seed}\0{question.id}", list(by_id))
        if question.type == "order" and [by_id[id].right for id in order] == sorted(c.right for c in question.choices):
            order.reverse()  # what is in order already would be no question
        return tuple(by_id[id] for id in order)

    def matches(self, question: Question) -> list[str]:
        """What there is to choose from in `match`."""
        return sorted({str(choice.right) for choice in question.choices})

    def question(self, question: Question, labels: bool = True) -> list[str]:
        """Text and choices. With labels the choices are numbered; else they have the ids that a sheet takes."""
        lines = layout(question.text, "  ")
        choices = self.choices(question)
        if choices:
            lines.append("")
        for number, choice in enumerate(choices, 1):
            label = f"    {number}  " if labels else f"    {choice.id}: "
            if question.offers_computed:  # figures stand for themselves; a number before each would be one too many
                label = "    "
            lines += layout(choice.text, label, " " * len(label) if labels else "        ")
        if question.type == "match":
            words = self.matches(question)
            named = [f"{chr(ord('a') + n)}  {word}" for n, word in enumerate(words)] if labels else words
            lines += ["", "  What to choose from:", *columns(named, "    ")]
        return lines

    def feedback(self, question: Question, entry: QuestionResult) -> list[str]:
        """The verdict's line, and what there is to say."""
        verdict = entry["verdict"]
        score = f"{points(entry['points'])}/{points(entry['max_points'])}"
        lines = [f"{self.painted(verdict, MARKS[verdict])}  {question.id}   {score}"]
        for sentence in entry.get("feedback", []):
            lines += layout(sentence, "      ")
        if verdict in (CORRECT, UNANSWERED):
            return lines
        if question.section:
            lines += layout(f"Read again: {question.section}", "      ", "        ")
        for scenario in self.scenarios(question):
            lines.append(f"      See it happen: grader show {self.lab.path} {scenario}")
        return lines

    def scenarios(self, question: Question) -> list[str]:
        """Names of the lab's scenarios that a computed question asks about."""
        if not isinstance(question.answer, Computed):
            return []
        known = {scenario.id for scenario in self.lab.scenarios}
        names = [what.scenario.id for what in question.answer.observations.values()]
        return [name for name in dict.fromkeys(names) if name in known]

    def summary(self, marked: QuizResult) -> list[str]:
        """Points, what is wrong with the sheet, and how many are open."""
        scored = f"{points(marked['points'])} of {points(marked['max_points'])} points"
        open_ones = sum(entry["verdict"] == UNANSWERED for entry in marked["questions"])
        if open_ones:
            scored += f", {open_ones} of {len(marked['questions'])} questions open"
        lines = [f"{self.lab.name} quiz: {scored}"]
        if self.quiz.varies and self.quiz.seed:
            from grader.escape import printable

            lines += layout(f"variant of {printable(self.quiz.seed, 60)}", "  ")
        for problem in marked.get("problems", []):
            lines += layout(f"on the sheet: {problem}", "  ", "    ")
        return lines

    def marks(self, marked: QuizResult, accepted: Any) -> list[str]:
        """All of a marked sheet; an open question is asked. accepted(question) says what the sheet takes."""
        lines = self.summary(marked)
        for question, entry in zip(self.quiz.questions, marked["questions"], strict=True):
            lines += ["", *self.feedback(question, entry)]
            if entry["verdict"] == UNANSWERED:
                lines += [*self.question(question, labels=False), *layout(f"-> {accepted(question)}", "  ", "     ")]
        return lines
