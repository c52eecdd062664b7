"""The language of feedback: every canned sentence in English and German, with the same values in it."""

import ast
import pathlib
import string

import grader
from grader.compare.explain import ABOUT
from grader.grade.verdicts import MEANINGS
from grader.language import LANGUAGES, say, speaking
from grader.language.german import SENTENCES
from grader.report.sentences import AGAIN

ROOT = pathlib.Path(grader.__file__).parent

#: Sentences that `say` gets from a table.
TABLES = {*MEANINGS.values(), *ABOUT.values(), AGAIN, "total", "late", "graded", "not graded", "not shown"}
TABLES |= {"correct", "partial", "wrong", "unanswered", "invalid"}


#: How such a sentence is given.
FROM_TABLES = {"AGAIN", "ABOUT[rule]", "MEANINGS[UNGRADABLE]", "MEANINGS[scenario['verdict']]", "hidden_state(result)"}
FROM_TABLES |= {"verdict", "one['what']"}


def given():
    """Return what every call of `say` gets, with the function that calls it."""
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(text)) if "from grader.language import" in text else ():
            for call in ast.walk(function) if isinstance(function, ast.FunctionDef) else ():
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "say":
                    yield call.args[0], function


def texts_of(name, function):
    """Return the texts that a function gives to a variable."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            yield ast.literal_eval(node.value)


def test_every_sentence_is_there_in_german():
    """A sentence without a translation would be said in English, without a word; one that nobody says is dead."""
    sentences, others = set(TABLES), set()
    for first, function in given():
        if isinstance(first, ast.Constant):
            sentences.add(first.value)
        elif ast.unparse(first) == "told":
            sentences.update(texts_of("told", function))
        else:
            others.add(ast.unparse(first))

    assert others == FROM_TABLES
    assert sentences - SENTENCES.keys() == set()
    assert SENTENCES.keys() - sentences == set()


def test_both_have_the_same_values():
    """Each {name} of the English sentence, and no other."""
    for english, german in SENTENCES.items():
        assert names(english) == names(german), english


def names(sentence):
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def test_what_is_said():
    """English by default, and again after German; braces in a value are text."""
    told = "Note: {remark}."
    with speaking("de"):
        german = say(told, remark="{x} %s")

    assert german == "Anmerkung: {x} %s."
    assert say(told, remark="{x} %s") == "Note: {x} %s."
    assert LANGUAGES == ("en", "de")
