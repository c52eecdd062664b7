"""A sheet against a quiz."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from grader.escape import printable
from grader.lab.lab import load_lab
from grader.quiz import mark
from grader.quiz.marking import mark_question
from grader.quiz.questions import load_quiz
from tests.labs import QUIZ
from tests.marks import long_property


def marked(quiz, id, given):
    lab, questions = quiz
    question = next(q for q in questions.questions if q.id == id)
    return mark_question(lab, questions, question, given)


@pytest.mark.parametrize(
    ("id", "given", "verdict", "share"),
    [
        ("copies", "1", "correct", 1),
        ("copies", "2", "wrong", 0),
        ("copies", "one", "invalid", 0),
        ("copies", ["1"], "invalid", 0),
        ("copies", "9" * 5000, "invalid", 0),
        ("copies", "", "unanswered", 0),
        ("copies", "~", "unanswered", 0),
        ("who", "writer", "correct", 1),
        ("who", "child", "wrong", 0),
        ("who", "nobody", "invalid", 0),
        ("who", ["writer"], "invalid", 0),
        ("who", [], "unanswered", 0),
        ("shared", ["constants", "code"], "correct", 1),
        ("shared", ["code"], "partial", Fraction(1, 2)),
        ("shared", "code", "partial", Fraction(1, 2)),
        ("shared", ["code", "heap"], "wrong", 0),
        ("shared", ["code", "code"], "invalid", 0),
        ("shared", ["stack"], "invalid", 0),
        ("steps", ["allocate", "copy", "map"], "correct", 1),
        ("steps", ["copy", "allocate", "map"], "wrong", 0),
        ("steps", ["copy", "map"], "invalid", 0),
        ("steps", "copy", "invalid", 0),
        ("kinds", ["first = minor", "file=Major"], "correct", 1),
        ("kinds", ["first = minor", "file = minor"], "partial", Fraction(1, 2)),
        ("kinds", ["first = minor"], "invalid", 0),
        ("kinds", ["first = minor", "file = huge"], "invalid", 0),
        ("kinds", ["first = minor", "first = major"], "invalid", 0),
        ("word", "  Page  Table ENTRY. ", "correct", 1),
        ("word", "`page-table entry`", "correct", 1),
        ("word", "pte", "correct", 1),
        ("word", "frame", "wrong", 0),
        ("about", "3", "correct", 1),
        ("about", "+2.0", "correct", 1),
        ("about", "3.01", "wrong", 0),
        ("about", "1,024", "invalid", 0),
        ("about", "1e3", "invalid", 0),
        ("about", "٣", "invalid", 0),
    ],
)
def test_marks(quiz, id, given, verdict, share):
    """Every type of question: right, wrong, partly right, open, and what is no answer to it at all."""
    mark = marked(quiz, id, given)

    assert (mark.verdict, mark.share) == (verdict, share)


@pytest.mark.parametrize(
    ("id", "given", "told"),
    [
        ("who", "child", "The parent may write first."),
        ("shared", ["code", "heap"], "Heap: It is written."),
        ("shared", ["code"], "1 right choice is missing"),
        ("steps", ["allocate", "map", "copy"], "The first is right; place 2 is wrong: Map. Last."),
        ("steps", ["map", "copy", "allocate"], "Place 1 is wrong: Map. Last."),
        ("kinds", ["first = major", "file = major"], "First write: wrong match. No disk."),
        ("word", "Page table", "That is the whole of it."),
        ("about", "5", "That is all of them."),
        ("about", "2.5", "Half of five."),
        ("who", "no\x1bbody", "'no\\ebody' is not a valid answer to this question; expected one of child, writer"),
        ("kinds", ["x"], "a list with one `id = answer` for each of file, first; answers: major, minor"),
    ],
)
def test_feedback_says_why(quiz, id, given, told):
    """A wrong answer has its own reason; one of the wrong kind is told what is accepted, in harmless letters."""
    assert told in " ".join(marked(quiz, id, given).feedback)


def test_a_sheet_has_points_problems_and_harmless_text(quiz):
    """What fits nothing is named, the rest is marked."""
    result = mark(quiz[0], b"copies: 1\nwho: child\nnob\xe2\x80\xaeody: 3\nword: [a, b]\n")

    assert result["points"] == 1 and result["max_points"] == 9
    assert result["problems"] == ["the quiz has no question 'nob\\u202eody'"]
    assert [q["verdict"] for q in result["questions"]][:2] == ["correct", "wrong"]
    assert result["questions"][5]["verdict"] == "invalid"


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (b"copies: &x 1\n", "line 1: an anchor"),
        (b"- copies\n", "a sheet is a mapping"),
        (b"\xff", "the sheet is not UTF-8"),
    ],
)
def test_a_sheet_that_is_none_counts_as_empty(quiz, sheet, told):
    """A sheet that intake refuses has no points, and the reason is told."""
    result = mark(quiz[0], sheet)

    assert result["points"] == 0 and told in result["problems"][0]
    assert {q["verdict"] for q in result["questions"]} == {"unanswered"}


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (b"who: writer\ncopies: 1\ncopies: 2\n", "line 3: the question is answered twice; leave one answer"),
        (b"who: writer\ncopies: {a: b}\n", "line 2: a nested value; use a word, a number, or a flat list"),
    ],
)
def test_an_answer_that_can_be_none_is_invalid_and_the_others_count(quiz, sheet, told):
    """Answered twice or nested: that question alone, with the line."""
    copies, who, *_ = mark(quiz[0], sheet)["questions"]

    assert (copies["verdict"], copies["points"], copies["feedback"]) == ("invalid", 0, [told])
    assert who["verdict"] == "correct"


def test_a_variant_that_is_there_twice_is_named(varied):
    """It chooses no variant, and the sheet is not clean."""
    lab, _ = varied()
    result = mark(lab, b"variant: ada\nvariant: bob\nsum: 2048\n")

    assert result["problems"] == ["variant: line 2: the question is answered twice; leave one answer"]


def test_no_message_has_the_key_in_its_order(cow):
    """What is accepted is listed by name: in the file, steps stand in the right order, and the right choice first."""
    real = cow, load_quiz(cow)

    assert "a list of all of allocate, ask, copy, map, release" in marked(real, "order-of-copy", ["map"]).feedback[0]
    assert "one of background, child-read, child-wrote, parent-wrote" in marked(real, "two-pictures", "x").feedback[0]


def test_a_penalty_is_taken_off_and_never_below_nothing(lab):
    """With `penalty`, a wrong answer costs its share; the sheet as a whole has at least 0."""
    (lab / "quiz.yaml").write_text(QUIZ.replace("title: A small quiz", "title: A small quiz\npenalty: 0.5"))
    loaded = load_lab(lab)
    one, both = mark(loaded, b"copies: 1\nwho: child\n"), mark(loaded, b"copies: 7\nwho: child\n")

    assert (one["points"], one["questions"][1]["points"]) == (0.5, -0.5)
    assert both["points"] == 0
    assert mark(loaded, b"copies: many\n")["questions"][0]["points"] == 0


def test_an_unanswered_sheet_computes_no_key(lab, monkeypatch):
    """Most runs have an empty sheet: no output is loaded for it."""
    monkeypatch.setattr("grader.quiz.keys.load_recording", None)
    loaded = load_lab(lab)

    assert mark(loaded, None)["points"] == 0
    assert mark(loaded, b"copies:\nwho:\n")["points"] == 0


@given(sheet=st.binary(max_size=200) | st.text(alphabet="copieswho: [],=-'\n1", max_size=80).map(str.encode))
@long_property(100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sheet_makes_marking_fail(quiz, sheet):
    """Any bytes are marked, with points between none and all, in text that can be shown."""
    result = mark(quiz[0], sheet)

    assert 0 <= result["points"] <= result["max_points"]
    assert all(printable(line, None) == line for line in result.get("problems", []))


_ANSWER = st.text(max_size=12) | st.sampled_from(["1", "writer", "code", "minor", "first = minor", "-0", "00"])


@given(answers=st.lists(_ANSWER | st.lists(_ANSWER, max_size=4), min_size=7, max_size=7))
@long_property(200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_answer_makes_marking_fail(quiz, answers):
    """Whatever text stands for an answer, it has one of the five verdicts and feedback that can be shown."""
    lab, questions = quiz
    for question, given_ in zip(questions.questions, answers, strict=True):
        result = mark_question(lab, questions, question, given_)
        assert result.verdict in ("correct", "partial", "wrong", "unanswered", "invalid")
        assert (result.share == 1) == (result.verdict == "correct")
        assert all(printable(line, None) == line for line in result.feedback)


def test_a_key_is_computed_from_the_reference(lab):
    """The key of `copies` is what the reference showed, not what anybody wrote down."""
    loaded = load_lab(lab)
    question = load_quiz(loaded).questions[0]

    assert question.answer.observations["it"].observe == "copies"
    assert mark(loaded, b"copies: 1\n")["questions"][0]["verdict"] == "correct"


def test_a_misspelt_question_is_guessed_and_the_others_count(quiz):
    """The name that it is close to is asked for; of many strange names the first are shown."""
    many = "".join(f"strange-{n}: 1\n" for n in range(50))
    one, several = (mark(*quiz[:1], sheet) for sheet in (b"copeis: 1\nwho: writer\n", f"who: writer\n{many}".encode()))

    assert one["problems"] == ["the quiz has no question 'copeis'; did you mean 'copies'?"]
    assert (one["points"], "doubt" in one) == (1, False)
    assert several["problems"][-1] == "and no question of 45 more names on the sheet"
    assert len(several["problems"]) == 6


def test_another_labs_sheet_is_said_in_one_sentence(quiz):
    """Not once for each of its questions; a person has to look at it."""
    told = mark(quiz[0], b"tlb-hit: 1\ntlb-miss: 2\nflush: 3\n")

    assert told["problems"] == [
        "none of its 3 names ('tlb-hit', ...) is a question of this quiz: is it another lab's sheet?"
    ]
    assert told["doubt"] == "another quiz"


@pytest.mark.parametrize(
    ("id", "given", "told"),
    [
        ("copies", ["12"], "[12] is a list; write one value, without brackets and dashes: a number, such as 12"),
        ("who", ["child"], "[child] is a list; write one value, without brackets and dashes: one of child, writer"),
        ("word", ["PTE"], "[PTE] is a list; write one value, without brackets and dashes: a word or two"),
        ("who", "writter", "; expected one of child, writer; did you mean 'writer'?"),
        ("shared", ["code", "haep"], ", each once; did you mean 'heap'?"),
        ("steps", ["allocate", "copi", "map"], ", in order; did you mean 'copy'?"),
        ("kinds", ["frist = minor", "file = major"], "; did you mean 'first'?"),
    ],
)
def test_an_invalid_answer_is_told_what_was_probably_meant(quiz, id, given, told):
    """A list where one value is wanted, and a word that is close to a choice."""
    assert marked(quiz, id, given).feedback[0].endswith(told)
