"""The Markdown quizzes of the open-education-hub courses: one question a file, choices that are marked + and -.

    # Title
    ## Question Text
    ## Question Answers        - wrong, + right
    ## Feedback

Of 84 such files that were measured, four misspell `Feedback`, one calls the text `Question`, one marks no answer and
seven have no title. So the reader takes what can be understood and names each thing that it had to guess.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..keys import counted
from .item import (
    NO_REASON,
    ImportFailed,
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
from .limits import COUNT_LIMIT, GUESS_LIMIT

TEXT, ANSWERS, FEEDBACK = "Question Text", "Question Answers", "Feedback"

_CHOICE = re.compile(r"( {0,3})([-+*])[ \t]+")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")

#: What headings have been seen to mean, letters only.
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
    """Lines below a heading; `line` is the heading's."""

    heading: str
    line: int
    lines: list[str]


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """The questions of a file, and what there is to say about it. ImportFailed if it is no text."""
    notes: list[Note] = []
    items: list[Item] = []
    taken: dict[str, int] = {}
    for title, line, parts in _questions(decoded(data, name).split("\n"), name, notes):
        if len(items) == COUNT_LIMIT:
            notes.append(too_many(name, line))
            break
        item = _item(title, line, parts, name, notes, taken)
        if item is not None:
            items.append(item)
    return items, limited(notes)


def _questions(lines: list[str], name: str, notes: list[Note]) -> list[tuple[str, int, dict[str, _Part]]]:
    """(title, line, parts) of each question."""
    questions: list[tuple[str, int, dict[str, _Part]]] = []
    part: _Part | None = None
    fence = ""
    guessed: dict[str, str | None] = {}
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        level, heading = (0, "") if fence or mark else _heading(line)
        if level == 1:
            questions.append((heading, number, {}))
            part = None
        elif level == 2:
            if not questions:
                notes.append(Note(name, number, "there is no title (# …) before the parts; the file's name is used"))
                questions.append(("", number, {}))
            part = _part(heading, number, questions[-1][2], name, notes, guessed)
        elif part is not None:
            part.lines.append(line)
        elif line.strip():
            notes.append(Note(name, number, "this stands outside every part and is left out", True))
    return questions


def _heading(line: str) -> tuple[int, str]:
    """Return the level of a heading and its text without the signs around it; (0, "") for any other line."""
    text = line.lstrip("#")
    level = len(line) - len(text)
    if not 1 <= level <= 6 or text[:1] not in (" ", "\t"):
        return 0, ""
    text = text.strip(" \t")
    opened = text.rstrip("#")
    return level, opened.rstrip(" \t") if opened[-1:] in ("", " ", "\t") else text


def _part(
    heading: str, line: int, parts: dict[str, _Part], name: str, notes: list[Note], guessed: dict[str, str | None]
) -> _Part:
    meant = _meant(heading, name, line, guessed)
    if meant is None:
        notes.append(Note(name, line, f"the heading {heading[:60]!r} is not known; what is below it is left out", True))
        return _Part(heading, line, [])
    if heading != meant:
        notes.append(Note(name, line, f"the heading {heading[:60]!r} was read as {meant!r}"))
    if meant in parts:
        notes.append(Note(name, line, f"{meant!r} is there twice; both are taken, one after the other"))
        return parts[meant]
    parts[meant] = _Part(meant, line, [])
    return parts[meant]


def _meant(heading: str, name: str, line: int, guessed: dict[str, str | None]) -> str | None:
    """Return the part that a heading stands for, or None. `guessed` keeps what the unknown ones were taken for, since
    a guess is slow. ImportFailed if there are too many to guess."""
    word = re.sub(r"[^a-z]", "", heading[:60].lower())
    if word in _KNOWN:
        return _KNOWN[word]
    if word not in guessed:
        if len(guessed) == GUESS_LIMIT:
            parts = f"{TEXT!r}, {ANSWERS!r} and {FEEDBACK!r}"
            raise ImportFailed(
                f"{name}:{line}: more than {GUESS_LIMIT} headings (## …) that are not known; a quiz has {parts}: is "
                "this one? Otherwise correct the headings, or split the file"
            )
        import difflib

        close = difflib.get_close_matches(word, list(_KNOWN), n=1, cutoff=0.75)
        guessed[word] = _KNOWN[close[0]] if close else None
    return guessed[word]


def _item(
    title: str, line: int, parts: dict[str, _Part], name: str, notes: list[Note], taken: dict[str, int]
) -> Item | None:
    stem = re.split(r"[/\\]", name)[-1].partition(".")[0]
    text = "\n".join(parts[TEXT].lines).strip("\n") if TEXT in parts else ""
    feedback = "\n".join(parts[FEEDBACK].lines).strip() if FEEDBACK in parts else ""
    if not text.strip():
        notes.append(Note(name, line, f"no {TEXT!r}; left out", True))
        return None
    if ANSWERS not in parts:
        notes.append(Note(name, line, f"no {ANSWERS!r}; left out", True))
        return None
    if not feedback:
        notes.append(Note(name, line, f"no {FEEDBACK!r}: the choices have no reasons"))
    given = _options(parts[ANSWERS], name, notes)
    large = too_large(name, line, len(text) + len(feedback) + sum(len(option.text) for option in given), len(given))
    if large:
        notes += large
        return None
    options = with_reasons(given, feedback)
    kind = "multiple" if sum(bool(option.right) for option in options) > 1 else "single"
    item, found = checked(Item("", kind, text, options), name, parts[ANSWERS].line)
    notes += found
    return None if item is None else item._replace(id=slug(title or stem, taken, 8))


def _options(part: _Part, name: str, notes: list[Note]) -> list[Option]:
    options: list[Option] = []
    texts: list[list[str]] = []
    for number, line in enumerate(part.lines, part.line + 1):
        match = _CHOICE.match(line)
        if match:
            if match.group(2) == "*":
                notes.append(Note(name, number, "an answer is marked with *; it was read as a wrong one (-)"))
            options.append(Option("", match.group(2) == "+"))
            texts.append([line[match.end() :]])
        elif texts and (line.startswith((" ", "\t")) or not line.strip()):
            texts[-1].append(line[2:] if line.startswith("  ") else line.strip())
        elif line.strip():
            notes.append(Note(name, number, "this is no answer (- or +) and is left out", True))
    whole = [option._replace(text="\n".join(lines).strip()) for option, lines in zip(options, texts, strict=True)]
    if any(not option.text for option in whole):
        notes.append(Note(name, part.line, "an answer is empty; left out", True))
    return [option for option in whole if option.text]


# -- writing --------------------------------------------------------------------------------------------------


def write(items: list[Item]) -> tuple[dict[str, str], list[str]]:
    """Files by name, and what they cannot hold. A number or a word with known wrong answers becomes a choice."""
    files, lost = {}, []
    for item in items:
        options = item.options if item.kind in ("single", "multiple") else ()
        if item.kind in ("number", "text") and item.wrong:
            figures = [(item.answers[0], True, item.why), *((value, False, why) for value, why in item.wrong.items())]
            figures.sort(key=lambda figure: (len(figure[0]), figure[0]))
            options = tuple(Option(counted(value, item.unit), right, why) for value, right, why in figures)
            lost.append(f"{item.id}: has become a choice, because there are no {item.kind}s")
        if not options:
            lost.append(f"{item.id}: left out, because there is nothing like `{item.kind}`")
            continue
        files[f"{item.id}.md"] = _text(item, options)
        lost += [f"{item.id}: its {what}" for what, there in _unheld(item) if there]
    if any(item.kind in ("single", "multiple") for item in items):
        lost.append("the reasons of single choices are together in the feedback")
    return files, lost


def _unheld(item: Item) -> list[tuple[str, bool]]:
    return [("points", item.points != 1), ("section", bool(item.section)), ("tolerance", bool(item.tolerance))]


def _text(item: Item, options: tuple[Option, ...]) -> str:
    lines = [f"# {_title(item.id)}", "", f"## {TEXT}", "", _body(item.text), "", f"## {ANSWERS}", ""]
    for option in options:
        first, *rest = option.text.splitlines()
        lines += [f"{'+' if option.right else '-'} {first}", *(f"  {line}".rstrip() for line in rest)]
    lines += ["", f"## {FEEDBACK}", "", *_feedback(options)]
    return "\n".join(lines) + "\n"


def _title(id: str) -> str:
    return id.replace("-", " ").capitalize()


def _body(text: str) -> str:
    """A text in which no line is a heading of ours."""
    fence = ""
    lines = []
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        lines.append(f"\\{line}" if not fence and re.match(r"#{1,2}[ \t]", line) else line)
    return "\n".join(lines)


def _feedback(options: tuple[Option, ...]) -> list[str]:
    """The reason of the only right choice, then the others'."""
    right = [option for option in options if option.right]
    first = _body(right[0].why).splitlines() if len(right) == 1 else []
    others = reasons(option for option in options if not (first and option.right))
    return [*first, *([""] if first and others else []), *others] or [NO_REASON]
