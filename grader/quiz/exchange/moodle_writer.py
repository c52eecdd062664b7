"""Write Moodle XML. Moodle's importer does not report malformed files, so the XML is built as a tree."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree as ET

from grader.quiz.exchange.gift_writer import weight
from grader.quiz.exchange.item import Item, reasons
from grader.quiz.keys import as_text

#: Characters that XML 1.0 cannot contain.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Tags that tell our reader what Moodle has no field for.
TAG_SECTION = "section: "
TAG_ORDER = "type: order"

_TYPES = {
    "single": "multichoice",
    "multiple": "multichoice",
    "number": "numerical",
    "text": "shortanswer",
    "match": "matching",
    "order": "matching",
}


def write(items: list[Item]) -> tuple[str, list[str]]:
    """Return the text of an XML file, and what it cannot hold."""
    quiz = ET.Element("quiz")
    lost: list[str] = []
    for item in items:
        question = ET.SubElement(quiz, "question", type=_TYPES[item.kind])
        _text(ET.SubElement(question, "name"), item.id)
        _formatted(question, "questiontext", item.text)
        _formatted(question, "generalfeedback", _general(item))
        _leaf(question, "defaultgrade", as_text(item.points))
        _leaf(question, "penalty", "0.3333333")
        _leaf(question, "hidden", "0")
        {"multichoice": _choices, "numerical": _number, "shortanswer": _words, "matching": _matches}[_TYPES[item.kind]](
            question, item
        )
        tags = [f"{TAG_SECTION}{item.section}"] if item.section else []
        tags += [TAG_ORDER] if item.kind == "order" else []
        parent = ET.SubElement(question, "tags") if tags else question
        for tag in tags:
            _text(ET.SubElement(parent, "tag"), tag)
        if item.kind == "order":
            lost.append(f"{item.id}: has become a match of steps and places")
        if item.kind in ("match", "order"):
            lost.append(f"{item.id}: the reasons of the pairs are combined in the general feedback")
    ET.indent(quiz)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(quiz, encoding="unicode") + "\n", lost


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _leaf(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _clean(text)


def _text(parent: ET.Element, text: str) -> None:
    _leaf(parent, "text", text)


def _formatted(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name, format="markdown")
    _text(element, text)
    return element


def _general(item: Item) -> str:
    if item.kind not in ("match", "order"):
        return ""
    return "\n".join(reasons(item.options))


def _answer(question: ET.Element, fraction: str, text: str, why: str, format: str) -> ET.Element:
    answer = ET.SubElement(question, "answer", fraction=fraction, format=format)
    _text(answer, text)
    _formatted(answer, "feedback", why)
    return answer


def _choices(question: ET.Element, item: Item) -> None:
    _leaf(question, "single", "true" if item.kind == "single" else "false")
    _leaf(question, "shuffleanswers", "true")
    _leaf(question, "answernumbering", "abc")
    right = sum(bool(option.right) for option in item.options)
    share = weight(Fraction(100, right))
    wrong = "0" if item.kind == "single" else f"-{share}"
    for option in item.options:
        _answer(question, share if option.right else wrong, option.text, option.why, "markdown")


def _number(question: ET.Element, item: Item) -> None:
    answer = _answer(question, "100", item.answers[0], item.why, "plain_text")
    _leaf(answer, "tolerance", as_text(item.tolerance))
    for value, why in item.wrong.items():
        if re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
            _leaf(_answer(question, "0", value, why, "plain_text"), "tolerance", "0")
    if item.unit:
        unit = ET.SubElement(ET.SubElement(question, "units"), "unit")
        _leaf(unit, "multiplier", "1")
        _leaf(unit, "unit_name", item.unit)
        # 0: students may omit the unit at no cost.
        _leaf(question, "unitgradingtype", "0")


def _words(question: ET.Element, item: Item) -> None:
    _leaf(question, "usecase", "0")
    for answer in item.answers:
        _answer(question, "100", _word(answer), item.why, "plain_text")
    for value, why in item.wrong.items():
        _answer(question, "0", _word(value), why, "plain_text")


def _word(text: str) -> str:
    """Return a short answer with * escaped, because in Moodle a bare * matches any characters."""
    return text.replace("*", "\\*")


def _matches(question: ET.Element, item: Item) -> None:
    _leaf(question, "shuffleanswers", "true")
    for option in item.options:
        pair = _formatted(question, "subquestion", option.text)
        _text(ET.SubElement(pair, "answer"), str(option.right))
