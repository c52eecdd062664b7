"""Our GIFT, read by gift-pegjs, a parser that we did not write: a grammar of the format, in JavaScript.

It is no part of the set-up, which needs Python only. To run these tests: `npm install --no-save gift-pegjs`.
"""

import json
import shutil
import subprocess

import pytest

from grader.lab.lab import load_lab
from grader.quiz.exchange import gift_writer
from grader.quiz.exchange.item import Item, Option, items_of
from grader.quiz.questions import load_quiz

_SCRIPT = """
const { parse } = require("gift-pegjs");
console.log(JSON.stringify(parse(require("fs").readFileSync(0, "utf8"))));
"""


@pytest.fixture
def parsed(root):
    """parsed(items): what gift-pegjs finds in their GIFT, by title."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: gift-pegjs reads our GIFT back where it is")
    found = subprocess.run([node, "-e", 'require.resolve("gift-pegjs")'], cwd=root, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("gift-pegjs is not installed: npm install --no-save gift-pegjs, or NODE_PATH=…/node_modules")

    def parse(items):
        text = gift_writer.write(items)[0]
        done = subprocess.run([node, "-e", _SCRIPT], cwd=root, input=text, capture_output=True, text=True, check=True)
        return {question["title"]: question for question in json.loads(done.stdout)}

    return parse


def choices(question):
    """(text, right, reason) of each choice."""
    return [
        (
            choice["text"]["text"],
            choice["isCorrect"] or (choice["weight"] or 0) > 0,
            choice["feedback"]["text"] if choice["feedback"] else "",
        )
        for choice in question["choices"]
    ]


@pytest.mark.parametrize("name", ["copy-on-write", "swapping"])
def test_the_quiz_of_a_lab_is_read(root, parsed, name):
    """Every question with its type, text, key and reasons; white space is the parser's own affair."""
    lab = load_lab(root / "labs" / name)
    items = items_of(lab, load_quiz(lab))
    found = parsed(items)
    types = {"number": "Numerical", "text": "Short", "match": "Matching", "order": "Matching"}

    assert list(found) == [item.id for item in items]
    for item in items:
        question = found[item.id]
        assert flat(question["stem"]["text"]) == flat(item.text)
        assert question["type"] == types.get(item.kind, "MC")
        if item.kind in ("single", "multiple"):
            read = [(flat(text), right, flat(why)) for text, right, why in choices(question)]
            assert read == [(flat(o.text), o.right, flat(o.why)) for o in item.options]


def test_hard_texts_are_read(parsed):
    """Signs of the format, backslashes and lines, in texts, choices and reasons."""
    hard = r'printf("a\tb{%d}\\n"); x = y ~ z # : \frac'
    items = [Item("q", "single", hard, (Option(hard, True, hard), Option("::x::\ny", False, "// no\n\nyes")))]
    question = parsed(items)["q"]

    assert question["stem"]["text"] == hard
    assert choices(question) == [(hard, True, hard), ("::x::\ny", False, "// no\n\nyes")]


def test_pairs_and_numbers_are_read(parsed):
    """Tolerance, wrong numbers with reasons, and both sides of a pair."""
    items = [
        Item("n", "number", "N", answers=("4",), wrong={"8": "twice"}, why="so"),
        Item("m", "match", "M", (Option("a = b", "x", "why"), Option("c", "y", "why"))),
    ]
    found = parsed(items)

    numbers = [(c["text"]["number"], c["weight"], c["feedback"]["text"]) for c in found["n"]["choices"]]
    assert numbers == [(4, 100, "so"), (8, 0, "twice")]
    assert [(p["subquestion"]["text"], p["subanswer"]) for p in found["m"]["matchPairs"]] == [
        ("a = b", "x"),
        ("c", "y"),
    ]


def flat(text):
    return " ".join(text.split())
