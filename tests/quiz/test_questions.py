"""quizzes/NAME.yaml: what is refused, and in which words."""

import pytest

from grader.errors import FormatError, InputError
from grader.lab.lab import load_lab
from grader.quiz.questions import load_quiz, read_quiz
from tests.labs import QUIZ
from tests.quiz.quizzes import MORE, VARIED


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: number", "type: numer", "quiz.yaml:5: a question: type is 'numer'; expected single"),
        ("scenario: fork", "scenario: frok", "small has no public scenario 'frok'"),
        ("scenario: fork", "scenario: secret", "has no public scenario 'secret'"),
        ("after: 4", "after: 5", "quiz.yaml:8: after is 5; fork has steps 1 to 4"),
        ("after: 4", "after: 0", "after is 0; expected the number of a step, from 1"),
        ("observe: copies", "observe: copys", "a computed answer: observe is 'copys'; expected faults"),
        ("observe: copies", "observe: copies, process: X", "fork has no process 'X' (it has P, C)"),
        ("observe: copies", "observe: copies, at: 'P:h'", "observe: copies does not accept `at`"),
        ("observe: copies", "observe: shared", "observe: shared needs `at`, a place such as P:h[0]"),
        (
            "right: true, why: It needs",
            "right: false, why: It needs",
            "0 choices are right; a `single` question must have",
        ),
        ("id: child, text: The child", "id: child, text: The writer", "has the id or the text of an earlier one"),
        ("id: child, text: The child", "id: child, text: The   writer", "has the id or the text of an earlier one"),
        ("id: who", "id: copies", "question 'copies' appears twice; first in line 4"),
        ("id: who", "id: variant", "a short name in small letters, digits and -, other than `variant`"),
        ("why: It needs a frame.", "way: x", "a choice has no field 'way' (did you mean 'why'?)"),
        ("    type: single", "    type: single\n    answer: 3", "has either `choices` or a computed `answer`"),
        ("    type: single", "    type: single\n    why: x", "with `choices`, leave out 'why'"),
        (
            "    type: single",
            "    type: single\n    tolerance: 1",
            "a question of type single does not accept 'tolerance'",
        ),
        ("points: 1", "points: -1", "points is -1; expected a number, 0 or more"),
        ("    answer: {", "    answers: {", "a question has no field 'answers' (did you mean 'answer'?)"),
        ("    answer: {scenario: fork, after: 4, observe: copies}\n", "", "a question of type number needs 'answer'"),
        ("answer: {scenario: fork, after: 4, observe: copies}", "answer: two", "answer is 'two'; expected a number"),
        ("format: 1", "format: 2", "format 2 is not known; this grader reads 1"),
        ("right: 1, why", "right: 4, why", "in `order`, `right` must be the place: the numbers 1 to 3, each once"),
        ("right: minor", "right: major", "all choices have the same match"),
        ("right: minor", "right: 3", "in `match`, `right` must be the text that belongs to the choice"),
        ("right: true, why: Nobody writes it.", "right: yes, why: x", "'yes' would be read as true"),
        (
            "value: 5, why: That",
            "value: five, why: That",
            "value is 'five'; a wrong answer to a number question must be a number",
        ),
        ("- {value: 5,", "- {value: 5.0, why: x}\n      - {value: 5,", "the distractor '5' appears twice"),
        ("value: 5, why: That", "valu: 5, why: That", "a distractor has no field 'valu'"),
    ],
)
def test_a_wrong_quiz_is_refused_in_words(lab, old, new, words):
    """Every mistake in a quiz file has its line and its way out."""
    assert old in QUIZ + MORE
    (lab / "quiz.yaml").write_text((QUIZ + MORE).replace(old, new, 1))

    with pytest.raises(InputError) as caught:
        load_quiz(load_lab(lab))
    assert words in str(caught.value) and str(caught.value).startswith(f"{lab / 'quiz.yaml'}:")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{pages: [4, 8, 6]}", "{pages: [4]}", "varied.yaml:8: a question: parameters is {'pages': [4]}; expected"),
        ("{pages: [4, 8, 6]}", "{pages: [4, 4]}", "parameter 'pages' has the same value twice: 4, 4"),
        ("{pages: [4, 8, 6]}", "{pages: [4, 8], more: [1, 2]}", "varied.yaml:8: no text uses the parameter {more}"),
        (
            "P writes {pages} pages",
            "P writes {page} pages",
            "{page} is not a parameter of this question (it has pages",
        ),
        ("of them. How", "of {pages / 3} them. How", "with pages = 4: {pages / 3} is 4/3, which is not a whole number"),
        ("processes: [P]", "processes: [Q]", "varied.yaml:15: step 1: no process 'P'"),
        (
            "machine: {frames: 32}",
            "title: x",
            "inside a question accepts machine, files, processes, steps, not 'title'",
        ),
        ("expression: faults - copies", "expression: faults - copy", "must have the same names; check copy, copies"),
        (
            "- fork:  {by: P, ch",
            "- fail:  {operation: map, after: each}\n          - fork:  {by: P, ch",
            "`after: each`",
        ),
    ],
)
def test_wrong_variants_are_refused_in_words(varied, old, new, words):
    """Parameters, scenarios of a question's own, and expressions."""
    with pytest.raises(InputError) as caught:
        varied("", old, new)
    assert words in str(caught.value)


def test_questions_may_stand_on_one_line():
    """Where a question is in the file does not say which one it is."""
    one = "{{id: {}, type: number, points: 1, text: How many?, answer: {}, why: So.}}"
    quiz = read_quiz(f"format: 1\ntitle: T\nquestions: [{one.format('a', 1)}, {one.format('b', 2)}]\n", "q.yaml")

    assert [(q.id, q.answer) for q in quiz.questions] == [("a", 1), ("b", 2)]


def test_a_quiz_can_be_read_without_a_lab():
    """An imported quiz stands alone; a question that observes a scenario does not."""
    alone = read_quiz("format: 1\ntitle: T\nquestions:\n" + MORE, "q.yaml")

    assert [q.type for q in alone.questions] == ["multiple", "order", "match", "text", "number"]
    with pytest.raises(FormatError, match="this file has no public scenario 'fork-faults'"):
        read_quiz(VARIED, "q.yaml")


def test_every_quiz_of_the_project_loads_in_other_variants(root):
    """Quizzes load with any seed, and ask at least eight questions, half of them computed."""
    for folder in sorted((root / "labs").iterdir()):
        if not (folder / "lab.yaml").is_file():
            continue
        quiz = load_quiz(load_lab(folder), "somebody")
        assert len(quiz.questions) >= 8, folder
        assert 2 * quiz.computed >= len(quiz.questions), folder


def test_length_gives_nothing_away(root):
    """Whoever always takes the longest choice is wrong at least every second time."""
    quizzes = [load_quiz(load_lab(path.parent)) for path in sorted((root / "labs").glob("*/lab.yaml"))]
    singles = [question for quiz in quizzes for question in quiz.questions if question.type == "single"]
    longest = [max(q.choices, key=lambda choice: len(choice.text)).right for q in singles if q.choices]

    assert sum(longest) <= len(longest) / 2
