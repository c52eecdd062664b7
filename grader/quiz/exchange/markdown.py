"""Read the Markdown quizzes of the open-education-hub courses: one question per file, choices marked + and -.

    # Title
    <!-- forklab: {"section": "Pages"} -->   what this format has no place for (our own; other readers see a comment)
    ## Question Text
    ## Question Answers        - wrong, + right; 1. 2. 3. for the steps of an order of ours
    ## Feedback

Of 98 such files examined, five misspell `Feedback`, one calls the text `Question` and has its choices below it, six
mark no answer, seven have no title, and two have a title for the file and the questions one level deeper. So the reader
accepts what it can understand, and reports everything that it had to guess.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from grader.quiz.exchange.images import image_notes
from grader.quiz.exchange.item import NO_REASON, Item, Option, checked, decoded, slug, with_reasons
from grader.quiz.exchange.limits import COUNT_LIMIT, GUESS_LIMIT
from grader.quiz.exchange.markdown_extras import read_extras
from grader.quiz.exchange.notes import ImportFailed, Note, Report, limited, too_large, too_many

TEXT, ANSWERS, FEEDBACK = "Question Text", "Question Answers", "Feedback"

_CHOICE = re.compile(r"( {0,3})([-+*]|\d{1,2}[.)])[ \t]+")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_LETTERS = re.compile(r"[^a-z]")
_FOLDERS = re.compile(r"[/\\]")
_EXTRAS = "forklab:"

#: Headings seen in real files, letters only -> their meaning.
_KNOWN = {
    "questiontext": TEXT,
    "questionanswers": ANSWERS,
    "feedback": FEEDBACK,
    "question": TEXT,
    "text": TEXT,
    "answers": ANSWERS,
    "questionanswer": ANSWERS,
    "choices": ANSWERS,
    "explanation": FEEDBACK,
}


class _Part(NamedTuple):
    """The lines below a heading, each with its number; `line` is the number of the heading's line."""

    heading: str
    line: int
    lines: list[tuple[int, str]]

    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)


class _Question(NamedTuple):
    """One question of a file. extras: (line, text) of our comment."""

    title: str
    line: int
    parts: dict[str, _Part]
    extras: list[tuple[int, str]]


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file, and notes. ImportFailed if it is not text."""
    report = Report(name)
    items: list[Item] = []
    taken: dict[str, int] = {}
    for question in _Questions(report).read(decoded(data, name).split("\n")):
        if len(items) == COUNT_LIMIT:
            report.notes.append(too_many(name, question.line))
            break
        item = _item(question, report)
        if item is not None:
            report.notes += image_notes(item, name, question.line)
            items.append(item._replace(id=slug(item.id, taken, 8)))
    return items, limited(report.notes)


class _Questions:
    """Splits a file into questions and their parts."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.questions: list[_Question] = []
        self.part: _Part | None = None
        self.guessed: dict[str, str | None] = {}
        self.comment = 0

    def read(self, lines: list[str]) -> list[_Question]:
        fence = ""
        deeper = _deeper(lines)
        for number, line in enumerate(lines, 1):
            if not fence and (self.comment or line.lstrip().startswith("<!--")):
                line = self.commented(number, line)
                if not line.strip():
                    continue
            mark = _FENCE.match(line)
            if mark and (not fence or mark.group(1).startswith(fence)):
                fence = "" if fence else mark.group(1)
            level, heading = (0, "") if fence or mark else _heading(line)
            if level and deeper:
                level -= 1
                if not level:
                    self.report.warn(number, f"the title {heading[:60]!r} of the whole file is not used")
                    continue
            self.line(number, line, level, heading)
        if self.comment:
            self.report.lose(self.comment, "a comment without its end (-->); everything below it is left out")
        return self.questions

    def commented(self, number: int, line: str) -> str:
        """Return the rest of a line after its comment. Only our own comments are used, not linters' or others."""
        body, end, rest = line.partition("-->")
        if not self.comment and end and body.lstrip()[4:].lstrip().startswith(_EXTRAS):
            if self.questions:
                self.questions[-1].extras.append((number, body.partition(_EXTRAS)[2]))
            else:
                self.report.lose(number, "this forklab comment is before the first title (# …) and is left out")
        self.comment = 0 if end else self.comment or number
        return rest

    def line(self, number: int, line: str, level: int, heading: str) -> None:
        if level == 1:
            self.questions.append(_Question(heading, number, {}, []))
            self.part = None
        elif level == 2:
            if not self.questions:
                self.report.warn(number, "the title (# …) is missing; the file name is used")
                self.questions.append(_Question("", number, {}, []))
            self.part = self.begin(heading, number, self.questions[-1].parts)
        elif self.part is not None:
            self.part.lines.append((number, line))
        elif line.strip():
            self.report.lose(number, "this text is outside all parts and is left out")

    def begin(self, heading: str, line: int, parts: dict[str, _Part]) -> _Part:
        """Return the part that a heading starts or continues."""
        meant = self.meant(heading, line)
        if meant is None:
            self.report.lose(line, f"unknown heading {heading[:60]!r}; the text below it is left out")
            return _Part(heading, line, [])
        if heading != meant:
            self.report.warn(line, f"the heading {heading[:60]!r} was read as {meant!r}")
        if meant in parts:
            self.report.warn(line, f"{meant!r} appears twice; both are used, one after the other")
        return parts.setdefault(meant, _Part(meant, line, []))

    def meant(self, heading: str, line: int) -> str | None:
        """Return the part that a heading stands for, or None. Guessing is slow, so each heading is guessed only once.

        ImportFailed if there are too many to guess.
        """
        word = _LETTERS.sub("", heading[:60].lower())
        if word in _KNOWN:
            return _KNOWN[word]
        if word not in self.guessed:
            if len(self.guessed) == GUESS_LIMIT:
                raise ImportFailed(
                    f"{self.report.name}:{line}: more than {GUESS_LIMIT} unknown headings (## …); a quiz "
                    f"has {TEXT!r}, {ANSWERS!r} and {FEEDBACK!r}: is this a quiz? If so, correct the headings"
                )
            import difflib

            close = difflib.get_close_matches(word, list(_KNOWN), n=1, cutoff=0.75)
            self.guessed[word] = _KNOWN[close[0]] if close else None
        return self.guessed[word]


def _deeper(lines: list[str]) -> bool:
    """Return True if the questions' titles have the second level and their parts the third: a file with a title."""
    levels = {level for level, heading in map(_heading, lines) if _LETTERS.sub("", heading.lower()) == "questiontext"}
    return levels == {3}


def _heading(line: str) -> tuple[int, str]:
    """Return the level and the bare text of a heading; (0, "") for any other line."""
    text = line.lstrip("#")
    level = len(line) - len(text)
    if not 1 <= level <= 6 or text[:1] not in (" ", "\t"):
        return 0, ""
    text = text.strip(" \t")
    opened = text.rstrip("#")
    return level, opened.rstrip(" \t") if opened[-1:] in ("", " ", "\t") else text


def _item(question: _Question, report: Report) -> Item | None:
    """Return a question made of its parts, or None if a part is missing."""
    parts, line = question.parts, question.line
    stem = _FOLDERS.split(report.name)[-1].partition(".")[0]
    text = parts[TEXT].text().strip("\n") if TEXT in parts else ""
    feedback = parts[FEEDBACK].text().strip() if FEEDBACK in parts else ""
    answers = parts.get(ANSWERS)
    if answers is None and TEXT in parts:
        text, answers = _answers_below(parts[TEXT])
    if not text.strip():
        report.lose(line, f"no {TEXT!r}; left out")
        return None
    if answers is None:
        report.lose(line, f"no {ANSWERS!r}; left out")
        return None
    if ANSWERS not in parts:
        report.warn(answers.line, f"no {ANSWERS!r}; the list at the end of the text was read as that")
    extras = read_extras(question.extras, report)
    given = _options(answers, extras.get("type") == "order", report)
    size = len(text) + len(feedback) + sum(len(option.text) for option in given)
    large = too_large(report.name, line, size, len(given))
    if large:
        report.notes += large
        return None
    if not feedback:
        report.warn(line, f"no {FEEDBACK!r}: the choices have no reasons")
    item = Item(question.title or stem, "", text, with_reasons(given, feedback))
    return _of_kind(item, extras, answers.line, report)


def _answers_below(part: _Part) -> tuple[str, _Part | None]:
    """Return the text of a part, and the list of marked answers at its end; no list if none is marked as right."""
    fence, start, before = "", 0, ""
    for place, (_, line) in enumerate(part.lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        elif not fence and line.startswith(("- ", "+ ")):
            start = start or place
        elif line[:1].strip() and not before.strip():
            start = 0  # a paragraph of its own, so that list was part of the text
        before = line
    below = part.lines[start:]
    if not start or not any(line.startswith("+ ") for _, line in below):
        return part.text().strip("\n"), None
    above = _Part(TEXT, part.line, part.lines[:start])
    return above.text().strip("\n"), _Part(ANSWERS, below[0][0], below)


def _of_kind(item: Item, extras: dict[str, Any], line: int, report: Report) -> Item | None:
    """Return the question with what our comment adds: type, points, section, and data of a number or text question."""
    item = item._replace(**{key: extras[key] for key in ("points", "section") if key in extras})
    values = extras.get("values", [])
    rights = [option for option in item.options if option.right]
    if extras.get("type") in ("number", "text"):
        if len(values) == len(item.options) and len(rights) == 1:
            return _figure(item, extras, rights[0])
        report.lose(
            line,
            f"the forklab comment has {len(values)} values for {len(item.options)} answers; read as a choice question",
        )
    kind = "order" if extras.get("type") == "order" else "multiple" if len(rights) > 1 else "single"
    found, notes = checked(item._replace(kind=kind), report.name, line)
    report.notes += notes
    return found


def _figure(item: Item, extras: dict[str, Any], right: Option) -> Item:
    """Return a number or text question that was written as a choice."""
    pairs = list(zip(extras["values"], item.options, strict=True))
    right_values = [value for value, option in pairs if option.right]
    return item._replace(
        kind=extras["type"],
        options=(),
        answers=(*right_values, *extras.get("also", [])),
        wrong={value: option.why for value, option in pairs if not option.right and value not in right_values},
        why="" if right.why == NO_REASON else right.why,
        unit=extras.get("unit", ""),
        tolerance=extras.get("tolerance", item.tolerance),
    )


def _options(part: _Part, ordered: bool, report: Report) -> list[Option]:
    """Return the answers: `right` is their mark, or for an order question the place of the step."""
    marks: list[str] = []
    texts: list[list[str]] = []
    base = 0
    fence = ""
    for number, line in part.lines:
        match = None if fence else _CHOICE.match(line)
        if match and (not texts or len(match.group(1)) < base + 2) and match.group(2)[0].isdigit() == ordered:
            base = base if texts else len(match.group(1))
            if match.group(2) == "*":
                report.warn(number, "an answer is marked with *; it was read as a wrong answer (-)")
            marks.append(match.group(2))
            line = line[match.end() :]
            texts.append([line])
        elif texts:
            if line.strip() and not line.startswith((" ", "\t")) and not fence and not _FENCE.match(line):
                report.warn(number, "no mark (- or +); read as part of the answer above")
            texts[-1].append(line[base + 2 :] if line.startswith(" " * (base + 2)) else line.strip(" \t"))
        elif line.strip():
            report.lose(number, "not an answer (- or +); left out")
        found = _FENCE.match(texts[-1][-1]) if texts else None
        if found and (not fence or found.group(1).startswith(fence)):
            fence = "" if fence else found.group(1)
    whole = ["\n".join(lines).strip() for lines in texts]
    if not all(whole):
        report.lose(part.line, "an answer is empty; left out")
    kept = [(mark, text) for mark, text in zip(marks, whole, strict=True) if text]
    return [Option(text, place if ordered else mark == "+") for place, (mark, text) in enumerate(kept, 1)]
