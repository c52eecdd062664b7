"""Docstrings and messages are plain English: a verb first, and none of the phrases that read as translated."""

import ast
import functools
import pathlib
import re
import tokenize

import pytest

import grader

ROOT = pathlib.Path(grader.__file__).parent

#: The rooms whose prose was revised. A room joins once it is clean; none leaves.
ROOMS = (
    "batch",
    "report",
    "view",
    "watch",
    "wasm",
    "host",
    "verify",
    "mine",
    *("machine", "formats", "scenario", "trace", "replay", "compare", "protocol", "sandbox", "lab", "intake", "quiz"),
    *("grade", "authoring", "practice", "publish", "cli"),
)
FILES = sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])

#: Words that begin a noun phrase or a clause, not an instruction.
NO_VERBS = frozenset(
    [
        "A",
        "All",
        "An",
        "Both",
        "Each",
        "Every",
        "How",
        "If",
        "In",
        "It",
        "Its",
        "No",
        "None",
        "Of",
        "On",
        "One",
        "Some",
        "Such",
        "That",
        "The",
        "Their",
        "These",
        "They",
        "This",
        "Those",
        "What",
        "When",
        "Where",
        "Whether",
        "Which",
        "Who",
        "Whoever",
        "Whose",
        "With",
    ]
)

#: Docstrings of modules and classes may begin with a noun, but not with a clause.
NO_NOUNS = frozenset(["How", "What", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whose"])

#: Phrases of the old style, with what to write instead.
STILTED = {
    r"(?<![Tt]here )\bis no (?!longer|more)\b": "is not a",
    r"\bno ordinary\b": "not a regular",
    r"\banew\b": "again",
    r"\bbeside\b": "next to, in addition to",
    r"\bshall\b": "must, will",
    r"\bmend(?:s|ed)?\b": "fix",
    r"\b(?:is|are|was) told\b": "is reported, is shown",
    r"\bis said\b": "is reported",
    r"\bbut for\b": "except for",
    r"\bsay --": "use --",
    r"\baccepted (?:is|are)\b": "use, expected",
    r"\bis accepted\b(?! here)": "use, expected",
    r"\bthere is no (?:such )?(?:scenario|file|folder|practice|lab)\b": "no scenario ..., ... does not exist",
    r"\bone a page\b|\ba point a question\b|\ba line a\b": "one per page",
    r"\bnobody else\b|\bsomebody else\b": "no other user, another process",
    r"\bfor ever\b": "forever",
}


@functools.cache
def _nodes(path):
    """All definitions in a file, itself among them, and its constants."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.Constant)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@functools.cache
def documented(path):
    """Return (node, docstring) of everything in a file that has one."""
    definitions = (node for node in _nodes(path) if not isinstance(node, ast.Constant))
    return [(node, text) for node in definitions if (text := ast.get_docstring(node))]


def messages(path):
    """Yield (line, text) of the strings in a file that are not docstrings."""
    skipped = {id(node.body[0].value) for node, _ in documented(path)}
    for node in _nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def prose(path):
    """Yield (line, text) of the docstrings and comments in a file."""
    yield from ((getattr(node, "lineno", 1), text) for node, text in documented(path))
    with tokenize.open(path) as file:
        tokens = [token for token in tokenize.generate_tokens(file.readline) if token.type == tokenize.COMMENT]
    yield from ((token.start[0], token.string) for token in tokens)


#: Any of the phrases: most texts have none, and are searched once.
_ANY = re.compile("|".join(STILTED))


def stilted(text):
    """Return what is wrong with a text, as phrases with better ones."""
    if not _ANY.search(text):
        return []
    return [
        f"{found.group()!r}: write {better!r}" for old, better in STILTED.items() if (found := re.search(old, text))
    ]


def test_docstrings_of_functions_begin_with_a_verb():
    """The first word is an instruction: "Return the ...", never "The ..." or "Whether ..."."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if isinstance(node, ast.FunctionDef) and (text.split()[0] in NO_VERBS or not text[0].isupper())
    ]

    assert wrong == []


def test_docstrings_of_modules_and_classes_are_no_clauses():
    """They name the thing, or what the file does: never "What ..." or "How ..."."""
    wrong = [
        f"{path.relative_to(ROOT)} {getattr(node, 'name', '')}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if not isinstance(node, ast.FunctionDef) and text.split()[0].strip(",:") in NO_NOUNS
    ]

    assert wrong == []


def test_comments_and_docstrings_use_common_phrases():
    """What a reader of the code sees has none of them either."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {problem}"
        for path in FILES
        for line, text in prose(path)
        for problem in stilted(text)
    ]

    assert wrong == []


def test_messages_use_common_phrases():
    """No string that a user may read has a phrase of the old style."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {problem}"
        for path in FILES
        for line, text in messages(path)
        for problem in stilted(text)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "x is no ordinary file",
        "the file is read anew",
        "mend the line above",
        "there is no scenario 'x'",
        "a word is accepted",
    ],
)
def test_stilted_phrases_are_found(text):
    """Each is named with a better one."""
    assert stilted(text)


def test_a_file_without_revised_prose_would_be_noticed(tmp_path):
    """A docstring and a message of the old style are seen in a file as the tests above read it."""
    path = tmp_path / "x.py"
    path.write_text('def f():\n    """The frame of a page."""\n    raise ValueError("this is no place")\n')

    assert [text.split()[0] in NO_VERBS for _, text in documented(path)] == [True]
    assert [bool(stilted(text)) for _, text in messages(path)] == [True]
