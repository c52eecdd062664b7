"""Quiz sheets of a class that cost their points without the student's fault being plain."""

import json

import jsonschema
import pytest

from grader.batch.csv_table import rows_of
from grader.batch.gradebooks import read_gradebook
from grader.intake.submission import ANSWERS_LIMIT
from grader.report.class_result import SCHEMA
from tests.batch.handed_in import batch, rows
from tests.labs import kernel_text

SHEETS = {
    "bad": b"copies: 1\nwho: [writer\n",
    "big": b"#" * (ANSWERS_LIMIT + 1),
    "copied": b"variant: w3-jim\ncopies: 1\nwho: writer\n",
    "good": b"copies: 1\nwho: writer\n",
    "latin": b"who: \xe9\n",
    "other": b"tlb: 1\nflush: 2\n",
    "typo": b"copeis: 1\nwho: writer\n",
}

#: Those that a person must look at.
DOUBTS = {"bad": "unread", "big": "unread", "copied": "another variant", "latin": "unread", "other": "another quiz"}

VARIES = """  - id: pages
    type: number
    points: 1
    parameters: {n: [4, 8]}
    text: How many pages are {n}?
    answer: "{n}"
    why: So.
    distractors: [{value: 99, why: Too many.}]
"""


@pytest.fixture
def varied(lab):
    """The small lab, with a question that has other numbers for each student."""
    quiz = lab / "quiz.yaml"
    quiz.write_text(quiz.read_text().replace("title:", "seed: 'w3-{student}'\ntitle:", 1) + VARIES)
    return lab


@pytest.fixture
def graded(cli, varied, tmp_path):
    """graded(*options): what a batch of one submission for each sheet returns, prints and writes."""
    for name, sheet in SHEETS.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "kernel.py").write_text(f"# {name}\n{kernel_text()}")
        (tmp_path / "class" / name / "answers.yaml").write_bytes(sheet)

    def make(*options):
        status, _, err = batch(cli, varied, tmp_path / "class", tmp_path / "out", *options)
        return status, err, tmp_path / "out", json.loads((tmp_path / "out" / "results.json").read_text())

    return make


def test_a_person_decides_about_sheets_that_are_in_doubt(graded):
    """The class report lists them, results.json names the kind, and the exit status is that of other decisions."""
    status, err, out, found = graded()
    entries = {entry["id"]: entry for entry in found["submissions"]}
    report = (out / "report.txt").read_text()

    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert status == 1
    assert {id: entry["sheet_doubt"] for id, entry in entries.items() if entry["sheet_doubt"]} == DOUBTS
    assert (
        "Decide about these quiz sheets" in report
        and "Decide about these quiz sheets" in (out / "report.html").read_text()
    )
    assert all(f"grader: {id}: " in err for id in DOUBTS)
    assert "grader: typo" not in err
    assert {entry["tasks"]["touch"] for entry in entries.values()} == {50}  # no kernel is refused for its sheet


def test_the_table_and_the_feedback_say_what_is_wrong(graded):
    """In the note of results.csv, and in what the student reads."""
    _, _, out, _ = graded()
    notes = {id: row["note"] for id, row in rows(out).items()}
    feedback = {id: (out / "feedback" / f"{id}.md").read_text() for id in SHEETS}

    assert notes["bad"].startswith("quiz sheet not read: line 3: this is not YAML")
    assert notes["big"] == "quiz sheet not read: answers.yaml has more than 64 KiB"
    assert notes["copied"].startswith("quiz sheet: the sheet is for the variant 'w3-jim'")
    assert notes["typo"] == "quiz sheet: the quiz has no question 'copeis'; did you mean 'copies'?"
    assert notes["good"] == ""
    assert "Quiz sheet not read: the sheet is not UTF-8; save it in that encoding." in feedback["latin"]
    assert "did you mean 'copies'?`" in feedback["typo"]  # and no full stop after it
    assert "sheet" not in feedback["good"]


def test_a_comment_in_a_gradebook_says_it_too(graded):
    """Moodle's worksheet, in its column for comments."""
    _, _, _, found = graded()
    worksheet = "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),Feedback comments\r\n"
    worksheet += "Participant 1,bad,,,100.00,-,\r\n"

    filled = read_gradebook(rows_of(worksheet, "w.csv"), "w.csv", ("A small lab",)).fill(found).text
    assert "Quiz sheet not read: line 3: this is not YAML" in filled


@pytest.mark.parametrize("what", ["quiz", "total"])
def test_an_override_decides_it(graded, tmp_path, what):
    """Even one that gives the points that are there: then nothing is left to decide."""
    points = {"quiz": 0, "total": 90}[what]
    given = "".join(f"{id},{what},{3.33 if id == 'copied' and what == 'quiz' else points},seen\n" for id in DOUBTS)
    (tmp_path / "given.csv").write_text(f"student,task,points,comment\n{given}")
    status, err, out, _ = graded("--overrides", tmp_path / "given.csv")

    assert status == 0, err
    assert "Decide about" not in (out / "report.txt").read_text()
    assert "quiz sheet not read" in rows(out)["bad"]["note"]


def test_a_refused_kernel_has_its_points_in_the_comment(cli, lab, tmp_path):
    """The quiz counts, so a comment that gives only the reason would hide points."""
    (tmp_path / "class" / "bob").mkdir(parents=True)
    (tmp_path / "class" / "bob" / "answers.yaml").write_bytes(SHEETS["good"])
    (tmp_path / "class" / "bob" / "kernel.py").write_bytes(b"\xe9")
    batch(cli, lab, tmp_path / "class", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    worksheet = "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),Feedback comments\r\n"
    table = rows_of(f"{worksheet}Participant 1,bob,,,100.00,-,\r\n", "w.csv")
    filled = read_gradebook(table, "w.csv", ("x",)).fill(found)

    assert "refused: kernel.py is not UTF-8: byte 0xe9 at offset 0. 10 of 100 points." in filled.text
