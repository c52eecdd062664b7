"""Convert HTML to Markdown: paragraphs, code, emphasis, lists, images. Of all other elements only the text is kept.

Python's html.parser is not used, because a malicious file makes it take quadratic time (CVE-2025-6069). Here one
bounded pattern finds a tag, and whatever does not match is text.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})((?:[\s/][^<>]{0,2000})?)>")
_COMMENT = re.compile(r"<!--[^<>]{0,2000}-->")
_VALUE = re.compile(r"""\b(src|alt)\s{0,9}=\s{0,9}("[^"]{0,1000}"|'[^']{0,1000}')""")
_BLANKS = re.compile(r"[ \t\r\n]+")
_LINES = re.compile(r"\n{3,}")

#: The Markdown that replaces a tag, and its end tag.
_INLINE = {"code": "`", "tt": "`", "kbd": "`", "b": "**", "strong": "**", "i": "*", "em": "*"}
_BLOCKS = {"p", "div", "ul", "ol", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_NOTHING = {"span", "a", "html", "body", "head", "font", "u", "small"}


def markdown_of(text: str) -> tuple[str, list[str]]:
    """Return an HTML text as Markdown, and the tags of which only the content was kept."""
    return _Reader(_COMMENT.sub("", text)).read()


class _Reader:
    """Goes through a text from tag to tag."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[str] = []
        self.unknown: dict[str, None] = {}
        self.verbatim = False

    def read(self) -> tuple[str, list[str]]:
        at = 0
        for match in _TAG.finditer(self.text):
            self.words(self.text[at : match.start()])
            self.tag(match.group(2).lower(), bool(match.group(1)), match.group(3))
            at = match.end()
        self.words(self.text[at:])
        lines = [line.rstrip() for line in "".join(self.out).split("\n")]
        return _LINES.sub("\n\n", "\n".join(lines)).strip(), [f"<{tag}>" for tag in self.unknown]

    def words(self, text: str) -> None:
        text = html.unescape(text)
        if not self.verbatim:
            text = _BLANKS.sub(" ", text)
            if not self.out or self.out[-1].endswith("\n"):
                text = text.lstrip(" ")
        if text:
            self.out.append(text)

    def tag(self, name: str, end: bool, attributes: str) -> None:
        if name == "pre":
            self.verbatim = not end
            first = "" if self.out and self.out[-1].endswith("\n") else "\n"
            self.out.append(f"{first}```\n\n" if end else "\n\n```\n")
        elif self.verbatim:
            return
        elif name in _INLINE:
            self.out.append(_INLINE[name])
        elif name == "br":
            self.out.append("\n")
        elif name == "li":
            self.out.append("\n" if end else "\n- ")
        elif name == "img":
            values = {key: html.unescape(value[1:-1]) for key, value in _VALUE.findall(attributes)}
            self.out.append(f"![{values.get('alt', '')}]({values.get('src', '')})")
        elif name in _BLOCKS:
            self.out.append("\n\n")
        elif name not in _NOTHING:
            self.unknown[name] = None
