"""Read an item of QTI 1.2 (IMS Question & Test Interoperability: ASI XML Binding 1.2)."""

from __future__ import annotations

from fractions import Fraction

from grader.quiz.exchange.item import NO_REASON, Item, Option, joined
from grader.quiz.exchange.notes import Report
from grader.quiz.exchange.qti_content import FIGURE, LeftOut, as_markdown, content
from grader.quiz.exchange.xml_tree import Node
from grader.quiz.keys import as_text

#: Canvas's names for feedback that does not belong to a single answer.
_GENERAL, _RIGHT = ("general_fb", "general"), ("correct_fb", "correct")

_MARKABLE = "only choices, words, numbers and pairs are supported"


def read_item(node: Node, report: Report) -> Item:
    """Return a question. LeftOut if it cannot be marked."""
    return _Item(node, report).read()


class _Item:
    """Reads one item."""

    def __init__(self, node: Node, report: Report) -> None:
        self.node = node
        self.report = report
        fields = node.below("qtimetadatafield")
        self.meta = {self.inner(one, "fieldlabel"): self.inner(one, "fieldentry") for one in fields}
        self.conditions = list(node.below("respcondition"))
        self.told = {one.get("ident"): self.material(one) for one in node.below("itemfeedback")}
        self.said: set[str] = set()
        self.links: dict[str, list[str]] = {}
        for condition in self.conditions:
            given = [one.text.strip() for one in condition.below("varequal")]
            if len(given) == 1:
                links = [link.get("linkrefid") for link in condition.below("displayfeedback")]
                self.links.setdefault(given[0], []).extend(links)

    @staticmethod
    def inner(node: Node, *path: str) -> str:
        found = node.child(*path)
        return found.text.strip() if found is not None else ""

    def material(self, node: Node) -> str:
        """Return the texts of an element's own material, as Markdown."""
        parts = []
        for text in node.below("mattext"):
            html = text.get("texttype") == "text/html"
            parts.append(as_markdown(text.text, text, self.report) if html and text.text.strip() else "")
            parts[-1] = parts[-1] or content(text, self.report)
        return "\n\n".join(part for part in parts if part)

    def read(self) -> Item:
        kind = self.meta.get("question_type", "")
        shown = self.node.child("presentation")
        if shown is None:
            raise LeftOut("no <presentation>")
        if "multiple_blanks" in kind or "multiple_dropdowns" in kind:
            from grader.quiz.exchange.gift import GAPS

            raise LeftOut(f"a question with several gaps: {GAPS}".removesuffix("; left out"))
        text = "\n\n".join(filter(None, (self.material(one) for one in self.materials(shown))))
        item = Item(self.node.get("title").strip(), "", text, points=self.points(), why=self.feedback_of(_GENERAL))
        lists, strings = list(shown.below("response_lid")), list(shown.below("response_str", "response_num"))
        if len(lists) > 1 and not strings:
            item = self.pairs(item, lists)
        elif len(lists) == 1 and not strings:
            item = self.choices(item, lists[0])
        elif len(strings) == 1 and not lists and self.values():
            item = self.figure(item, kind)
        elif len(strings) == 1 and not lists:
            raise LeftOut(f"an essay, or a marking program that is not supported: {_MARKABLE}")
        else:
            raise LeftOut(f"it has no place to answer, or several: {_MARKABLE}")
        self.unsaid()
        return item

    def materials(self, shown: Node) -> list[Node]:
        """Return the material of the question, without that of its answers."""
        found = shown.all("material")
        for flow in shown.all("flow"):
            found += self.materials(flow)
        return found

    def points(self) -> Fraction:
        given = self.meta.get("points_possible", self.meta.get("qmd_weighting", "1"))
        if FIGURE.match(given) and Fraction(given) >= 0:
            return Fraction(given)
        self.report.lose(self.node.line, f"its points are {given[:40]!r}; 1 point is used instead")
        return Fraction(1)

    def feedback_of(self, idents: tuple[str, ...]) -> str:
        self.said.update(idents)
        return "\n\n".join(dict.fromkeys(self.told[ident] for ident in idents if self.told.get(ident)))

    def unsaid(self) -> None:
        """Report feedback that does not belong to a single answer."""
        for ident, text in self.told.items():
            if text and ident not in self.said:
                self.report.lose(self.node.line, f"the feedback {ident[:40]!r} is left out: {text[:60]!r}")

    def values(self) -> list[Node]:
        """Return the conditions that give points."""
        return [one for one in self.conditions if _worth(one) > 0 and not _anything(one)]

    def why_of(self, ident: str) -> str:
        """Return the feedback that is shown for one answer."""
        links = dict.fromkeys(link for link in self.links.get(ident, []) if link not in (*_GENERAL, *_RIGHT))
        self.said.update(links)
        return "\n\n".join(dict.fromkeys(filter(None, (self.told.get(link, "") for link in links))))

    def choices(self, item: Item, given: Node) -> Item:
        labels = {label.get("ident"): label for label in given.below("response_label")}
        worth = self.values()
        if not worth:
            raise LeftOut("no answer gives points")
        best = max(worth, key=_worth)
        negated = {one.text.strip() for inner in best.below("not") for one in inner.below("varequal")}
        right = {one.text.strip() for one in best.below("varequal")} - negated
        many = given.get("rcardinality").lower() == "multiple"
        if any(True for _ in best.below("or")) or (many and len(worth) > 1):
            raise LeftOut("a marking program that is not supported", best.line)
        for other in worth:
            words = ", ".join(one.text.strip() for one in other.below("varequal"))
            if other is not best:
                text = self.material(labels[words]) if words in labels else words
                self.report.lose(
                    other.line, f"{text[:40]!r} is worth {as_text(_worth(other))}; here it is a wrong answer"
                )
        general, correct = item.why, self.feedback_of(_RIGHT)
        options = []
        for ident, label in labels.items():
            why, is_right = self.why_of(ident), ident in right
            told = joined(joined(why, correct), general) if is_right else why or general
            options.append(Option(self.material(label), is_right, told or NO_REASON))
        if len(right) > 1 and not many:
            self.report.lose(best.line, "several answers are right; here all of them must be chosen")
        kind = "multiple" if many or len(right) > 1 else "single"
        return item._replace(kind=kind, options=tuple(option for option in options if option.text), why="")

    def figure(self, item: Item, kind: str) -> Item:
        """Return a number or text question: every value that gives points is a right answer."""
        why = joined(self.feedback_of(_RIGHT), item.why)
        worth = self.values()
        words = [one.text.strip() for condition in worth for one in condition.below("varequal")]
        low, high = (
            [one.text.strip() for condition in worth for one in condition.below(*names)]
            for names in (("vargte", "vargt"), ("varlte", "varlt"))
        )
        numeric = "numerical" in kind or low or high
        if not numeric:
            if any(True for condition in worth for _ in condition.below("not")):
                raise LeftOut("a marking program that is not supported", worth[0].line)
            return item._replace(kind="text", answers=tuple(dict.fromkeys(filter(None, words))), why=why)
        if len(low) != len(high) or len(low) > 1 or len(words) > 1 or not all(map(FIGURE.match, [*words, *low, *high])):
            raise LeftOut(
                "several numbers or ranges are right; only one number with a tolerance is supported", worth[0].line
            )
        if not low:
            return item._replace(kind="number", answers=(as_text(Fraction(words[0])),), why=why)
        least, most = Fraction(low[0]), Fraction(high[0])
        middle = Fraction(words[0]) if words else (least + most) / 2
        if middle - least != most - middle:
            self.report.lose(worth[0].line, "the range is not symmetric; its wider side became the tolerance")
        answer = as_text(middle)
        if not FIGURE.match(answer):
            raise LeftOut(f"{low[0]} to {high[0]} has no middle that can be written as a decimal number")
        return item._replace(kind="number", answers=(answer,), tolerance=max(middle - least, most - middle), why=why)

    def pairs(self, item: Item, lists: list[Node]) -> Item:
        """Return a match question: one list of answers for each item on the left."""
        right: dict[str, str] = {}
        for condition in self.values():
            for one in condition.below("varequal"):
                right.setdefault(one.get("respident"), one.text.strip())
        options, used = [], set()
        for given in lists:
            labels = {label.get("ident"): self.material(label) for label in given.below("response_label")}
            left = "\n\n".join(filter(None, (self.material(one) for one in self.materials(given))))
            answer = labels.get(right.get(given.get("ident"), ""), "")
            if not left or not answer:
                raise LeftOut("a pair with an empty side", given.line)
            options.append(Option(left, answer, item.why or NO_REASON))
            used.add(answer)
        extra = [text for text in labels.values() if text not in used]
        if extra:
            self.report.lose(self.node.line, f"answers that match nothing are left out: {', '.join(extra)[:80]!r}")
        return item._replace(kind="match", options=tuple(options), why="")


def _worth(condition: Node) -> Fraction:
    """Return the points that a condition gives."""
    points = [one.text.strip() for one in condition.below("setvar") if one.get("varname") in ("SCORE", "que_score", "")]
    return max((Fraction(one) for one in points if FIGURE.match(one)), default=Fraction(0))


def _anything(condition: Node) -> bool:
    """Return True if a condition holds for every answer: the points of an essay, or of nothing."""
    return not any(True for _ in condition.below("varequal", "vargte", "vargt", "varlte", "varlt"))
