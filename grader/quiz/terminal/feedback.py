"""Format questions and marks for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Callable

from grader.lab.lab import Lab
from grader.points import points
from grader.program import command
from grader.quiz.keys import keyed, offered
from grader.quiz.marking import CORRECT, INVALID, PARTIAL, UNANSWERED, WRONG
from grader.quiz.marks import QuestionResult, QuizResult, unread
from grader.quiz.model import Choice, Computed, Question, Quiz
from grader.quiz.parameters import shuffled
from grader.quiz.terminal.markdown import columns, layout

MARKS = {CORRECT: "ok  ", PARTIAL: "part", WRONG: "FAIL", UNANSWERED: "open", INVALID: "????"}
COLOURS = {CORRECT: "32", PARTIAL: "33", WRONG: "31", INVALID: "31"}


class Teller:
    """Formats the questions and marks of a quiz, optionally in colour."""

    def __init__(self, lab: Lab, quiz: Quiz, colour: bool = False) -> None:
        self.lab = lab
        self.quiz = quiz
        self.colour = colour

    def painted(self, verdict: str, text: str) -> str:
        code = COLOURS.get(verdict)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def choices(self, question: Question) -> tuple[Choice, ...]:
        """Return the choices in display order: always the same, independent of the key; figures are sorted by size."""
        if question.offers_computed:
            return offered(question, keyed(self.lab, self.quiz, question))
        by_id = {choice.id: choice for choice in question.choices}
        order = shuffled(f"{self.quiz.seed}\0{question.id}", list(by_id))
        if question.type == "order" and [by_id[id].right for id in order] == sorted(c.right for c in question.choices):
            order.reverse()  # the right order must not be the one shown
        return tuple(by_id[id] for id in order)

    def matches(self, question: Question) -> list[str]:
        """Return the texts to choose from in `match`."""
        return sorted({str(choice.right) for choice in question.choices})

    def question(self, question: Question, labels: bool = True) -> list[str]:
        """Return text and choices. With labels the choices are numbered; otherwise they have the ids of the sheet."""
        lines = layout(question.text, "  ")
        choices = self.choices(question)
        if choices:
            lines.append("")
        for number, choice in enumerate(choices, 1):
            label = f"    {number}  " if labels else f"    {choice.id}: "
            if question.offers_computed:  # figures have no label: a number before each would be confusing
                label = "    "
            lines += layout(choice.text, label, " " * len(label) if labels else "        ")
        if question.type == "match":
            words = self.matches(question)
            named = [f"{chr(ord('a') + n)}  {word}" for n, word in enumerate(words)] if labels else words
            lines += ["", "  Choose from:", *columns(named, "    ")]
        return lines

    def feedback(self, question: Question, entry: QuestionResult) -> list[str]:
        """Return the line with the verdict, and the feedback."""
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
            lines.append(f"      See it happen: {command('show', self.lab.path, scenario)}")
            lines.append(f"      Predict each step first: {command('predict', self.lab.path, scenario)}")
        return lines

    def scenarios(self, question: Question) -> list[str]:
        """Return the names of the lab's scenarios that a computed question observes."""
        if not isinstance(question.answer, Computed):
            return []
        known = {scenario.id for scenario in self.lab.scenarios}
        names = [what.scenario.id for what in question.answer.observations.values()]
        return [name for name in dict.fromkeys(names) if name in known]

    def summary(self, marked: QuizResult) -> list[str]:
        """Return the points, the problems of the sheet, and the number of open questions."""
        scored = f"{points(marked['points'])} of {points(marked['max_points'])} points"
        open_ones = sum(entry["verdict"] == UNANSWERED for entry in marked["questions"])
        if open_ones and not unread(marked):
            scored += f", {open_ones} of {len(marked['questions'])} questions open"
        lines = [f"{self.lab.name} quiz: {scored}"]
        if self.quiz.varies and self.quiz.seed:
            from grader.escape import printable

            lines += layout(f"variant of {printable(self.quiz.seed, 60)}", "  ")
        for problem in marked.get("problems", []):
            lines += layout(f"{'not read' if unread(marked) else 'on the sheet'}: {problem}", "  ", "    ")
        return lines

    def marks(self, marked: QuizResult, accepted: Callable[[Question], str]) -> list[str]:
        """Return the lines of a marked sheet, open questions included. accepted(question) says what is expected."""
        lines = self.summary(marked)
        for question, entry in zip(self.quiz.questions, marked["questions"], strict=True):
            lines += ["", *self.feedback(question, entry)]
            if entry["verdict"] == UNANSWERED:
                lines += [*self.question(question, labels=False), *layout(f"-> {accepted(question)}", "  ", "     ")]
        return lines
