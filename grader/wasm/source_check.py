"""Refuses, by name, what a kernel in C could lead a compiler to other files with, or leave C's surroundings with.

A C source can read files while it is compiled: `#include`, `#embed`, an assembler's `.incbin`, `__has_include`. What is
looked at here is the text as a compiler sees it after the first phases of translation: lines that a backslash joins are
one line, and comments and literals are gone. Where the system confines the compiler, this is only the friendlier
message; where it does not, this is the wall.

What C promises a kernel, `grader verify` relies on: that all it keeps is in its memory, that what is on the stack means
nothing between two calls, that blocks come from malloc. So names of what lies beyond are refused, too: variables that
are in no memory or have no value, WebAssembly's instructions, the linker's symbols and the glue's.
"""

from __future__ import annotations

import re

ONLY = '#include "forklab.h" is all that a kernel may include; there is no libc (print with fl_log)'

#: Directives that neither read a file nor say that a line comes from one. Not `error` and `warning`: a comment that
#: begins in such a line goes on only where the line is skipped; elsewhere compilers read the line as it is.
_HARMLESS = frozenset({"define", "undef", "if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else", "endif", ""})

_FILES = "a kernel may not look for files"
_ORDERS = "a kernel may not give orders to the compiler"
_ASSEMBLY = "a kernel may not contain assembly"
_ONE_MEMORY = "all of a kernel's variables are in one memory"
_NO_VALUE = "a kernel's variables have the same value in each run; call it something else if it is a name of yours"
_BORDER = "a kernel calls what forklab.h declares, and is called where that says so"
_LINKER = "the linker's names are not for a kernel; call it something else if it is a name of yours"
_GLUE = "forklab has a function of this name, which is not for a kernel; call yours something else"
_WASM = "WebAssembly's instructions are not for a kernel; memory comes from malloc"

#: Words -> why a kernel may not use them.
_WORDS = {
    "__has_include": _FILES,
    "__has_include_next": _FILES,
    "__has_embed": _FILES,
    "_Pragma": _ORDERS,
    "__pragma": _ORDERS,
    "__asm": _ASSEMBLY,
    "__asm__": _ASSEMBLY,
    # WebAssembly's own variables.
    "address_space": _ONE_MEMORY,
    # What an earlier call has left on the stack.
    "uninitialized": _NO_VALUE,
    "__builtin_alloca_uninitialized": _NO_VALUE,
    "__builtin_alloca_with_align_uninitialized": _NO_VALUE,
    "import_module": _BORDER,
    "import_name": _BORDER,
    "export_name": _BORDER,
    # It gives a symbol of the linker's, whose name is in a text, another one.
    "weakref": _LINKER,
    "place_blocks": _GLUE,
    "where_the_stack_is": _GLUE,
}

#: Beginnings of words -> the same. Not `__wasm_`: compilers define macros such as __wasm_simd128__.
_BEGINNINGS = {
    "__builtin_wasm_": _WASM,
    **dict.fromkeys(("__stack_", "__heap_", "__data_", "__global_", "__memory_", "__table_", "__tls_"), _LINKER),
    **dict.fromkeys(("__wasm_call_", "__wasm_init_", "__wasm_apply_", "__wasm_first_"), _LINKER),
    **dict.fromkeys(("__dso_handle", "__indirect_function_table", "__start_", "__stop_"), _LINKER),
}

_SPLICED = re.compile(r"(?P<line>.*)\\[ \t\v\f]*", re.DOTALL)
_COMMENT_OR_LITERAL = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:\\[^\n]|[^\"\\\n])*\"?|'(?:\\[^\n]|[^'\\\n])*'?", re.DOTALL
)
_DIRECTIVE = re.compile(r"^ *(?:#|%:) *(?P<name>\w*)(?P<rest>[^\n]*)", re.M)
_OURS = re.compile(r" *(?:\"forklab\.h\"|<forklab\.h>) *")
_WORD = re.compile(r"\b[A-Za-z_]\w*")
_PASTE = re.compile(r"##|%:%:")


def with_plain_newlines(source: str) -> str:
    """Return a source in which every line ends as on Unix.

    The compiler must get it like this: after a backslash it takes a newline with a carriage return behind it for one.
    """
    return source.replace("\r\n", "\n").replace("\r", "\n")


def refused(source: str) -> tuple[tuple[int, str], ...]:
    """Return the lines that a kernel may not have, each with the reason."""
    joined = _joined(with_plain_newlines(source))
    # Compilers take several letters of Unicode, and a byte order mark, for a space.
    text = re.sub(r"[^\x21-\x7e\n]", " ", _without_comments(joined))
    found = []
    for directive in _DIRECTIVE.finditer(text):
        reason = _directive(directive["name"], directive["rest"])
        if reason:
            found.append((_line(text, directive.start("name")), reason))
    plain = _COMMENT_OR_LITERAL.sub(" ", text)  # L"a"_Pragma(...) is two words
    for word in _WORD.finditer(plain):
        reason = _word(word.group())
        if reason:
            found.append((_line(plain, word.start()), f"{word.group()}: {reason}"))
    for paste in _PASTE.finditer(plain):
        found.append((_line(plain, paste.start()), "## makes names that cannot be checked; write the name itself"))
    return tuple(sorted(found))


def _directive(name: str, rest: str) -> str:
    """Return why a directive is refused, or ""."""
    if name == "include":
        return "" if _OURS.fullmatch(rest) else ONLY
    if name in ("embed", "import", "include_next"):
        return ONLY
    return "" if name in _HARMLESS else f"#{name} is not for a kernel; remove the line"


def _word(word: str) -> str:
    """Return why a word is refused, or "". Attributes have a second name, with underscores around it."""
    if word in _WORDS:
        return _WORDS[word]
    for beginning, reason in _BEGINNINGS.items():
        if word.startswith(beginning):
            return reason
    return _WORDS.get(word[2:-2], "") if word.startswith("__") and word.endswith("__") else ""


def _joined(text: str) -> str:
    """Return a text with lines that a backslash continues joined, and as many lines as before."""
    lines, beginning, owed = [], "", 0
    for line in text.split("\n"):
        spliced = _SPLICED.fullmatch(line)
        if spliced:
            beginning, owed = beginning + spliced["line"], owed + 1
        else:
            lines += [beginning + line, *[""] * owed]
            beginning, owed = "", 0
    return "\n".join([*lines, beginning])


def _without_comments(text: str) -> str:
    """Return a text with a space for each comment, and as many lines as before. Literals stay."""
    parts, owed, end = [], 0, 0
    for match in _COMMENT_OR_LITERAL.finditer(text):
        before = text[end : match.start()]
        if owed and "\n" in before:
            # The lines of a comment count after the line that it is part of.
            before = before.replace("\n", "\n" * (owed + 1), 1)
            owed = 0
        parts.append(before)
        comment = match.group().startswith(("/*", "//"))
        owed += match.group().count("\n") if comment else 0
        parts.append(" " if comment else match.group())
        end = match.end()
    return "".join([*parts, text[end:]])


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
