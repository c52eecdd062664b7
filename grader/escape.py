"""Hostile text made harmless: the one place between what a student wrote and every output.

`printable` is for a single line of anything; the other functions take text on to one format each. A student's text can
then move no cursor, forge no line of ours, run no formula and close no tag.
"""

from __future__ import annotations

import re

#: Characters of one line of a student's that are shown.
LIMIT = 2000

#: Everything that is not simply visible: C0 and C1 controls, DEL, soft hyphen, line and paragraph separators, bidi
#: controls and isolates, zero-width and other format characters, variation selectors, surrogates, private use,
#: tags, and what is no character at all.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)

#: Marks that are drawn over the character before them; more than four in a row reach into the lines around.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_PILED = re.compile(f"(?<=[{_MARKS}]{{4}})[{_MARKS}]")

#: What continuous integration obeys: `::name` at the start of a line (GitHub), and `##[name]`, `##vso[…]`,
#: `##teamcity[…]` anywhere in one (GitHub's older form, Azure, TeamCity).
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)")

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e"}


def printable(text: str, limit: int | None = LIMIT) -> str:
    """One line that shows what is there: unseen characters as escapes, at most `limit` characters, no line breaks.

    Neither is what is left a command to the CI that shows it, be it indented or quoted. Ordinary text of any script
    comes out as it went in, and what came out goes in again unchanged.
    """
    cut = ""
    if limit is not None and len(text) > limit:
        text, cut = text[:limit], f"… ({len(text) - limit} more characters)"
    shown = _PILED.sub(_escape, _UNSEEN.sub(_escape, text))
    return _COMMAND.sub(lambda match: f"{match.group(1) or ''}{_escaped(match.group()[-1])}", shown) + cut


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character) or _escaped(character)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def for_html(text: str) -> str:
    """Text between tags, or in a quoted attribute; XML too."""
    return (
        printable(text, None)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


def for_markdown(text: str) -> str:
    """A code span: nothing inside is Markdown or HTML. The fence is longer than any run of backticks inside."""
    shown = printable(text, None)
    runs = [len(run) for run in re.findall("`+", shown)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if not shown or shown[0] in "` " or shown[-1] in "` " else ""
    # A pipe would end a cell of a table, inside a code span too.
    return f"{fence}{pad}{shown.replace('|', chr(92) + '|')}{pad}{fence}"


#: What a spreadsheet takes for the beginning of a formula: the ASCII signs, and the wide ones of East Asian locales.
_FORMULA = "=+\\-@＝＋－＠"
_FORMULA_CELL = re.compile(rf"(^|[,;|])(\s*)(?=[{_FORMULA}]|\\[tr])")


def for_csv(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, whatever it takes for the end of a cell; quoting is the csv
    module's."""
    return _FORMULA_CELL.sub(r"\1\2'", printable(text, None))


def for_log(text: str) -> str:
    """A line of a CI log: never a workflow command, wherever in the line a reader looks for one."""
    return re.sub(":(?=:)", ":\u200a", printable(text, None))
