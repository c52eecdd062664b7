"""The quiz in a terminal, with a student of a few lines."""

import pytest

from grader.quiz.marking import read_sheet
from grader.quiz.terminal.dialog import Conversation, Misread, Terminal, parse, prompt
from grader.quiz.terminal.feedback import Teller


class Student:
    """Types lines, one after the other, and sees what is shown; at the end there is no more input."""

    def __init__(self, *lines):
        self.lines = list(lines)
        self.seen = []
        self.kept = []

    def read(self, prompt):
        self.seen.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def save(self, sheet):
        self.kept.append(dict(sheet))
        return sheet

    def terminal(self):
        return Terminal(self.read, self.seen.extend, self.save)

    @property
    def text(self):
        return "\n".join(self.seen)


def talk(quiz, *lines, sheet=None, late=False):
    student = Student(*lines)
    conversation = Conversation(quiz[0], quiz[1], sheet or {}, student.terminal(), late, False)
    return student, conversation.run()


def number_of(quiz, id, choice):
    """The number under which a choice is shown."""
    question = next(q for q in quiz[1].questions if q.id == id)
    return str([c.id for c in Teller(*quiz).choices(question)].index(choice) + 1)


def test_all_right_from_beginning_to_end(quiz):
    """Numbers of choices, words and letters; Enter goes on after each feedback."""
    steps = " ".join(number_of(quiz, "steps", id) for id in ("allocate", "copy", "map"))
    shared = f"{number_of(quiz, 'shared', 'code')},{number_of(quiz, 'shared', 'constants')}"
    kinds = f"{number_of(quiz, 'kinds', 'first')}b {number_of(quiz, 'kinds', 'file')}a"
    lines = ["1", "", number_of(quiz, "who", "writer"), "", shared, "", steps, "", kinds, "", "PTE", "", "2.5", "", ""]
    student, marked = talk(quiz, *lines)

    assert marked["points"] == marked["max_points"] == 9
    assert student.lines == []


def test_each_answer_is_kept_at_once(quiz):
    """Leaving in the middle loses nothing, and the next time starts at the first open question."""
    student, marked = talk(quiz, "1", "", "q")
    assert student.kept == [{"copies": "1"}]
    assert marked["points"] == 1
    again, _ = talk(quiz, sheet=student.kept[-1])

    assert "1 answered so far" in again.text
    assert "Question 2 of 7   who" in again.text and "Question 1 of 7" not in again.text


def test_going_back_and_asking_again(quiz):
    """b goes back to the question before, which shows the answer so far; r asks again."""
    student, marked = talk(quiz, "7", "r", "8", "", "b", "1", "", "q")

    assert [sheet["copies"] for sheet in student.kept] == ["7", "8", "1"]
    assert "Your answer so far: 8" in student.text
    assert marked["questions"][0]["verdict"] == "correct"


def test_what_cannot_be_read_is_said_and_asked_again(quiz):
    """Nothing is kept of it."""
    student, _ = talk(quiz, "many", "?", "1", "", "5", "nobody", "q")

    assert "'many' is not a valid answer to this question; expected a number" in student.text
    assert "Enter or s skips a question" in " ".join(student.text.split())
    assert "'5' is not a choice; expected 1 to 2" in student.text
    assert student.kept == [{"copies": "1"}]


def test_a_wrong_answer_has_its_reason_and_the_way_to_see_it(quiz):
    """The scenario of a computed question is named, and the section to read again."""
    student, _ = talk(quiz, "7", "", number_of(quiz, "who", "child"), "q")

    assert f"See it happen: grader show {quiz[0].path} fork" in student.text
    assert "The parent may write first." in student.text and "Read again: 2. Fork" in student.text


def test_feedback_can_wait_for_the_end(quiz):
    """With `late`, nothing is told before the last question."""
    student, _ = talk(quiz, "7", "s", "s", "s", "s", "s", "s", "", late=True)
    told = student.text.index("FAIL")

    assert told > student.text.index("Question 7 of 7")


def test_the_list_at_the_end_asks_any_question_again(quiz):
    """By its number; Enter leaves."""
    student, marked = talk(quiz, "s", "s", "s", "s", "s", "s", "s", "1", "1", "", "99", "x", "")

    assert marked["points"] == 1
    assert student.text.count("Number of a question to answer it again") == 4


def test_the_end_of_input_leaves(quiz):
    """Ctrl-D anywhere is q."""
    student, marked = talk(quiz, "1")

    assert marked["points"] == 1 and student.kept == [{"copies": "1"}]


def test_hostile_answers_are_shown_harmlessly(quiz):
    """What was typed comes back as visible letters."""
    student, _ = talk(quiz, "\x1b[2J", "q", sheet={"who": "\x1b]0;x\x07"})

    assert "\x1b" not in student.text.replace("\x1b[", "\x1b[") and "\\e[2J" in student.text


@pytest.mark.parametrize(
    ("id", "line", "answer"),
    [
        ("shared", "code heap", ["code", "heap"]),
        ("shared", " [code, heap] ", ["code", "heap"]),
        ("kinds", "a b", ["first = major", "file = minor"]),
        ("kinds", "2=A 1.b", ["first = minor", "file = major"]),
        ("word", '"q"', "q"),
        ("who", "writer", "writer"),
    ],
)
def test_ways_to_answer(quiz, id, line, answer):
    """Names instead of numbers, commas, brackets, capitals, quotes around what would be a command."""
    question = next(q for q in quiz[1].questions if q.id == id)
    teller = Teller(*quiz)

    assert parse(question, question.choices, teller.matches(question), line) == answer


@pytest.mark.parametrize(
    ("id", "line", "words"),
    [
        ("kinds", "1a", "A letter is missing for 2"),
        ("kinds", "1a 1b", "1 appears twice"),
        ("kinds", "1c 2a", "'1c' is not a match; expected a number, 1 to 2, and a letter, a to b"),
        ("kinds", "9a", "is not a match"),
        ("shared", "1 9", "'9' is not a choice; expected 1 to 3, or code, constants, heap"),
        ("who", "²", "is not a choice"),
    ],
)
def test_ways_not_to_answer(quiz, id, line, words):
    """Each with what is accepted."""
    question = next(q for q in quiz[1].questions if q.id == id)

    with pytest.raises(Misread, match=words.replace("(", r"\(")):
        parse(question, question.choices, Teller(*quiz).matches(question), line)


def test_no_prompt_is_the_answer(root):
    """Whoever types the example of a prompt has guessed, in every question of every lab."""
    from grader.lab.lab import load_lab
    from grader.quiz.keys import keyed
    from grader.quiz.questions import load_quiz

    for path in sorted((root / "labs").glob("*/lab.yaml")):
        lab = load_lab(path.parent)
        teller = Teller(lab, load_quiz(lab))
        for question in teller.quiz.questions:
            choices = teller.choices(question)
            example = prompt(question, choices).partition("such as ")[2]
            if example:
                answer = parse(question, choices, teller.matches(question), example)
                key = keyed(lab, teller.quiz, question).key
                pairs = [f"{id} = {word}" for id, word in key.items()] if isinstance(key, dict) else key
                assert set(answer) != set(pairs), question.id


def test_figures_stand_for_themselves(cow):
    """Computed choices have no numbers before them: 4 means 4 frames, and 1 is no choice."""
    from grader.quiz.questions import load_quiz

    quiz = load_quiz(cow)
    question = next(q for q in quiz.questions if q.offers_computed)
    teller = Teller(cow, quiz)
    choices = teller.choices(question)

    assert next(line for line in teller.question(question) if line.startswith("    ")) == "    4 frames"
    assert parse(question, choices, [], "11") == "11"
    with pytest.raises(Misread, match="'1' is not a choice; expected one of 4, 9, 11, 12, 13"):
        parse(question, choices, [], "1")


def test_nothing_that_is_shown_is_wider_than_a_terminal(cow):
    """80 columns, for every question of a real lab and every reason of its choices."""
    from grader.quiz.questions import load_quiz

    quiz = load_quiz(cow)
    student, _ = talk((cow, quiz), *["1", "r", "q"])
    teller = Teller(cow, quiz)
    lines = [line for question in quiz.questions for line in teller.question(question)]

    assert max(map(len, lines + student.text.splitlines())) <= 80


def test_any_kept_sheet_can_be_read(quiz):
    """What a student typed, kept and read again, is the same."""
    from grader.quiz.sheet_writer import template

    student, _ = talk(quiz, "1", "", "s", "1 2", "", "s", "1a 2b", "", "a: [b]", "", "q")
    text = template(quiz[1], None, student.kept[-1])

    assert {k: v for k, v in read_sheet(text.encode())[0].items() if v} == student.kept[-1]


def test_help_says_what_an_answer_to_this_question_looks_like(quiz):
    """A question of each type, in the order of the quiz; only one with choices mentions choices."""
    helped = [talk(quiz, *["s"] * n, "?", "q")[0].text for n in range(7)]
    told = [" ".join(text.split("Answer with")[1].split(".")[0].split()) for text in helped]

    assert told == [
        "a number",
        "the number of a choice, or with its name",
        "the numbers of the choices, or with their names; separate them with blanks",
        "the numbers of the choices, or with their names, in order; separate them with blanks",
        "a letter for each number; separate them with blanks",
        "a word or two",
        "a number",
    ]
