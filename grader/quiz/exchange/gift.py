"""GIFT, the text format of Moodle.

    // a comment              $CATEGORY: a/b
    ::name::[markdown]text {=right#why ~wrong#why ~%50%half ####to everybody}
    {TRUE#wrong#right}  {#3:0.5#why}  {#1..5}  {=%100%word ~…}  {=a -> b =c -> d}  {}

A blank line ends a question; `\\` takes the meaning from ~ = # { } : and `\\n` is a new line.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ..keys import as_text
from .item import (
    NO_REASON,
    Item,
    Note,
    Option,
    checked,
    decoded,
    limited,
    reasons,
    slug,
    too_large,
    too_many,
    with_reasons,
)
from .limits import COUNT_LIMIT

_SPECIAL = re.compile(r"([\\~=#{}:])")
_NAME = re.compile(r"::((?:[^:\\]|\\.|:(?!:))*)::")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d{1,7})?)%")
_TRUTH = re.compile(r"(TRUE|T|FALSE|F)\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?\Z")


# -- reading --------------------------------------------------------------------------------------------------


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """The questions of a file, and what there is to say about it. ImportFailed if it is no text."""
    items: list[Item] = []
    notes: list[Note] = []
    taken: dict[str, int] = {}
    for line, block in _blocks(decoded(data, name)):
        if len(items) == COUNT_LIMIT:
            notes.append(too_many(name, line))
            break
        if block.startswith("$CATEGORY:"):
            notes.append(Note(name, line, "a category; this format has none"))
            continue
        item, found = _Question(name, line).read(block)
        notes += found
        if item is not None:
            items.append(item._replace(id=slug(item.id or item.text, taken, 8)))
    return items, limited(notes)


def _blocks(text: str) -> list[tuple[int, str]]:
    """(line, text) of each question: what stands between blank lines, without comments."""
    blocks: list[tuple[int, list[str]]] = []
    fresh = True
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("//"):
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
        match = _FORMAT.match(block)
        if match:
            block = block[match.end() :]
            if match.group(1) in ("html", "moodle"):
                self.note(f"the text is {match.group(1)}; it is taken as Markdown")
        opened = _find(block, "{")
        if opened == -1:
            self.note("no answers ({…}): a description, no question; left out", True)
            return None, self.notes
        closed = _find(block, "}", opened)
        if closed == -1:
            self.note("the answers have no end (}); left out", True)
            return None, self.notes
        text = _plain(block[:opened]).strip()
        after = _plain(block[closed + 1 :]).strip()
        if _find(block, "{", closed) != -1:
            self.note("a second place for answers; there is one in a question, and this one became text", True)
        if after:
            self.note("the answer stands in the middle of the text; there is a gap (_____) in its place")
            text = f"{text} _____ {after}".strip()
        if not text:
            self.note("no text; left out", True)
            return None, self.notes
        return self.answers(title, text, block[opened + 1 : closed].strip()), self.notes

    def answers(self, title: str, text: str, body: str) -> Item | None:
        body, why = _cut(body, "####")
        item = Item(title, "", text, why=_plain(why).strip())
        if not body:
            self.note("an essay: nothing that could be marked; left out", True)
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
        right_why = _joined(right_why, item.why) or NO_REASON
        wrong_why = wrong_why or item.why or NO_REASON
        true = Option("True", right, right_why if right else wrong_why)
        false = Option("False", not right, wrong_why if right else right_why)
        return self.sound(item._replace(kind="single", options=(true, false), why=""))

    def words(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        accepted: list[str] = []
        wrong, why = {}, item.why
        for _, answer in answers:
            weight, rest = _weight(answer)
            word, told = map(self.formatted, _cut(rest, "#"))
            if not word or word == "*":
                self.note("an answer that accepts anything is left out", True)
            elif weight in (None, 100):
                if told and accepted:
                    self.note(f"what is said of {word!r}: all right answers have the first one's feedback", True)
                why = why if accepted else _joined(told, why)
                accepted.append(word)
            else:
                if weight:
                    self.note(f"{word!r} is worth {weight} %; here it is wrong", True)
                wrong[word] = told or NO_REASON
        if not accepted:
            self.note("no answer is worth 100 %; left out", True)
            return None
        return item._replace(kind="text", answers=tuple(dict.fromkeys(accepted)), wrong=wrong, why=why)

    def number(self, item: Item, body: str) -> Item | None:
        answers = [answer for _, answer in _answers(body)] or [body]
        key: tuple[str, Fraction] | None = None
        wrong, why = {}, item.why
        for answer in answers:
            weight, rest = _weight(answer.strip())
            value, told = map(self.formatted, _cut(rest, "#"))
            read = _range(value)
            if read is None:
                self.note(f"{value[:40]!r} is no number, no N:TOLERANCE and no LOW..HIGH; left out", True)
            elif weight in (None, 100) and key is None:
                key, why = read, _joined(told, why)
            elif weight in (None, 100) or weight:
                self.note(f"{value[:40]!r}: one answer is right; this one is left out", True)
            else:
                wrong[read[0]] = told or NO_REASON
        if key is None:
            self.note("no number is right; left out", True)
            return None
        wrong.pop(key[0], None)
        return item._replace(kind="number", answers=(key[0],), tolerance=key[1], wrong=wrong, why=why)

    def match(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        options = []
        for _, answer in answers:
            at = _find(answer, "->")
            left, right = _plain(answer[:at]).strip(), _plain(answer[at + 2 :]).strip()
            if left and right:
                options.append(Option(left, right))
            else:
                self.note("a match without a text on both sides is left out", True)
        return self.sound(item._replace(kind="match", options=with_reasons(options, item.why), why=""))

    def choices(self, item: Item, answers: list[tuple[str, str]]) -> Item | None:
        single = any(sign == "=" for sign, _ in answers)
        options = []
        weights: list[Fraction] = []
        for sign, answer in answers:
            weight, rest = _weight(answer)
            text, why = map(self.formatted, _cut(rest, "#"))
            right = sign == "=" if single else (weight or 0) > 0
            weights.append(weight or Fraction(0))
            if single and sign == "~" and weight and weight > 0:
                self.note(f"{text[:40]!r} is worth {weight} %; here it is wrong", True)
            if text:
                told = _joined(why, item.why) if right else why or item.why
                options.append(Option(text, right, told or NO_REASON))
            else:
                self.note("an empty answer is left out", True)
        kind = "single" if single and sum(option.right for option in options) == 1 else "multiple"
        if single and kind == "multiple":
            self.note("several answers are right, and one of them was enough; here all of them have to be chosen", True)
        elif kind == "multiple" and not _our_weights(weights):
            self.note("the weights are not those that we mark by: equal shares, a wrong choice takes one away", True)
        return self.sound(item._replace(kind=kind, options=tuple(options), why=""))

    def formatted(self, part: str) -> str:
        """An answer or its feedback without the name of its format."""
        match = _FORMAT.match(part.strip())
        if match and match.group(1) in ("html", "moodle"):
            self.note(f"an answer is {match.group(1)}; it is taken as Markdown")
        return _plain(_FORMAT.sub("", part.strip(), count=1)).strip()


def _joined(told: str, general: str) -> str:
    """Two feedbacks as one; what is said of an answer comes first."""
    return "\n\n".join(part for part in dict.fromkeys((told, general)) if part)


def _our_weights(weights: list[Fraction]) -> bool:
    """Whether right choices share the points and each wrong one takes a share away, as `write` writes it."""
    right = [weight for weight in weights if weight > 0]
    if not right:
        return True  # said elsewhere: nothing is right
    share = Fraction(weight(Fraction(100, len(right))))
    return all(abs(abs(one) - share) < Fraction(1, 2) for one in weights)


def _find(text: str, sign: str, start: int = 0) -> int:
    """Where a sign stands that no backslash takes the meaning from; -1 if nowhere."""
    at = text.find(sign, start)
    while at != -1 and _escaped(text, at):
        at = text.find(sign, at + 1)
    return at


def _escaped(text: str, at: int) -> bool:
    before = at
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def _cut(text: str, sign: str) -> tuple[str, str]:
    at = _find(text, sign)
    return (text, "") if at == -1 else (text[:at], text[at + len(sign) :])


def _answers(body: str) -> list[tuple[str, str]]:
    """(sign, answer) of each answer; what stands before the first sign is no answer."""
    found: list[tuple[str, str]] = []
    start = -1
    for match in re.finditer("[=~]", body):
        at = match.start()
        if _escaped(body, at):
            continue
        if start != -1:
            found.append((body[start], body[start + 1 : at].strip()))
        start = at
    if start != -1:
        found.append((body[start], body[start + 1 :].strip()))
    return found


def _weight(answer: str) -> tuple[Fraction | None, str]:
    match = _WEIGHT.match(answer)
    return (Fraction(match.group(1)), answer[match.end() :].strip()) if match else (None, answer)


def _range(value: str) -> tuple[str, Fraction] | None:
    """A number as text, and its tolerance."""
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
    """The text without its escapes."""
    return re.sub(r"\\(.)", lambda match: "\n" if match.group(1) == "n" else match.group(1), text, flags=re.DOTALL)


# -- writing --------------------------------------------------------------------------------------------------


def write(items: list[Item]) -> tuple[str, list[str]]:
    """The text of a GIFT file, and what it cannot hold."""
    lost: list[str] = []
    questions = []
    for item in items:
        body = {
            "single": _single,
            "multiple": _multiple,
            "number": _number,
            "text": _words,
            "match": _matches,
            "order": _matches,
        }[item.kind](item)
        told = "\n".join(reasons(item.options)) if item.kind in ("match", "order") else ""
        why = f"\n\t####{_escape(told)}" if told else ""
        questions.append(f"::{_escape(item.id)}::[markdown]{_escape(item.text)} {{\n{body}{why}\n}}")
        if item.kind == "order":
            lost.append(f"{item.id}: has become a match of steps and places, because there is no order")
        if item.kind in ("match", "order"):
            lost.append(f"{item.id}: the reasons of single pairs are together in the general feedback")
        lost += [f"{item.id}: its {what}" for what, there in (("unit", item.unit), ("section", item.section)) if there]
        if item.points != 1:
            lost.append(f"{item.id}: its points")
        if _has_arrow(item):
            lost.append(f"{item.id}: -> has become →, because it parts a pair")
        if item.kind == "text" and any("->" in answer for answer in item.answers):
            lost.append(f"{item.id}: accepted answers with ->, because it would part a pair")
    return "\n\n".join(questions) + "\n", lost


def _escape(text: str) -> str:
    # A blank line would end the question, and // at the beginning of a line would be a comment: so there are no lines.
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")


def _told(why: str) -> str:
    return f"#{_first(why)}" if why else ""


def _single(item: Item) -> str:
    return "\n".join(f"\t{'=' if o.right else '~'}{_first(o.text)}{_told(o.why)}" for o in item.options)


def _first(text: str) -> str:
    """A choice, word or reason that does not begin with what would be a weight or the name of a format."""
    escaped = _escape(text)
    return f"[markdown]{escaped}" if re.match(r"[%\[]", escaped) else escaped


def _multiple(item: Item) -> str:
    """As we mark: a right one is worth its share, a wrong one takes that much away."""
    share = weight(Fraction(100, sum(bool(o.right) for o in item.options)))
    return "\n".join(f"\t~%{'' if o.right else '-'}{share}%{_first(o.text)}{_told(o.why)}" for o in item.options)


def weight(share: Fraction) -> str:
    """A percentage as Moodle knows it: 33.33333."""
    return f"{float(share):.5f}".rstrip("0").rstrip(".")


def _number(item: Item) -> str:
    lines = [f"\t=%100%{item.answers[0]}:{as_text(item.tolerance)}{_told(item.why)}"]
    lines += [f"\t=%0%{value}:0{_told(why)}" for value, why in item.wrong.items() if _NUMBER.match(value)]
    return "#\n" + "\n".join(lines)


def _words(item: Item) -> str:
    lines = [f"\t=%100%{_first(answer)}{_told(item.why)}" for answer in item.answers if "->" not in answer]
    return "\n".join(lines + [f"\t=%0%{_first(value)}{_told(why)}" for value, why in item.wrong.items()])


def _matches(item: Item) -> str:
    return "\n".join(f"\t={_escape(_no_arrow(o.text))} -> {_escape(_no_arrow(str(o.right)))}" for o in item.options)


def _no_arrow(text: str) -> str:
    """`->` parts a pair and cannot be escaped."""
    return text.replace("->", "→")


def _has_arrow(item: Item) -> bool:
    """Whether a text of an item has the sign that parts pairs, where there are pairs."""
    pairs = [text for o in item.options for text in (o.text, str(o.right))]
    return item.kind in ("match", "order") and any("->" in text for text in pairs)
