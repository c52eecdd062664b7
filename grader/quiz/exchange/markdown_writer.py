"""Write questions as the Markdown of the open-education-hub courses (markdown.py describes it)."""

from __future__ import annotations

import re

from grader.quiz.exchange.item import NO_REASON, Item, Option, reasons
from grader.quiz.exchange.markdown import ANSWERS, FEEDBACK, TEXT
from grader.quiz.exchange.markdown_extras import write_extras
from grader.quiz.keys import counted

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r"#{1,2}[ \t]")


def write(items: list[Item]) -> tuple[dict[str, str], list[str]]:
    """Return file name -> text, and what the files cannot hold.

    A number or text question becomes a choice among the known answers; a comment tells our own reader what it was.
    """
    files, lost = {}, []
    for item in items:
        if item.kind == "match":
            lost.append(f"{item.id}: left out, because the format has nothing like `{item.kind}`")
            continue
        options, values = _options(item)
        if values:
            lost.append(
                f"{item.id}: is a choice question for other readers, because the format has no type `{item.kind}`"
            )
        elif item.kind == "order":
            lost.append(f"{item.id}: is an order question only for our own reader")
        files[f"{item.id}.md"] = _text(item, options, values)
        what = [("points", item.points != 1), ("section", bool(item.section)), ("tolerance", bool(item.tolerance))]
        lost += [f"{item.id}: its {name} (only our own reader keeps it)" for name, there in what if there]
    if any(item.kind in ("single", "multiple") for item in items):
        lost.append("the reasons of the choices are combined in the feedback")
    return files, lost


def _options(item: Item) -> tuple[list[Option], list[str]]:
    """Return the answers to list, and for a number or text question the values that they stand for."""
    if item.kind == "order":
        return sorted(item.options, key=lambda option: int(option.right)), []
    if item.kind in ("single", "multiple"):
        return list(item.options), []
    figures = [(item.answers[0], True, item.why), *((value, False, why) for value, why in item.wrong.items())]
    figures.sort(key=lambda figure: (len(figure[0]), figure[0]))
    options = [Option(counted(value, item.unit), right, why) for value, right, why in figures]
    return options, [value for value, _, _ in figures]


def _text(item: Item, options: list[Option], values: list[str]) -> str:
    lines = [f"# {_title(item.id)}", "", *write_extras(item, values)]
    lines += [f"## {TEXT}", "", _body(item.text), "", f"## {ANSWERS}", ""]
    for place, option in enumerate(options, 1):
        first, *rest = option.text.splitlines()
        mark = f"{place}." if item.kind == "order" else "+" if option.right else "-"
        lines += [f"{mark} {first}", *(f"  {line}".rstrip() for line in rest)]
    lines += ["", f"## {FEEDBACK}", "", *_feedback(options, item.kind == "order")]
    return "\n".join(lines) + "\n"


def _title(id: str) -> str:
    return id.replace("-", " ").capitalize()


def _body(text: str) -> str:
    """Return a text in which no line can be read as a heading or as our comment."""
    fence = ""
    lines = []
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        lines.append(f"\\{line}" if not fence and (_HEADING.match(line) or line.startswith("<!--")) else line)
    return "\n".join(lines)


def _feedback(options: list[Option], ordered: bool) -> list[str]:
    """Return the reason of the only right choice, then those of the others."""
    right = [option for option in options if option.right and not ordered]
    first = _body(right[0].why).splitlines() if len(right) == 1 else []
    others = reasons(option for option in options if not (first and option.right))
    return [*first, *([""] if first and others else []), *others] or [NO_REASON]
