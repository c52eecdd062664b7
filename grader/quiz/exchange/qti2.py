"""Read an assessmentItem of QTI 2.1 (IMS Question & Test Interoperability: Assessment Item Information Model 2.1)."""

from __future__ import annotations

from fractions import Fraction

from grader.quiz.exchange.item import NO_REASON, Item, Option
from grader.quiz.exchange.notes import Report
from grader.quiz.exchange.qti_content import FIGURE, LeftOut, content
from grader.quiz.exchange.xml_tree import Node
from grader.quiz.keys import as_text
from grader.quiz.model import Right

_FEEDBACK = ("feedbackInline", "feedbackBlock")


def read_item(node: Node, report: Report) -> Item:
    """Return a question. LeftOut if it cannot be marked."""
    return _Item(node, report).read()


class _Item:
    """Reads one item."""

    def __init__(self, node: Node, report: Report) -> None:
        self.node = node
        self.report = report
        self.body = node.child("itemBody") or Node("itemBody", {}, node.line)
        self.told = {one.get("identifier"): content(one, report) for one in node.all("modalFeedback")}
        self.said: set[str] = set()

    def read(self) -> Item:
        found = [one for one in _below(self.body) if one.name.endswith("Interaction")]
        readers = {
            "choiceInteraction": self.choices,
            "orderInteraction": self.steps,
            "matchInteraction": self.pairs,
            "textEntryInteraction": self.figure,
        }
        if len(found) > 1:
            raise LeftOut(f"{len(found)} interactions in one question; make a separate question of each")
        if not found or found[0].name not in readers:
            what = f"<{found[0].name[:40]}>" if found else "a description"
            raise LeftOut(f"{what}: only choices, orders, pairs, words and numbers are supported")
        declared = [one for one in self.node.all("responseDeclaration") if self.of(one, found[0])]
        if not declared:
            raise LeftOut("no responseDeclaration gives the right answer", found[0].line)
        prompt = found[0].child("prompt")
        parts = [content(self.body, self.report, (found[0].name, "rubricBlock", *_FEEDBACK))]
        parts += [content(prompt, self.report)] if prompt is not None else []
        text = "\n\n".join(filter(None, parts))
        item = Item(self.node.get("title").strip() or self.node.get("identifier"), "", text)
        item = readers[found[0].name](item, found[0], declared[0])
        for identifier, words in self.told.items():
            if words and identifier not in self.said:
                self.report.lose(self.node.line, f"the feedback {identifier[:40]!r} is left out: {words[:60]!r}")
        return item

    @staticmethod
    def of(declared: Node, interaction: Node) -> bool:
        return declared.get("identifier") == interaction.get("responseIdentifier")

    @staticmethod
    def values(declared: Node) -> list[str]:
        """Return the correct response."""
        correct = declared.child("correctResponse")
        return [one.text.strip() for one in correct.all("value")] if correct is not None else []

    def mapped(self, declared: Node) -> dict[str, Fraction]:
        """Return the points of each answer, if the item gives them."""
        worth = {}
        for entry in declared.below("mapEntry", "areaMapEntry"):
            value = entry.get("mappedValue").strip()
            if FIGURE.match(value):
                worth[entry.get("mapKey")] = Fraction(value)
            else:
                self.report.lose(entry.line, f"an answer is worth {value[:40]!r}; 0 is used instead")
        return worth

    def option(self, choice: Node, right: Right) -> Option:
        """Return a choice with its own feedback."""
        inner = [content(one, self.report) for one in _below(choice) if one.name in _FEEDBACK]
        identifier = choice.get("identifier")
        self.said.add(identifier)
        told = "\n\n".join(filter(None, [*inner, self.told.get(identifier, "")]))
        return Option(content(choice, self.report, _FEEDBACK), right, told or NO_REASON)

    def choices(self, item: Item, given: Node, declared: Node) -> Item:
        right = set(self.values(declared))
        worth = self.mapped(declared)
        right = right or {key for key, value in worth.items() if value > 0}
        partial = [key for key, value in worth.items() if (value > 0) != (key in right)]
        if partial:
            self.report.lose(declared.line, f"the weights of {', '.join(partial)[:60]!r} are not imported")
        many = declared.get("cardinality") == "multiple"
        options = tuple(self.option(one, one.get("identifier") in right) for one in given.below("simpleChoice"))
        if many and worth:
            self.report.lose(
                declared.line,
                "the weights are not kept: right choices are worth the same, and a wrong choice costs one share",
            )
        kind = "multiple" if many else "single"
        return item._replace(kind=kind, options=tuple(option for option in options if option.text))

    def steps(self, item: Item, given: Node, declared: Node) -> Item:
        places = {identifier: place for place, identifier in enumerate(self.values(declared), 1)}
        choices = list(given.below("simpleChoice"))
        if {one.get("identifier") for one in choices} != places.keys():
            raise LeftOut("the right order does not include every step", declared.line)
        return item._replace(
            kind="order", options=tuple(self.option(one, places[one.get("identifier")]) for one in choices)
        )

    def pairs(self, item: Item, given: Node, declared: Node) -> Item:
        sets = given.all("simpleMatchSet")
        pairs = [value.split() for value in self.values(declared)]
        if len(sets) != 2 or not all(len(pair) == 2 for pair in pairs) or len(dict(pairs)) != len(pairs):
            raise LeftOut("a match that does not pair each item with exactly one other", given.line)
        left, right = ({one.get("identifier"): one for one in side.below("simpleAssociableChoice")} for side in sets)
        found = dict(pairs)
        if found.keys() != left.keys() or not set(found.values()) <= right.keys():
            raise LeftOut("a match that does not pair each item with exactly one other", given.line)
        used = set(found.values())
        extra = [content(one, self.report) for key, one in right.items() if key not in used]
        if extra:
            self.report.lose(given.line, f"answers that match nothing are left out: {', '.join(extra)[:80]!r}")
        texts = {key: content(one, self.report) for key, one in right.items()}
        options = tuple(self.option(one, texts[found[key]]) for key, one in left.items())
        return item._replace(kind="match", options=options)

    def figure(self, item: Item, given: Node, declared: Node) -> Item:
        """Return a number or text question. The gap in the text becomes `_____` if text follows it."""
        values = self.values(declared)
        worth = self.mapped(declared)
        most = max(worth.values(), default=Fraction(0))
        best = [key for key, value in worth.items() if value > 0 and value == most]
        for key in worth.keys() - set(best) - set(values):
            self.report.lose(
                declared.line, f"{key[:40]!r} is worth less or more than the best answer; here it is wrong"
            )
        answers = tuple(dict.fromkeys(filter(None, [*values, *best])))
        if not answers:
            raise LeftOut("no answer is right", declared.line)
        if declared.get("baseType") in ("integer", "float"):
            if len(answers) > 1 or not FIGURE.match(answers[0]):
                raise LeftOut("several numbers are right, or the right one is not a decimal number", declared.line)
            if any(True for _ in self.node.below("equal")):
                self.report.lose(
                    self.node.line, "a tolerance in its marking program is left out; check the tolerance of the number"
                )
            return item._replace(kind="number", answers=(as_text(Fraction(answers[0])),))
        return item._replace(kind="text", answers=answers)


def _below(node: Node) -> list[Node]:
    """Return every element below one, in order."""
    found = []
    for one in node.children:
        found += [one, *_below(one)]
    return found
