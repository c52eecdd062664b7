"""Reads kernels in C for similarity.py: tokens by function, without what a student can change for nothing.

Comments, layout, names, numbers, texts and the order of functions do not count. Words of the language do, and the words
of the interface: what the given code calls, its types, its constants and the fields of its structures. A text is only
cut into tokens, never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEYWORDS = frozenset(
    [
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
        *("define", "include", "ifdef", "ifndef", "endif", "undef"),
    ]
)

_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"?)
    |(?P<number>'(?:\\.|[^'\\\n])*'?|\.?\d[\w.]*)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign><<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=|\S)""",
    re.DOTALL | re.VERBOSE,
)

_DIRECTIVE = re.compile(r"^[ \t]*#([^\n]*)", re.MULTILINE)

#: A word of the interface: called, a field, a structure, a type, or a constant.
_INTERFACE = re.compile(
    r"(?P<called>[^\W\d]\w*)(?=\s*\()|(?:\.|->|\bstruct|\benum)\s*(?P<field>[^\W\d]\w*)|(?P<type>\b\w+_t\b)"
    r"|(?P<constant>\b[A-Z][A-Z0-9_]+\b)"
)


def interface(text: str) -> set[str]:
    """Return the words of a given text that belong to the interface."""
    return {match[match.lastgroup or 0] for match in _INTERFACE.finditer(_without(text, "comment", "text"))}


def _without(text: str, *kinds: str) -> str:
    """Return a text with a space, as C has it, in the place of each token of some kinds."""
    return _TOKEN.sub(lambda match: " " if match.lastgroup in kinds else match.group(), text)


def functions(text: str, words: set[str]) -> Iterator[list[str]]:
    """Yield the plain tokens of each function or declaration, so that nothing depends on their order."""
    part: list[str] = []
    depth = 0
    # A directive is a declaration of its own. Comments go first: one behind it would hide its end.
    text = _DIRECTIVE.sub(r";\1;", _without(text, "comment"))
    tokens = [(match.lastgroup, match.group()) for match in _TOKEN.finditer(text)]
    for number, (kind, token) in enumerate(tokens):
        before = tokens[number - 1][1] if number else ""
        after = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        part.append(_plain(kind, token, before, after, words))
        depth += (token == "{") - (token == "}")
        if depth <= 0 and token in (";", "}"):
            yield part
            part, depth = [], 0
    yield part


def _plain(kind: str | None, token: str, before: str, after: str, words: set[str]) -> str:
    """Return what counts of a token. A student's variable may have the name of a structure: only its place tells."""
    if kind != "word":
        return token if kind == "sign" else f"a {kind}"
    named = after == "(" or before in (".", "->", "struct", "enum") or token.endswith("_t") or token.isupper()
    return token if token in _KEYWORDS or (named and token in words) else "name"
