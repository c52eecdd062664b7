"""Read QTI 1.2 (Canvas, Blackboard, text2qti) and 2.1, the formats of IMS: one item per question.

    1.2  item: presentation (material, response_lid or response_str), resprocessing (respcondition), itemfeedback
    2.1  assessmentItem: responseDeclaration (correctResponse, mapping), itemBody (one interaction), modalFeedback

In both, a small program decides what is right. Only the programs that common editors write are understood: tests for
equality or for a range. A question with any other program is left out; guessing could give a wrong key.
"""

from __future__ import annotations

from grader.quiz.exchange.images import image_notes
from grader.quiz.exchange.item import Item, checked, slug
from grader.quiz.exchange.limits import COUNT_LIMIT
from grader.quiz.exchange.notes import ImportFailed, Note, Report, limited, too_large, too_many
from grader.quiz.exchange.qti_content import LeftOut
from grader.quiz.exchange.xml_tree import Node

#: Elements that contain items, and elements of package files that contain none.
ROOTS = ("questestinterop", "assessmentItem")


def questions_of(root: Node, name: str, taken: dict[str, int] | None = None) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file whose XML has been read, and notes.

    ImportFailed if it is not QTI. `taken` has the ids of earlier questions.
    """
    if root.name not in ROOTS:
        raise ImportFailed(
            f"{name}:{root.line}: <{root.name[:40]}> begins no known quiz format: Moodle XML begins with <quiz>, QTI "
            "1.2 with <questestinterop>, QTI 2.1 with <assessmentItem>"
        )
    report = Report(name)
    items: list[Item] = []
    taken = {} if taken is None else taken
    for node in [root] if root.name == "assessmentItem" else root.below("item"):
        if len(items) == COUNT_LIMIT:
            report.notes.append(too_many(name, node.line))
            break
        item = _read(node, report)
        if item is not None:
            report.notes += image_notes(item, name, node.line)
            items.append(item._replace(id=slug(item.id or item.text, taken, 8)))
    return items, limited(report.notes)


def _read(node: Node, report: Report) -> Item | None:
    """Return one question, or None if it is left out."""
    texts = sum(len(part) for one in _everything(node) for part in one.parts if isinstance(part, str))
    large = too_large(report.name, node.line, texts, sum(1 for _ in node.below("response_label", "simpleChoice")))
    report.notes += large
    if large:
        return None
    try:
        if node.name == "assessmentItem":
            from grader.quiz.exchange.qti2 import read_item as read_item2

            item = read_item2(node, report)
        else:
            from grader.quiz.exchange.qti1 import read_item as read_item1

            item = read_item1(node, report)
    except LeftOut as reason:
        report.lose(reason.line or node.line, f"{reason}; left out")
        return None
    if not item.text:
        report.lose(node.line, "no text; left out")
        return None
    if item.kind in ("number", "text"):
        large = too_large(report.name, node.line, 0, len(item.answers))
        report.notes += large
        return None if large else item
    found, notes = checked(item, report.name, node.line)
    report.notes += notes
    return found


def _everything(node: Node) -> list[Node]:
    found = [node]
    for one in found:
        found += one.children
    return found
