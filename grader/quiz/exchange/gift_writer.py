"""Write questions as GIFT, the text format of Moodle (gift.py describes it)."""

from __future__ import annotations

import re
from fractions import Fraction

from grader.quiz.exchange.item import Item, reasons
from grader.quiz.keys import as_text

#: Characters with a meaning in GIFT; they are escaped with a backslash.
_SPECIAL = re.compile(r"([\\~=#{}:])")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?\Z")


def write(items: list[Item]) -> tuple[str, list[str]]:
    """Return the text of a GIFT file, and what it cannot hold."""
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
            lost.append(f"{item.id}: has become a match of steps and places, because GIFT has no order questions")
        if item.kind in ("match", "order"):
            lost.append(f"{item.id}: the reasons of the pairs are combined in the general feedback")
        lost += [f"{item.id}: its {what}" for what, there in (("unit", item.unit), ("section", item.section)) if there]
        if item.points != 1:
            lost.append(f"{item.id}: its points")
        if _has_arrow(item):
            lost.append(f"{item.id}: -> has become →, because it separates the sides of a pair")
        if item.kind == "text" and any("->" in answer for answer in item.answers):
            lost.append(f"{item.id}: accepted answers that contain ->, because it separates the sides of a pair")
    return "\n\n".join(questions) + "\n", lost


def _escape(text: str) -> str:
    # Write line breaks as \n: a blank line would end the question, and // at the beginning of a line starts a comment.
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")


def _told(why: str) -> str:
    return f"#{_first(why)}" if why else ""


def _single(item: Item) -> str:
    return "\n".join(f"\t{'=' if o.right else '~'}{_first(o.text)}{_told(o.why)}" for o in item.options)


def _first(text: str) -> str:
    """Return a choice, word or reason, escaped if its beginning would be read as a weight or a format name."""
    escaped = _escape(text)
    return f"[markdown]{escaped}" if re.match(r"[%\[]", escaped) else escaped


def _multiple(item: Item) -> str:
    """Return the choices with weights as we mark: a right one is worth its share, a wrong one costs as much."""
    share = weight(Fraction(100, sum(bool(o.right) for o in item.options)))
    return "\n".join(f"\t~%{'' if o.right else '-'}{share}%{_first(o.text)}{_told(o.why)}" for o in item.options)


def weight(share: Fraction) -> str:
    """Return a percentage as Moodle writes it: 33.33333."""
    return f"{float(share):.5f}".rstrip("0").rstrip(".")


def our_weights(weights: list[Fraction]) -> bool:
    """Return True if right choices share the points and each wrong one costs a share, as `write` writes it."""
    right = [weight for weight in weights if weight > 0]
    if not right:
        return True  # no choice is right; reported elsewhere
    share = Fraction(weight(Fraction(100, len(right))))
    return all(abs(abs(one) - share) < Fraction(1, 2) for one in weights)


def _number(item: Item) -> str:
    lines = [f"\t=%100%{item.answers[0]}:{as_text(item.tolerance)}{_told(item.why)}"]
    lines += [f"\t=%0%{value}:0{_told(why)}" for value, why in item.wrong.items() if _NUMBER.match(value)]
    return "#\n" + "\n".join(lines)


def _words(item: Item) -> str:
    lines = [f"\t=%100%{_word(answer)}{_told(item.why)}" for answer in item.answers if "->" not in answer]
    return "\n".join(lines + [f"\t=%0%{_word(value)}{_told(why)}" for value, why in item.wrong.items()])


def _word(text: str) -> str:
    """Return a short answer with * escaped, because in Moodle a bare * matches any characters."""
    return _first(text).replace("*", "\\*")


def _matches(item: Item) -> str:
    return "\n".join(f"\t={_escape(_no_arrow(o.text))} -> {_escape(_no_arrow(str(o.right)))}" for o in item.options)


def _no_arrow(text: str) -> str:
    """Replace `->`, which separates the sides of a pair and cannot be escaped."""
    return text.replace("->", "→")


def _has_arrow(item: Item) -> bool:
    """Return True if an item has pairs and a text of it contains the sign that separates their sides."""
    pairs = [text for o in item.options for text in (o.text, str(o.right))]
    return item.kind in ("match", "order") and any("->" in text for text in pairs)
