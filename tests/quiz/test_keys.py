"""Computed keys, and what misconceptions would answer."""

from fractions import Fraction

import pytest

from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.quiz import mark
from grader.quiz.keys import as_text, counted, from_text, keyed, offered
from grader.quiz.marking import mark_question
from grader.quiz.observe import observe
from grader.quiz.questions import load_quiz
from grader.quiz.record import compute_keys, record_keys, text_of
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from grader.versions import mark_of
from tests.kernels import SmallKernel
from tests.labs import FORK, QUIZ


def observed(what, after, process="", at=""):
    from grader.quiz.model import Observation

    scenario = parse_scenario(FORK.replace("pages: 1", "pages: 2"), "fork")
    return observe(replay(scenario, SmallKernel), Observation(scenario, after, process, what, at))


@pytest.mark.parametrize(
    ("what", "after", "process", "at", "value"),
    [
        ("faults", 4, "", "", 4),
        ("faults", 4, "C", "", 2),
        ("minor", 4, "P", "", 2),
        ("major", 4, "", "", 0),
        ("copies", 3, "", "", 0),
        ("copies", 4, "C", "", 2),
        ("frames", 4, "", "", 4),
        ("slots", 4, "", "", 0),
        ("outcome", 3, "", "", "ok"),
        ("present", 4, "", "C:h", 2),
        ("present", 1, "", "P:h", 0),
        ("writable", 3, "", "P:h", 0),
        ("writable", 4, "", "C:h[0:1]", 1),
        ("shared", 3, "", "P:h[1]", 2),
        ("shared", 4, "", "P:h[1]", 1),
    ],
)
def test_what_can_be_observed(what, after, process, at, value):
    """Figures are cumulative, totals and entries are those after the step."""
    assert observed(what, after, process, at) == value


@pytest.mark.parametrize(
    ("what", "after", "process", "at", "words"),
    [
        ("value", 4, "", "", "step 4 of fork reads nothing"),
        ("shared", 4, "", "P:x[0]", "no mapping 'x' exists in fork at step 4"),
        ("shared", 4, "", "P:h", "'P:h' is not a single present page of fork after step 4"),
        ("present", 4, "", "Z:h", "fork has no process 'Z' [(]it has P, C"),
        ("file", 4, "", "notes[0]", "fork has no file 'notes'"),
    ],
)
def test_what_cannot_be_observed_is_named(what, after, process, at, words):
    """A key that observes nothing says so."""
    with pytest.raises(ValueError, match=words):
        observed(what, after, process, at)


FILE = """format: 1
title: A page written back
task: t
files: {notes: {pages: 2, contents: [65, 66]}}
processes: [P]
steps:
  - mmap: {by: P, name: h, file: notes, pages: 1}
  - read: {by: P, at: "h[0]"}
"""


def test_a_file_shows_what_is_on_disk():
    """Before anything is written back, the page's own byte."""
    from grader.quiz.model import Observation
    from grader.trace.records import StepRecord, Trace

    scenario = parse_scenario(FILE, "f")
    trace = Trace("f", "", 8, {"P": 1}, [StepRecord(1, "ok"), StepRecord(2, "ok")], None)

    assert observe(trace, Observation(scenario, 2, "", "file", "notes[1]")) == 66
    with pytest.raises(ValueError, match="file 'notes' has 2 pages"):
        observe(trace, Observation(scenario, 2, "", "file", "notes[2]"))


def test_a_misconception_is_named_for_a_number_that_was_typed(cow):
    """1024 copies in the practice: the answer of a fork that copies everything."""
    result = mark(cow, b"copies-of-practice: 1024\n")
    entry = next(q for q in result["questions"] if q["id"] == "copies-of-practice")

    assert entry["verdict"] == "wrong"
    assert "1024 copies is what you would see with a kernel that copies every page at fork" in entry["feedback"][0]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [("2", "minor faults", "2 minor faults"), ("1", "minor faults", "1 minor fault"), ("1", "copies", "1 copy"),
     ("1", "TLB misses", "1 TLB miss"), ("1", "accesses", "1 access"), ("1", "flushes", "1 flush"),
     ("1", "miss", "1 miss"), ("1", "ms", "1 ms"), ("1", "s", "1 s"), ("1", "", "1"), ("65, 70", "", "65, 70")],
)  # fmt: skip
def test_one_is_one_fault(value, unit, words):
    """Units are written in the plural, symbols apart."""
    assert counted(value, unit) == words


def test_choices_are_what_misconceptions_give(varied, monkeypatch):
    """A `single` question with a computed answer offers the key and the values of the kernels that it names."""
    # The other kernels would take all of the time, in a scenario with a thousand pages.
    monkeypatch.setattr("grader.quiz.record.misconceptions", lambda lab, taught=False: ["eager_fork", "always_copy"])
    lab, quiz = varied()
    record_into(lab)
    question = quiz.questions[1]
    choices = offered(question, keyed(lab, quiz, question))

    assert [choice.id for choice in choices] == ["3", "512", "1024", "1536"]
    assert [choice.right for choice in choices] == [False, True, False, False]
    assert "copies every page at fork" in choices[2].why
    assert mark_question(lab, quiz, question, "512").verdict == "correct"
    assert mark_question(lab, quiz, question, "1536").feedback[0].startswith("1536 copies is what you would see")
    assert mark_question(lab, quiz, question, "600").verdict == "invalid"


def record_into(lab):
    """Computed keys of a quiz that is no file of the project, in memory."""
    from grader.quiz import keys

    path = lab.keys
    stamp = (str(path.resolve()), mark_of(path.stat()))
    keys._loaded[stamp] = compute_keys(lab)


@pytest.fixture(autouse=True)
def forget():
    """No recorded keys are left over from another test."""
    from grader.quiz import keys

    keys._loaded.clear()
    yield
    keys._loaded.clear()


@pytest.mark.parametrize(("seed", "pages"), [("", 4), ("ada", 8), ("bob", 6)])
def test_each_variant_has_its_own_key(varied, seed, pages):
    """The scenario of the question's own is replayed with the variant's numbers."""
    lab, quiz = varied(seed)
    question = quiz.questions[0]

    assert question.text.startswith(f"P writes {pages} pages and forks C; C writes {pages // 2} of them")
    assert keyed(lab, quiz, question).key == pages // 2


def test_an_expression_adds_observations_up(varied):
    """Faults minus copies, from two observations of one scenario."""
    lab, quiz = varied()

    assert keyed(lab, quiz, quiz.questions[2]).key == 2048


def test_recorded_keys_serve_where_there_is_no_reference(lab):
    """A released lab has outputs and keys and nothing else; it marks as the full one does."""
    loaded = load_lab(lab)
    quiz = load_quiz(loaded)
    bare = loaded._replace(reference=None)
    bare.outputs.mkdir(parents=True, exist_ok=True)
    (bare.outputs / "quiz").mkdir()
    bare.keys.write_bytes(loaded.keys.read_bytes())

    assert keyed(bare, quiz, quiz.questions[0]).key == 1


def test_a_stale_entry_is_not_used(lab):
    """After a change of the question the old key counts for nothing."""
    loaded = load_lab(lab)
    text = loaded.keys.read_text()
    loaded.keys.write_text(text.replace('"key": "1"', '"key": "77"'))
    assert keyed(loaded, load_quiz(loaded), load_quiz(loaded).questions[0]).key == 77
    (lab / "quiz.yaml").write_text(QUIZ.replace("observe: copies", "observe: frames"))

    assert keyed(loaded, load_quiz(loaded), load_quiz(loaded).questions[0]).key == 2


def test_a_broken_file_of_keys_is_named(lab):
    """With the way out."""
    loaded = load_lab(lab)
    loaded.keys.write_text("[]")

    with pytest.raises(InputError, match="not a file of recorded quiz keys .*run `grader record"):
        mark(loaded, b"copies: 1\n")


def test_an_observation_that_is_none_is_an_error_with_a_line(lab):
    """A key that observes a value where nothing is read."""
    (lab / "quiz.yaml").write_text(QUIZ.replace("observe: copies", "observe: value"))
    loaded = load_lab(lab)

    with pytest.raises(InputError, match="quiz.yaml:4: question 'copies': step 4 of fork reads nothing"):
        mark(loaded, b"copies: 1\n")


def test_recording_twice_changes_nothing(lab):
    """The keys are a function of the quiz, the scenarios and the kernels alone."""
    loaded = load_lab(lab)

    assert not record_keys(loaded)
    assert text_of(compute_keys(loaded)) == loaded.keys.read_text()


@pytest.mark.parametrize("value", [Fraction(3), Fraction(5, 2), Fraction(1, 3), Fraction(-7, 8), "ok"])
def test_values_survive_as_text(value):
    """Whole numbers, decimals, thirds and words."""
    assert from_text(as_text(value)) == value
