"""What `grader check` finds in a quiz."""

import pytest

from grader.lab.lab import load_lab
from grader.quiz import check_quiz, released_files
from grader.quiz.obfuscated import unpacked
from grader.quiz.record import record_keys
from tests.labs import QUIZ


def test_a_sound_quiz_has_no_problems(lab):
    """The small lab as it is."""
    assert check_quiz(load_lab(lab)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("observe: copies}", "observe: copies, key: 2}", "`key` is 2, but the reference gives 1; correct it"),
        ("section: 2. Fork", "section: 3. Spoon", "question 'who': {lab}/README.md has no heading '3. Spoon'"),
        (
            "    answer: {",
            "    distractors: [{value: 1, why: x}]\n    answer: {",
            "the distractor '1' is the right answer",
        ),
        (
            "    answer: {",
            "    tolerance: 1\n    distractors: [{value: 2.0, why: x}]\n    answer: {",
            "the distractor '2' is the right answer",
        ),
        ("    answer: {", "    distractors: [no_inc]\n    answer: {", "'no_inc' gives no wrong answer here; none does"),
        ("number\n    points: 1\n", "single\n    points: 1\n", "wrong choices: 0; at least two are needed"),
        ("observe: copies", "observe: value", "step 4 of fork reads nothing"),
        ("many copies?", "many {n}?\n    parameters: {n: [1, 2]}", ""),
        (
            "answer: {scenario: fork",
            "parameters: {n: [fork, touch]}\n    answer: {scenario: '{n}'",
            "touch has steps 1 to 2",
        ),
    ],
)
def test_problems_have_a_line_and_a_way_out(lab, old, new, words):
    """Each with the file and the line of the question."""
    assert old in QUIZ
    (lab / "quiz.yaml").write_text(QUIZ.replace(old, new, 1))
    loaded = load_lab(lab)
    problems = check_quiz(loaded)
    if not problems or "grader record" in problems[0]:
        record_keys(loaded)
        problems = check_quiz(loaded)

    if not words:
        assert problems == []
        return
    assert len(problems) == 1 and problems[0].startswith(f"{loaded.quiz}:")
    assert words.format(lab=loaded.path) in problems[0]


def test_recorded_keys_that_are_stale_are_found(lab):
    """With the command that mends it."""
    loaded = load_lab(lab)
    loaded.keys.write_text(loaded.keys.read_text().replace('"key": "1"', '"key": "3"'))

    assert "the computed keys of copies are missing or not up to date; run `grader record" in check_quiz(loaded)[0]
    loaded.keys.unlink()
    assert "run `grader record" in check_quiz(loaded)[0]


def test_sheets_are_held_against_the_quiz(lab):
    """The model sheet has full marks; the empty one asks for what the quiz asks, and nothing is answered there."""
    loaded = load_lab(lab)
    (lab / "reference" / "answers" / "small.yaml").write_text("copies: 1\nwho: child\n")
    (lab / "answers.yaml").write_text("copies: 3\nwho:\n")
    problems = check_quiz(loaded)

    assert problems[0].endswith("answers/small.yaml:2: who is wrong")
    assert "answers.yaml:1: copies is answered; `grader quiz" in problems[1]
    (lab / "answers.yaml").write_text("who:\n")
    assert "the questions are not those of the quiz" in check_quiz(loaded)[1]
    (lab / "answers.yaml").unlink()
    assert "the empty sheet is missing" in check_quiz(loaded)[1]


def test_too_many_variants_are_refused(lab):
    """All of them are tried, so there is a limit."""
    many = ", ".join(map(str, range(70)))
    (lab / "quiz.yaml").write_text(QUIZ.replace("many copies?", f"many {{n}}?\n    parameters: {{n: [{many}]}}"))

    assert "question 'copies' has 70 variants; the limit is 64" in check_quiz(load_lab(lab))[0]


def test_a_released_lab_gets_the_quiz_and_its_keys(lab):
    """Two files; what is marked at home is marked as in the course."""
    loaded = load_lab(lab)
    files = released_files(loaded)

    assert unpacked(files["quiz.packed"].encode()).decode() == QUIZ
    assert b'"key": "1"' in unpacked(files["outputs/quiz/keys.json"].encode())
    assert released_files(loaded._replace(quiz=None)) == {}
