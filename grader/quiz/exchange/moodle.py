"""Read Moodle XML, the question bank format of most courses.

    <quiz><question type="multichoice"> <name> <questiontext format="html"> <answer fraction="100"> … </question></quiz>

The format is the one written by moodle/question/format/xml/format.php. Every element of a question that is not imported
is reported, except Moodle's display settings.
"""

from __future__ import annotations

import re
from fractions import Fraction

from grader.quiz.exchange.gift import GAPS
from grader.quiz.exchange.gift_writer import our_weights
from grader.quiz.exchange.html_text import markdown_of
from grader.quiz.exchange.images import image_notes
from grader.quiz.exchange.item import NO_REASON, Item, Option, checked, joined, slug, with_reasons
from grader.quiz.exchange.limits import COUNT_LIMIT
from grader.quiz.exchange.moodle_writer import TAG_ORDER, TAG_SECTION
from grader.quiz.exchange.notes import ImportFailed, Note, Report, limited, too_large, too_many
from grader.quiz.exchange.xml_tree import Node, read_xml
from grader.quiz.keys import as_text

_FIGURE = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,12})?\Z")

#: Settings for display and for counting attempts; they do not affect a question's meaning.
_SETTINGS = frozenset(
    {"name", "questiontext", "generalfeedback", "defaultgrade", "answer", "single", "tags", "units", "subquestion"}
    | {"type", "hidden", "idnumber", "penalty", "shuffleanswers", "answernumbering", "showstandardinstruction"}
    | {"usecase", "unitgradingtype", "unitpenalty", "showunits", "unitsleft", "shownumcorrect", "layouttype"}
    | {"selecttype", "selectcount", "gradingtype", "showgrading", "numberingstyle", "text", "file"}
)

_LEFT_OUT = {
    "description": "a description, not a question",
    "essay": "an essay, which cannot be marked automatically",
    "cloze": f"a Cloze question: {GAPS}",
    "gapselect": f"a question with gaps: {GAPS}",
    "ddwtos": f"a question with gaps: {GAPS}",
    "calculated": "its numbers come from formulas; left out: use `parameters` and a computed `answer` instead",
}


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file, and notes. ImportFailed if it is not Moodle XML."""
    root = read_xml(data, name)
    if root.name != "quiz":
        raise ImportFailed(
            f"{name}:{root.line}: <{root.name[:40]}> is not a Moodle question bank, which begins with <quiz>"
        )
    return questions_of(root, name)


def questions_of(root: Node, name: str) -> tuple[list[Item], list[Note]]:
    """Return the same for a file whose XML has been read."""
    report = Report(name)
    items: list[Item] = []
    taken: dict[str, int] = {}
    for node in root.children:
        if len(items) == COUNT_LIMIT:
            report.notes.append(too_many(name, node.line))
            break
        if node.name != "question":
            report.lose(node.line, f"<{node.name[:40]}> is not a question; left out")
            continue
        item = _Question(node, report).read()
        if item is not None:
            report.notes += image_notes(item, name, node.line)
            items.append(item._replace(id=slug(item.id or item.text, taken, 8)))
    return items, limited(report.notes)


class _Question:
    """Reads one question."""

    def __init__(self, node: Node, report: Report) -> None:
        self.node = node
        self.report = report
        self.kind = node.get("type")

    def warn(self, message: str, node: Node | None = None) -> None:
        self.report.warn((node or self.node).line, message)

    def lose(self, message: str, node: Node | None = None) -> None:
        self.report.lose((node or self.node).line, message)

    def read(self) -> Item | None:
        if self.kind == "category":
            self.lose(f"the category {self.inner('category', 'text')[:80]!r}; quizzes here have no categories")
            return None
        readers = {
            "multichoice": self.choices,
            "truefalse": self.choices,
            "shortanswer": self.words,
            "numerical": self.number,
            "matching": self.pairs,
            "ordering": self.steps,
        }
        if self.kind not in readers:
            why = _LEFT_OUT.get(self.kind, f"the type {self.kind[:40]!r} is not supported")
            self.lose(why if "left out" in why else f"{why}; left out")
            return None
        size = sum(len(one.text) for one in self.node.below("text"))
        large = too_large(self.report.name, self.node.line, size, len(self.node.all("answer")))
        self.report.notes += large
        text = self.formatted(self.node.child("questiontext"))
        if large or not text:
            self.report.notes += large or [Note(self.report.name, self.node.line, "no text; left out", True)]
            return None
        item = Item(
            self.inner("name", "text").strip(), "", text, why=self.formatted(self.node.child("generalfeedback"))
        )
        self.unknown()
        return readers[self.kind](self.tagged(item._replace(points=self.points())))

    def inner(self, *path: str) -> str:
        node = self.node.child(*path)
        return node.text if node is not None else ""

    def unknown(self) -> None:
        """Report elements that are not imported, unless they are empty."""
        for child in self.node.children:
            words = "".join(one.text for one in child.below("text")) or child.text
            if child.name not in _SETTINGS and words.strip():
                self.lose(f"<{child.name[:40]}> is left out: {' '.join(words.split())[:60]!r}", child)
        for file in self.node.below("file"):
            self.lose(f"the file {file.get('name')[:60]!r} in it is left out; put it next to the quiz file", file)
        if self.inner("usecase").strip() == "1":
            self.warn("Moodle distinguishes upper and lower case here; this quiz does not")

    def points(self) -> Fraction:
        grade = self.inner("defaultgrade").strip()
        if grade and not (_FIGURE.match(grade) and Fraction(grade) >= 0):
            self.lose(f"<defaultgrade> is {grade[:40]!r}; 1 point is used instead")
            return Fraction(1)
        return Fraction(grade or 1)

    def tagged(self, item: Item) -> Item:
        """Return a question with the section that one of our tags names."""
        for tag in self.node.below("tag"):
            text = " ".join("".join(one.text for one in tag.all("text")).split())
            if text.startswith(TAG_SECTION) and text != TAG_SECTION.strip():
                item = item._replace(section=text.removeprefix(TAG_SECTION).strip())
            elif text != TAG_ORDER:
                self.lose(f"the tag {text[:60]!r}; tags are not supported", tag)
        return item

    def formatted(self, node: Node | None) -> str:
        """Return the text of an element; HTML is converted to Markdown."""
        if node is None:
            return ""
        text = "".join(one.text for one in node.all("text")).replace("\r\n", "\n").strip()
        text = text.replace("@@PLUGINFILE@@/", "")
        if node.get("format") not in ("", "html", "moodle_auto_format"):
            return text
        if "<" not in text and "&" not in text:
            return text
        text, unknown = markdown_of(text)
        if unknown:
            self.lose(f"only the text is kept of these HTML elements: {', '.join(unknown)}", node)
        return text

    def feedback(self, answer: Node) -> str:
        return self.formatted(answer.child("feedback"))

    def fraction(self, answer: Node) -> Fraction:
        given = answer.get("fraction").strip()
        if not _FIGURE.match(given):
            self.lose(f"an answer is worth {given[:40]!r}; it counts as wrong", answer)
            return Fraction(0)
        return Fraction(given)

    def choices(self, item: Item) -> Item | None:
        single = self.kind == "truefalse" or self.inner("single").strip() in ("true", "1")
        weights = [self.fraction(answer) for answer in self.node.all("answer")]
        options = []
        for answer, worth in zip(self.node.all("answer"), weights, strict=True):
            right = worth == 100 if single else worth > 0
            text, why = self.formatted(answer), self.feedback(answer)
            if self.kind == "truefalse":
                text = text.capitalize()
            if single and worth not in (0, 100):
                self.lose(f"{text[:40]!r} is worth {as_text(worth)} %; here it is wrong and costs nothing", answer)
            if text:
                options.append(Option(text, right, (joined(why, item.why) if right else why or item.why) or NO_REASON))
            else:
                self.lose("an empty answer is left out", answer)
        kind = "single" if single and sum(bool(option.right) for option in options) == 1 else "multiple"
        if single and kind == "multiple" and any(option.right for option in options):
            self.lose("any one of several right answers was enough; here all of them must be chosen")
        elif kind == "multiple" and not single and not our_weights(weights):
            self.lose("the weights are not kept: right choices are worth the same, and a wrong choice costs one share")
        return self.sound(item._replace(kind=kind, options=tuple(options), why=""))

    def sound(self, item: Item) -> Item | None:
        found, notes = checked(item, self.report.name, self.node.line)
        self.report.notes += notes
        return found

    def words(self, item: Item) -> Item | None:
        accepted: list[str] = []
        wrong, why = {}, item.why
        for answer in self.node.all("answer"):
            word, told, worth = self.formatted(answer), self.feedback(answer), self.fraction(answer)
            if word.replace("\\*", "") != word.replace("\\*", "").replace("*", "") and word != "*":
                self.lose(f"{word[:40]!r}: * matches any characters in Moodle; here it is only that character", answer)
            word = word.replace("\\*", "*") if word != "*" else ""
            if not word:
                self.lose(
                    f"the answer that matches everything else is left out, with its feedback {told[:60]!r}", answer
                )
            elif worth == 100:
                if told and accepted and told != why:
                    self.lose(
                        f"the feedback for {word[:40]!r} is left out: all right answers share the first one's", answer
                    )
                why = why if accepted else joined(told, why)
                accepted.append(word)
            else:
                if worth:
                    self.lose(f"{word[:40]!r} is worth {as_text(worth)} %; here it is wrong", answer)
                wrong[word] = told or NO_REASON
        if not accepted:
            self.lose("no answer is worth 100 %; left out")
            return None
        return item._replace(kind="text", answers=tuple(dict.fromkeys(accepted)), wrong=wrong, why=why)

    def number(self, item: Item) -> Item | None:
        key: tuple[str, Fraction] | None = None
        wrong, why = {}, item.why
        for answer in self.node.all("answer"):
            value, told, worth = self.formatted(answer), self.feedback(answer), self.fraction(answer)
            spread = answer.child("tolerance")
            tolerance = (spread.text if spread is not None else "").strip() or "0"
            if value == "*":
                self.lose(f"the feedback for all other answers is left out: {told[:60]!r}", answer)
            elif not _FIGURE.match(value) or not _FIGURE.match(tolerance):
                self.lose(f"{value[:40]!r} with the tolerance {tolerance[:40]!r} is not a number; left out", answer)
            elif worth == 100 and key is None:
                key, why = (as_text(Fraction(value)), abs(Fraction(tolerance))), joined(told, why)
            elif worth:
                self.lose(f"{value[:40]!r}: only one right answer is supported; this one is left out", answer)
            else:
                wrong[as_text(Fraction(value))] = told or NO_REASON
                if Fraction(tolerance):
                    self.lose(
                        f"{value[:40]!r} has a tolerance; here the reason applies only to the number itself", answer
                    )
        if key is None:
            self.lose("no number is right; left out")
            return None
        wrong.pop(key[0], None)
        item = item._replace(kind="number", answers=(key[0],), tolerance=key[1], wrong=wrong, why=why)
        return item._replace(unit=self.unit())

    def unit(self) -> str:
        """Return the unit of the numbers; report any others."""
        name = ""
        for unit in self.node.below("unit"):
            values = {child.name: child.text.strip() for child in unit.children}
            factor, given = values.get("multiplier", "1"), " ".join(values.get("unit_name", "").split())
            if _FIGURE.match(factor) and Fraction(factor) == 1 and not name:
                name = given
            else:
                self.lose(f"the unit {given[:40]!r}; only one unit, with the factor 1, is supported", unit)
        return name

    def pairs(self, item: Item) -> Item | None:
        options = []
        for pair in self.node.all("subquestion"):
            answer = pair.child("answer")
            left, right = self.formatted(pair), self.formatted(answer)
            if left and right:
                options.append(Option(left, right))
            else:
                self.lose(f"a pair with an empty side is left out: {(left or right)[:40]!r}", pair)
        places = {str(n) for n in range(1, len(options) + 1)}
        if len(options) > 1 and {option.right for option in options} == places:
            if not any("".join(one.text for one in tag.all("text")) == TAG_ORDER for tag in self.node.below("tag")):
                self.warn(f"all matches are places from 1 to {len(options)}; it became an order question")
            options = [option._replace(right=int(option.right)) for option in options]
            return self.ordered(item, options)
        return self.sound(item._replace(kind="match", options=with_reasons(options, item.why), why=""))

    def steps(self, item: Item) -> Item | None:
        """Return the steps of Moodle's own ordering question, whose answers are in the right order."""
        texts = [self.formatted(answer) for answer in self.node.all("answer")]
        return self.ordered(item, [Option(text, place) for place, text in enumerate(filter(None, texts), 1)])

    def ordered(self, item: Item, options: list[Option]) -> Item | None:
        return self.sound(item._replace(kind="order", options=with_reasons(options, item.why), why=""))
