"""Ask the quiz in a terminal, one question at a time. Each answer is saved at once, so a student can stop any time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from grader.lab.lab import Lab
from grader.plural import number_of
from grader.points import points
from grader.quiz.marking import INVALID, Sheet, is_open, mark_answers
from grader.quiz.marks import QuestionResult, QuizResult
from grader.quiz.model import Choice, Question, Quiz
from grader.quiz.terminal.feedback import MARKS, Teller
from grader.quiz.terminal.markdown import layout

LEAVE, BACK, SKIP, HELP = "q", "b", "s", "?"

HELP_TEXT = (
    "Enter or s skips a question, b goes back to the previous one, q quits. Your answers are saved, and next time you "
    "continue where you stopped. If an answer is itself one of these letters, put it in quotes."
)

#: What an answer to each type of question looks like.
_ANSWERS = {
    "single": "Answer with the number of a choice, or with its name.",
    "multiple": "Answer with the numbers of the choices, or with their names; separate them with blanks.",
    "order": "Answer with the numbers of the choices, or with their names, in order; separate them with blanks.",
    "match": "Answer with a letter for each number; separate them with blanks.",
    "number": "Answer with a number.",
    "text": "Answer with a word or two.",
}


class Misread(Exception):
    """An answer could not be read; the text says what is expected."""


class Terminal(NamedTuple):
    """read(prompt) returns a line or raises EOFError; write shows lines; save saves the sheet after each answer.

    save returns the answers that count from now on: the student may have saved others in an editor.
    """

    read: Callable[[str], str]
    write: Callable[[list[str]], None]
    save: Callable[[Sheet], Sheet]


class Conversation:
    """Asks the questions of a quiz. `late` defers all feedback to the end."""

    def __init__(self, lab: Lab, quiz: Quiz, sheet: Sheet, terminal: Terminal, late: bool, colour: bool) -> None:
        self.lab = lab
        self.quiz = quiz
        self.sheet = dict(sheet)
        self.terminal = terminal
        self.late = late
        self.teller = Teller(lab, quiz, colour)
        self.left = False

    def run(self) -> QuizResult:
        """Ask until everything is answered or the student quits; return the marks."""
        try:
            self.first_round()
            while not self.left and self.again():
                pass
        except (EOFError, KeyboardInterrupt):
            self.terminal.write(["", ""])
        return self.marked()

    def marked(self) -> QuizResult:
        return mark_answers(self.lab, self.quiz, self.sheet, [])

    def first_round(self) -> None:
        """Ask the open questions in order; `b` goes back to earlier ones."""
        total = len(self.quiz.questions)
        open_ones = [n for n, q in enumerate(self.quiz.questions) if is_open(self.sheet.get(q.id))]
        done = total - len(open_ones)
        title = f"{self.quiz.title}: {number_of(total, 'question')}, {points(self.quiz.points)} points"
        self.terminal.write([title + (f"; {done} answered so far" if done else ""), "? for help, q to quit."])
        at = open_ones[0] if open_ones else total
        while 0 <= at < total and not self.left:
            at = max(at + self.ask(at), 0)
            while at < total and self.passes(at, open_ones):
                at += 1

    def passes(self, at: int, open_ones: list[int]) -> bool:
        """Return True if a question was answered in an earlier session, so that going forward skips it."""
        return at not in open_ones and not is_open(self.sheet.get(self.quiz.questions[at].id))

    def ask(self, at: int) -> int:
        """Ask one question until it is answered or skipped; return 1 to go on, -1 to go back, 0 to ask it again."""
        question = self.quiz.questions[at]
        choices = self.teller.choices(question)
        value = points(question.points)
        head = f"Question {at + 1} of {len(self.quiz.questions)}   {question.id}"
        tail = f"{value} point{'' if value == '1' else 's'}"
        self.terminal.write(["", f"{head:{78 - len(tail)}}  {tail}", "", *self.teller.question(question), ""])
        before = self.sheet.get(question.id)
        if before is not None and not is_open(before):
            self.terminal.write(layout(f"Your answer so far: {_shown(before)}", "  ", "    "))
        while True:
            line = self.terminal.read(f"{prompt(question, choices)}: ").strip()
            line = line.encode(
                "utf-8", "replace"
            ).decode()  # input() turns bytes that are not UTF-8 into lone surrogates
            if line in ("", SKIP):
                return 1
            if line == BACK:
                return -1 if at else 0
            if line == LEAVE:
                self.left = True
                return 0
            if line == HELP:
                self.terminal.write(layout(f"{how_to_answer(question)} {HELP_TEXT}", "  "))
                continue
            if self.take(question, choices, line):
                return self.told(question)

    def take(self, question: Question, choices: tuple[Choice, ...], line: str) -> bool:
        """Save the answer in a line; return False if the line is not an answer."""
        try:
            answer = parse(question, choices, self.teller.matches(question), line)
            sheet = {**self.sheet, question.id: answer}
            entry = self.entry(question, sheet)
            if entry["verdict"] == INVALID:
                raise Misread(entry["feedback"][0])
        except Misread as misread:
            self.terminal.write(layout(str(misread), "  "))
            return False
        self.sheet = dict(self.terminal.save(sheet))
        return True

    def entry(self, question: Question, sheet: Sheet) -> QuestionResult:
        marked = mark_answers(self.lab, self.quiz, sheet, [])
        return next(entry for entry in marked["questions"] if entry["id"] == question.id)

    def told(self, question: Question) -> int:
        """Give feedback, unless it is deferred to the end; return what to do next, like `ask`."""
        if self.late:
            return 1
        entry = self.entry(question, self.sheet)
        self.terminal.write(["", *self.teller.feedback(question, entry), ""])
        while True:
            match self.terminal.read("  Enter: next question, r: try again, q: quit: ").strip():
                case "" | "s":
                    return 1
                case "r":
                    return 0
                case "b":
                    return -1
                case "q":
                    self.left = True
                    return 0

    def again(self) -> bool:
        """Show the marks, and ask a question again if the student wants; return True if one was asked."""
        marked = self.marked()
        lines = ["", *self.teller.summary(marked), ""]
        for number, (question, entry) in enumerate(zip(self.quiz.questions, marked["questions"], strict=True), 1):
            if self.late:
                lines += ["", *self.teller.feedback(question, entry)]
            else:
                mark = self.teller.painted(entry["verdict"], MARKS[entry["verdict"]])
                lines.append(f"  {number:>2}  {mark}  {question.id}")
        self.late = False
        self.terminal.write([*lines, ""])
        while True:
            line = self.terminal.read("  Number of a question to answer it again, or Enter to quit: ").strip()
            if line in ("", "q"):
                return False
            if line.isascii() and line.isdigit() and len(line) < 4 and 1 <= int(line) <= len(self.quiz.questions):
                while self.ask(int(line) - 1) == 0 and not self.left:
                    pass
                return not self.left


def how_to_answer(question: Question) -> str:
    """Return a sentence on what an answer looks like."""
    if question.type == "single" and question.offers_computed:
        return "Answer with one of the values that are offered."
    return _ANSWERS[question.type]


def prompt(question: Question, choices: tuple[Choice, ...]) -> str:
    """Return, in a few words, what to type."""
    match question.type:
        case "single" if question.offers_computed:
            return f"  One of {', '.join(choice.id for choice in choices)}"
        case "single":
            return f"  Your choice (1-{len(choices)})"
        case "multiple":
            return "  The numbers of all that are right"  # no example: it might be the key
        case "order":
            return f"  All {len(choices)} numbers, in the right order"
        case "match":
            return "  A letter for each, such as " + " ".join(f"{n}a" for n in range(1, len(choices) + 1))
        case "number":
            return f"  A number{f' of {question.unit}' if question.unit else ''}"
    return "  A word or two"


def parse(question: Question, choices: tuple[Choice, ...], matches: list[str], line: str) -> str | list[str]:
    """Parse a typed answer: numbers and letters of choices, or their ids. Misread if it is not an answer."""
    ids = [choice.id for choice in choices]
    match question.type:
        case "number":
            return line
        case "text":
            return line.strip("\"'").strip() or line
        case "single":
            return _figure(ids, line) if question.offers_computed else _choice(ids, line)
        case "match":
            return _pairs(ids, matches, line)
    return [_choice(ids, word) for word in re.split(r"[\s,;]+", line.strip(" ,;[]")) if word]


def _figure(ids: list[str], word: str) -> str:
    """Return the choice that a typed figure or word stands for."""
    if word in ids:
        return word
    raise Misread(f"{_quoted(word)} is not a choice; expected one of {', '.join(ids)}.")


def _choice(ids: list[str], word: str) -> str:
    """Return the choice with this number or id."""
    if word in ids and not word.isdigit():
        return word
    if word.isascii() and word.isdigit() and len(word) < 4 and 1 <= int(word) <= len(ids):
        return ids[int(word) - 1]
    raise Misread(f"{_quoted(word)} is not a choice; expected 1 to {len(ids)}, or {', '.join(ids)}.")


def _pairs(ids: list[str], matches: list[str], line: str) -> list[str]:
    words = [word for word in re.split(r"[\s,;]+", line.lower().strip(" ,;[]")) if word]
    letters = [chr(ord("a") + n) for n in range(len(matches))]
    found: dict[str, str] = {}
    for place, word in enumerate(words, 1):
        match = re.fullmatch(r"(\d{1,2})?[=:.)-]?([a-z])", word)
        number = int(match.group(1) or place) if match else 0
        if match is None or match.group(2) not in letters or not 1 <= number <= len(ids):
            accepted = f"a number, 1 to {len(ids)}, and a letter, a to {letters[-1]}"
            raise Misread(f"{_quoted(word)} is not a match; expected {accepted}.")
        if ids[number - 1] in found:
            raise Misread(f"{number} appears twice.")
        found[ids[number - 1]] = matches[letters.index(match.group(2))]
    missing = [str(n) for n, id in enumerate(ids, 1) if id not in found]
    if missing:
        raise Misread(f"A letter is missing for {', '.join(missing)}.")
    return [f"{id} = {found[id]}" for id in ids]


def _quoted(word: str) -> str:
    from grader.escape import printable

    return f"'{printable(word, 40)}'"


def _shown(answer: str | list[str]) -> str:
    from grader.escape import printable

    return printable(", ".join(answer) if isinstance(answer, list) else answer, 200)
