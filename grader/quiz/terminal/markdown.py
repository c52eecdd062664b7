"""Format Markdown for a terminal: fill paragraphs, indent lists, and leave code and drawings unchanged."""

from __future__ import annotations

import re
from textwrap import TextWrapper

WIDTH = 80

_ITEM = re.compile(r"(\s*)([-*+]|\d{1,2}[.)])\s+(?=\S)")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
#: Bounded, because otherwise a text without closing brackets would take quadratic time.
_PICTURE = re.compile(r"!\[([^\]]{0,400})\]\([^)\s]{0,400}\)")
_LINK = re.compile(r"\[([^\]]{1,400})\]\(([^)\s]{1,400})\)")


def layout(text: str, indent: str = "", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """Return lines of at most `width` columns, except code, which may be wider.

    `indent` precedes the first line, and `hanging` (by default the same) the others."""
    after = indent if hanging is None else hanging
    lines: list[str] = []
    for block in _blocks(text):
        if lines and block.apart:
            lines.append("")
        before = after if lines else indent
        if block.verbatim:
            lines += [f"{before}{line}".rstrip() for line in block.lines]
        else:
            lines += _fill(" ".join(block.lines), before, after + block.hang, width)
    return lines


class _Block:
    """A paragraph, a list item, or lines that stay unchanged."""

    def __init__(self, apart: bool, verbatim: bool = False, hang: str = "") -> None:
        self.apart = apart
        self.verbatim = verbatim
        self.hang = hang
        self.lines: list[str] = []


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    fence, apart = "", False
    for line in text.strip("\n").splitlines():
        mark = _FENCE.match(line)
        if fence or mark:
            if mark and not fence:
                fence = mark.group(1)
                blocks.append(_Block(True, verbatim=True))
            elif mark and mark.group(1).startswith(fence):
                fence, apart = "", True
            else:
                blocks[-1].lines.append(f"    {line}".rstrip())
        elif not line.strip():
            if blocks and blocks[-1].verbatim:
                blocks[-1].lines.append("")
            apart = True
        else:
            _add(blocks, line, apart)
            apart = False
    for block in blocks:
        while block.lines and not block.lines[-1]:
            block.lines.pop()
    return [block for block in blocks if block.lines]


def _add(blocks: list[_Block], line: str, apart: bool) -> None:
    """Add a line that is not empty and not inside a code fence."""
    item = _ITEM.match(line)
    code = line.startswith("    ") and not item
    if code and (apart or not blocks or blocks[-1].verbatim):
        if not (blocks and blocks[-1].verbatim):
            blocks.append(_Block(True, verbatim=True))
    elif item:
        blocks.append(_Block(apart, hang=" " * item.end()))
        line = line.rstrip()
    elif not blocks or apart or blocks[-1].verbatim:
        blocks.append(_Block(True))
    blocks[-1].lines.append(line if blocks[-1].verbatim else line.rstrip() if item else line.strip())


def _fill(text: str, indent: str, hanging: str, width: int) -> list[str]:
    text = _LINK.sub(r"\1 (\2)", _PICTURE.sub(r"[picture: \1]", text))
    wrapper = TextWrapper(
        width=width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_on_hyphens=False,
    )
    return wrapper.wrap(text) or [indent.rstrip()]


def columns(words: list[str], indent: str, width: int = WIDTH) -> list[str]:
    """Return words in columns, at least two blanks apart, as many as fit on a line."""
    lines: list[str] = []
    line = indent
    for word in words:
        if line != indent and len(line) + 3 + len(word) > width:
            lines.append(line.rstrip())
            line = indent
        line += word if line == indent else f"   {word}"
    return [*lines, line.rstrip()]
