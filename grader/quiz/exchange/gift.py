"""Read GIFT, the text format of Moodle.

    // a comment              $CATEGORY: a/b
    ::name::[markdown]text {=right#why ~wrong#why ~%50%half ####to everybody}
    {TRUE#wrong#right}  {#3:0.5#why}  {#1..5}  {=%100%word ~…}  {=a -> b =c -> d}  {}

A blank line ends a question. A backslash escapes \\ ~ = # { } : and `\\n` is a new line. Before any other character a
backslash stands for itself: `\\t`, `\\frac` (moodle/question/format/gift/format.php, escapedchar_pre).
"""

from __future__ import annotations

import re
from fractions import Fraction

from grader.quiz.exchange.gift_writer import our_weights
from grader.quiz.exchange.html_text import markdown_of
from grader.quiz.exchange.images import image_notes
from grader.quiz.exchange.item import NO_REASON, Item, Option, checked, decoded, joined, slug, with_reasons
from grader.quiz.exchange.limits import COUNT_LIMIT
from grader.quiz.exchange.notes import Note, limited, too_large, too_many
from grader.quiz.keys import as_text

_ESCAPE = re.compile(r"\\([\\~=#{}:n])")
_NAME = re.compile(r"::((?:[^:\\]|\\.|:(?!:))*)::")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d{1,7})?)%")
_TRUTH = re.compile(r"(TRUE|T|FALSE|F)\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?\Z")
_SIGN = re.compile("[=~]")

#: `*` in a short answer matches any characters in Moodle, unless it is escaped with a backslash.
_WILDCARD = re.compile(r"(?<!\\)\*")

#: Answers embedded in the text, as in Moodle's Cloze questions.
_CLOZE = re.compile(r"\d{0,3}:[A-Z_]{2,20}:")

GAPS = "it has several gaps in one text, which is not supported; left out: make a separate question of each gap"


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file, and notes. ImportFailed if it is not text."""
    items: list[Item] = []
    notes: list[Note] = []
    taken: dict[str, int] = {}
    for line, block in _blocks(decoded(data, name), name, notes):
        if len(items) == COUNT_LIMIT:
            notes.append(too_many(name, line))
            break
        if block.startswith("$CATEGORY:"):
            notes.append(Note(name, line, f"the category {block[10:80].strip()!r}; categories are not supported", True))
            continue
        item, found = _Question(name, line).read(block)
        notes += found
        if item is not None:
            items.append(item._replace(id=slug(item.id or item.text, taken, 8)))
    return items, limited(notes)


def _blocks(text: str, name: str, notes: list[Note]) -> list[tuple[int, str]]:
    """Yield (line, text) of each question: the text between blank lines, without comments."""
    blocks: list[tuple[int, list[str]]] = []
    fresh = True
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("//"):
            if "[tag:" in line:
                notes.append(Note(name, number, "tags in a comment are left out", True))
            continue
        if not line.strip():
            fresh = True
            continue
        if fresh or line.startswith("$CATEGORY:"):
            blocks.append((number, []))
        blocks[-1][1].append(line)
        fresh = line.startswith("$CATEGORY:")
    return [(number, "\n".join(lines).strip()) for number, lines in blocks]


class _Question:
    """Reads one question."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.notes: list[Note] = []
        self.html = False  # the question's text is HTML, and so is all of it that says nothing else

    def note(self, message: str, lost: bool = False) -> None:
        self.notes.append(Note(self.name, self.line, message, lost))

    def read(self, block: str) -> tuple[Item | None, list[Note]]:
        self.notes += too_large(self.name, self.line, len(block))
        if self.notes:
            return None, self.notes
        title = ""
        match = _NAME.match(block)
        if match:
            title, block = _plain(match.group(1)), block[match.end() :].lstrip()
        opened = _find(block, "{")
        if opened == -1:
            self.note("no answers ({…}): this is a description, not a question; left out", True)
            return None, self.notes
        closed = _find(block, "}", opened)
        if closed == -1:
            self.note("the closing } of the answers is missing; left out", True)
            return None, self.notes
        if _CLOZE.match(block, opened + 1) or _find(block, "{", closed) != -1:
            self.note(f"this is a Cloze question: {GAPS}", True)
            return None, self.notes
        if _find(block, "{", opened + 1, closed) != -1 or _find(block, "}", closed + 1) != -1:
            self.note("an extra { or }; in a text, write \\{ or \\}; left out", True)
            return None, self.notes
        text = self.formatted(block[:opened], "the text")
        format = _FORMAT.match(block[:opened].strip())
        self.html = format is not None and format[1] == "html"
        after = self.formatted(block[closed + 1 :])
        if after:
            self.note("the answer is in the middle of the text; a gap (_____) replaces it")
            text = f"{text} _____ {after}".strip()
        if not text:
            self.note("no text; left out", True)
            return None, self.notes
        item = self.answers(title, text, block[opened + 1 : closed].strip())
        if item is not None:
            self.notes += image_notes(item, self.name, self.line)
        return item, self.notes

    def answers(self, title: str, text: str, body: str) -> Item | None:
        body, why = _cut(body, "####")
        item = Item(title, "", text, why=self.formatted(why))
        if not body:
            self.note("an essay cannot be marked automatically; left out", True)
            return None
        head, _, told = body.partition("#")
        if _TRUTH.match(head.strip()):
            return self.truth(item, head.strip()[0].upper() == "T", told)
        answers = _answers(body)
        large = too_large(self.name, self.line, 0, len(answers))
        self.notes += large
        if large:
            return None
        if body.startswith("#"):
            return self.number(item, body[1:].strip())
        if not answers:
            self.note("no answer begins with = or ~; left out", True)
            return None
        if all(sign == "=" and _find(answer, "->") != -1 for sign, answer in answers):
            return self.match(item, answers)
        if all(sign == "=" for sign, _ in answers):
            return self.words(item, answers)
        return self.choices(item, answers)

    def sound(self, item: Item) -> Item | None:
        found, notes = checked(item, self.name, self.line)
        self.notes += notes
        return found

    def truth(self, item: Item, right: bool, told: str) -> Item | None:
        wrong_why, right_why = map(self.formatted, _cut(told, "#"))
        right_why = joined(right_why, item.why) or NO_REASON
        wrong_why = wrong_why or item.why or NO_REASON
        true = Option("True", right, right_why if right else wrong_why)
        false = Option("False", not right, wrong_why if right else right_why)
        return self.sound(item._replace(kind="single", options=(true, false), why=""))

    def words(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        accepted: list[str] = []
        wrong, why = {}, item.why
        for _, answer in answers:
            percent, rest = _weight(answer)
            given, told = _cut(rest, "#")
            told, word = self.formatted(told), _plain(_FORMAT.sub("", given.strip(), 1)).strip().replace("\\*", "*")
            if not word or word == "*":
                self.other(told, percent in (None, 100))
                continue
            if _WILDCARD.search(given):
                self.note(f"{word[:40]!r}: * matches any characters in Moodle; here it is only the character *", True)
            if percent in (None, 100):
                if told and accepted:
                    self.note(f"the feedback for {word!r} is left out: all right answers share the first one's", True)
                why = why if accepted else joined(told, why)
                accepted.append(word)
            else:
                if percent:
                    self.note(f"{word!r} is worth {percent} %; here it is wrong", True)
                wrong[word] = told or NO_REASON
        if not accepted:
            self.note("no answer is worth 100 %; left out", True)
            return None
        return item._replace(kind="text", answers=tuple(dict.fromkeys(accepted)), wrong=wrong, why=why)

    def other(self, told: str, right: bool) -> None:
        """Report an answer that matches everything else."""
        if right:
            self.note("an answer that matches anything is left out", True)
        elif told:
            self.note(
                f"the feedback for all other answers is left out: {told[:60]!r}; here each answer has its own feedback",
                True,
            )

    def number(self, item: Item, body: str) -> Item | None:
        key: tuple[str, Fraction] | None = None
        wrong, why = {}, item.why
        for sign, answer in _answers(body, first="="):
            percent, rest = _weight(answer)
            percent = (Fraction(100) if sign == "=" else Fraction(0)) if percent is None else percent
            value, told = map(self.formatted, _cut(rest, "#"))
            read = _range(value)
            if value in ("", "*"):
                self.other(told, percent == 100)
            elif read is None:
                self.note(f"{value[:40]!r} is not a number, N:TOLERANCE or LOW..HIGH; left out", True)
            elif percent == 100 and key is None:
                key, why = read, joined(told, why)
            elif percent:
                self.note(f"{value[:40]!r}: only one right answer is supported; this one is left out", True)
            else:
                wrong[read[0]] = told or NO_REASON
                if read[1]:
                    self.note(
                        f"{value[:40]!r} has its own reason; here the reason applies only to {read[0]} itself", True
                    )
        if key is None:
            self.note("no number is right; left out", True)
            return None
        wrong.pop(key[0], None)
        return item._replace(kind="number", answers=(key[0],), tolerance=key[1], wrong=wrong, why=why)

    def match(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        options = []
        for _, answer in answers:
            at = _find(answer, "->")
            left, right = self.formatted(answer[:at]), _plain(answer[at + 2 :]).strip()
            if left and right:
                options.append(Option(left, right))
            else:
                self.note("a pair with an empty side is left out", True)
        return self.sound(item._replace(kind="match", options=with_reasons(options, item.why), why=""))

    def choices(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        single = any(sign == "=" for sign, _ in answers)
        options = []
        weights: list[Fraction] = []
        for sign, answer in answers:
            percent, rest = _weight(answer)
            text, why = map(self.formatted, _cut(rest, "#"))
            right = sign == "=" if single else (percent or 0) > 0
            weights.append(percent or Fraction(0))
            if single and sign == "=" and percent not in (None, 100):
                self.note(f"{text[:40]!r} is marked with = and worth {as_text(percent)} %; here it is right", True)
            if single and sign == "~" and percent:
                costs = "wrong" if percent > 0 else "wrong and costs nothing (set `penalty` to change that)"
                self.note(f"{text[:40]!r} is worth {as_text(percent)} %; here it is {costs}", True)
            if text:
                told = joined(why, item.why) if right else why or item.why
                options.append(Option(text, right, told or NO_REASON))
            else:
                self.note("an empty answer is left out", True)
        kind = "single" if single and sum(bool(option.right) for option in options) == 1 else "multiple"
        if single and kind == "multiple":
            self.note("any one of several right answers was enough; here all of them must be chosen", True)
        elif kind == "multiple" and not our_weights(weights):
            self.note(
                "the weights are not kept: right choices are worth the same, and a wrong choice costs one share",
                True,
            )
        return self.sound(item._replace(kind=kind, options=tuple(options), why=""))

    def formatted(self, part: str, what: str = "an answer") -> str:
        """Return a text without escapes and format prefix; HTML is converted to Markdown.

        As in Moodle, answers and feedback without a prefix have the format of the question's text.
        """
        part = part.strip()
        match = _FORMAT.match(part)
        text = _plain(part[match.end() :] if match else part).strip()
        if (match[1] != "html") if match else not self.html:
            return text
        text, unknown = markdown_of(text)
        lost = f", without {', '.join(unknown)}" if unknown else ""
        if match or unknown:
            self.note(f"{what} is HTML; it was converted to Markdown{lost}", bool(unknown))
        return text


def _find(text: str, sign: str, start: int = 0, end: int | None = None) -> int:
    """Return the position of a character that is not escaped with a backslash; -1 if there is none."""
    at = text.find(sign, start, end)
    while at != -1 and _escaped(text, at):
        at = text.find(sign, at + 1, end)
    return at


def _escaped(text: str, at: int) -> bool:
    before = at
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def _cut(text: str, sign: str) -> tuple[str, str]:
    at = _find(text, sign)
    return (text, "") if at == -1 else (text[:at], text[at + len(sign) :])


def _answers(body: str, first: str = "") -> list[tuple[str, str]]:
    """Return (sign, answer) of each answer.

    Text before the first sign is an answer only if `first` gives the sign that it implies, as in `{#3:2~#Wrong}`."""
    starts = [match.start() for match in _SIGN.finditer(body) if not _escaped(body, match.start())]
    ends = [*starts[1:], len(body)][: len(starts)]
    found = [(body[start], body[start + 1 : end].strip()) for start, end in zip(starts, ends, strict=True)]
    leading = body[: starts[0] if starts else len(body)].strip()
    return [(first, leading), *found] if first and leading else found


def _weight(answer: str) -> tuple[Fraction | None, str]:
    match = _WEIGHT.match(answer)
    return (Fraction(match.group(1)), answer[match.end() :].strip()) if match else (None, answer)


def _range(value: str) -> tuple[str, Fraction] | None:
    """Return a number as text, and its tolerance."""
    low, dots, high = value.partition("..")
    if dots and _NUMBER.match(low) and _NUMBER.match(high):
        middle = (Fraction(low) + Fraction(high)) / 2
        spread = abs(Fraction(high) - Fraction(low)) / 2
        return (as_text(middle), spread) if _NUMBER.match(as_text(middle)) else None
    number, _, tolerance = value.partition(":")
    if not _NUMBER.match(number) or (tolerance and not _NUMBER.match(tolerance)):
        return None
    return as_text(Fraction(number)), abs(Fraction(tolerance or 0))


def _plain(text: str) -> str:
    """Return the text without its escapes; a backslash before any other character is a backslash."""
    return _ESCAPE.sub(lambda match: "\n" if match.group(1) == "n" else match.group(1), text)
