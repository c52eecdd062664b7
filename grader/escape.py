"""Make untrusted text harmless: the one place between what a student wrote and every output.

`printable` is for a single line of anything; each other function is for one format. Escaped text cannot move the
cursor, forge a line of ours, run a formula or close a tag.
"""

from __future__ import annotations

import re

#: Characters that are shown of one line of untrusted text.
LIMIT = 2000

#: Everything that is not simply visible: C0 and C1 controls, DEL, soft hyphen, line and paragraph separators, bidi
#: controls and isolates, zero-width and other format characters, variation selectors, surrogates, private use,
#: tags, and code points that are not characters.
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
    """Return text as one line that shows what is there: invisible characters as escapes, at most `limit` characters.

    A CI that shows the line takes no part of it for a command, even if it is indented or quoted. Ordinary text of any
    script is returned unchanged, and so is text that was escaped before.
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
    """Return text for a place between tags or in a quoted attribute, in HTML and XML."""
    return (
        printable(text, None)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


def for_markdown(text: str) -> str:
    """Return text as a code span, where nothing is Markdown or HTML: its fence is longer than any run of backticks."""
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
    """Return text for a cell that no spreadsheet takes for a formula, whatever separates its cells. The csv module does
    the quoting."""
    return _FORMULA_CELL.sub(r"\1\2'", printable(text, None))


def for_log(text: str) -> str:
    """Return text for a line of a CI log without a workflow command, wherever in the line a reader looks for one."""
    return re.sub(":(?=:)", ":\u200a", printable(text, None))
