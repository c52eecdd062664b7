"""Gradebooks of Canvas and Moodle, filled in and read back by the csv module, with the importers' rules as asserts."""

import csv
import io
import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch import fill_gradebooks, read_gradebooks
from grader.batch.accounting import in_words
from grader.batch.csv_table import rows_of
from grader.batch.files import table
from grader.batch.gradebooks import grade, read_gradebook
from grader.batch.output import Output
from grader.batch.store import Store
from grader.errors import InputError
from grader.lab.lab import Lab
from tests.batch.results import batch, entry

LAB = Lab(pathlib.Path(), "small", "A small lab", None, None, None, (), (), ())

CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,A small lab (4711),Other (12),Final Score\r\n"
    "    Points Possible,,,,,100,10,(read only)\r\n"
    '"Doe, Jane",101,u1,jane@x.org,Section 1,,3,\r\n'
    '"Snow, Jon",102,u2,jon@x.org,Section 1,,4,\r\n'
    '"=cmd(), Eve",103,u3,eve@x.org,Section 1,,,\r\n'
)

WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments,Mine\r\n"
    "Participant 12345,Jane Doe,jane@x.org,Submitted,,20.00,Yes,x,-,,kept\r\n"
    "Participant 77,Jon Snow,jon@x.org,No submission,,20.00,Yes,x,-,,kept too\r\n"
)

PARTICIPANTS = (
    "First name,Last name,ID number,Email address\nJane,Doe,7,jane@x.org\nJon,Snow,8,Jon@x.org\nNo,Body,9,n@x.org\n"
)


def fill(text, shown, found):
    return read_gradebook(rows_of(text, shown), shown, ("A small lab", "small")).fill(found)


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_canvas_takes_it_back():
    """Identity columns, then this assignment's with its number; Points Possible stays; others are not touched."""
    filled = fill(CANVAS, "g.csv", batch(entry("doejane-101", system="canvas", user="101"), entry("x", user="999")))
    header, possible, jane, jon, eve = rows(filled.text)

    assert filled.name == "canvas.csv"
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A small lab (4711)"]
    assert possible[0].strip() == "Points Possible" and possible[-1] == "100"
    assert jane == ["Doe, Jane", "101", "u1", "jane@x.org", "Section 1", "50.00"]
    assert jon[-1] == "" and eve[0] == "'=cmd(), Eve"
    assert (filled.account.graded, filled.account.unmatched) == (1, ["x"])


def test_canvas_students_are_found_by_login_too():
    """Plain folders named by login or SIS id, and names from Gradescope."""
    filled = fill(CANVAS, "g.csv", batch(entry("jane@x.org"), entry("u2", points=12.3)))

    assert [row[-1] for row in rows(filled.text)[2:]] == ["50.00", "12.30", ""]


def test_moodle_worksheet_is_filled_in():
    """The three columns that Moodle must have are there, unknown ones stay, the grade is of their maximum."""
    filled = fill(WORKSHEET, "w.csv", batch(entry("participant-12345", system="moodle", user="12345")))
    header, jane, jon = [dict(zip(rows(filled.text)[0], row, strict=True)) for row in rows(filled.text)]

    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header)
    assert jane["Grade"] == "10.00" and jane["Mine"] == "kept"
    assert "First: 50; Second: 0" in jane["Feedback comments"]
    assert jon["Grade"] == "" and jon["Feedback comments"] == ""


def test_moodle_import_has_users_of_the_course_alone():
    """One unknown user cancels Moodle's whole import; feedback without a grade would wipe the grade."""
    open_one = entry("8", complete=False)
    filled = fill(PARTICIPANTS, "p.csv", batch(entry("jane", email="JANE@x.org"), open_one, entry("stranger")))
    header, *found = rows(filled.text)

    assert header == ["ID number", "Email address", "A small lab grade", "A small lab feedback"]
    assert [row[:3] for row in found] == [["7", "jane@x.org", "50.00"]]
    assert filled.account.unmatched == ["stranger"]


def test_gradebooks_of_one_kind_get_files_of_their_own(tmp_path):
    """Two sections' gradebooks from Canvas and a worksheet: three files, none written over another."""
    for name, text in (("a", CANVAS), ("b", CANVAS.replace("Doe", "Roe")), ("c", WORKSHEET)):
        (tmp_path / f"{name}.csv").write_text(text)
    books = read_gradebooks([tmp_path / f"{name}.csv" for name in "abc"], LAB)
    with Store(tmp_path / "out") as store, Output(tmp_path / "out") as output:
        filled, problems = fill_gradebooks(batch(entry("x", user="101")), books, output, store)

    assert problems == []
    assert [one.name for one in filled] == ["canvas.csv", "canvas-2.csv", "moodle-worksheet.csv"]
    assert [(tmp_path / "out" / one.name).read_text() for one in filled] == [
        one.text.replace("\r\n", "\n") for one in filled
    ]


GROUP = [{"label": "Jon Snow", "email": "jon@x.org", "number": "u2"}]


@pytest.mark.parametrize(
    ("text", "jane", "jon"),
    [
        (CANVAS, "Doe, Jane,101,u1,jane@x.org,Section 1,50.00", "Snow, Jon,102,u2,jon@x.org,Section 1,50.00"),
        (WORKSHEET, "Participant 12345,Jane Doe,jane@x.org,Submitted,10.00", "jon@x.org,No submission,10.00"),
        (PARTICIPANTS, "7,jane@x.org,50.00", "8,Jon@x.org,50.00"),
    ],
)
def test_everybody_of_a_group_gets_its_points(text, jane, jon):
    """One submission, two rows, in each kind of gradebook; nobody is said to be missing."""
    group = entry("submission_11", system="gradescope", user="11", email="jane@x.org", others=GROUP)
    filled = fill(text, "g.csv", batch(group))
    lines = [",".join(row) for row in rows(filled.text)]

    assert sum(jane in line for line in lines) == sum(jon in line for line in lines) == 1
    assert (filled.account.graded, filled.account.unmatched) == (2, [])


def test_who_of_a_group_stands_in_no_row_is_named():
    """By name, or whatever is known; a group of which nobody was found is named by its id alone."""
    nameless = [*GROUP, {"label": "", "email": "mia@x.org", "number": ""}]
    found = entry("submission_11", label="Ann Bell", email="ann@x.org", others=nameless)
    strangers = entry("submission_12", label="Bo", others=[{"label": "Cy", "email": "", "number": ""}])
    filled = fill(CANVAS, "g.csv", batch(found, strangers))

    assert filled.account.unmatched == ["submission_11 (Ann Bell)", "submission_11 (mia@x.org)", "submission_12"]


def test_the_number_of_a_gradescope_submission_is_nobody():
    """A student whose Canvas id is the number of another's submission gets no points for it."""
    filled = fill(CANVAS, "g.csv", batch(entry("submission_101", system="gradescope", user="101")))

    assert (filled.account.graded, filled.account.unmatched) == (0, ["submission_101"])


@pytest.mark.parametrize("text", [CANVAS, WORKSHEET])
def test_what_is_not_graded_in_full_stays_blank(text):
    """No points are lost by a fault of ours: the cell is empty until the batch is run again."""
    one = entry("a", user="101", email="jane@x.org", complete=False)

    assert ",50.00," not in fill(text, "g.csv", batch(one)).text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "g.csv:1: unrecognized gradebook (columns a, b); use a Canvas gradebook"),
        ("Identifier,Grade\n", "g.csv: there is no row in it; export it again"),
        ('Student,ID,Section\n"x', "g.csv:2: a quote that opens in this row is never closed"),
    ],
)
def test_other_files_are_refused(text, told):
    """The file, what was found and what is accepted."""
    with pytest.raises(InputError) as error:
        fill(text, "g.csv", batch(entry("a")))
    assert told in str(error.value)


@given(st.text(max_size=60))
def test_no_name_becomes_a_formula_or_a_row(text):
    """results.csv: whatever a student is called, one row each, and no cell that a spreadsheet would compute."""
    from grader.escape import printable

    one = entry("a", label=printable(text), email=printable(text), refused=printable(text))
    header, row = rows(table(batch(one)))

    assert len(row) == len(header)
    assert not any(cell[:1] in ("=", "+", "@") for cell in row)


def canvas_cells(text, *entries):
    """The assignment's cells of a filled Canvas gradebook, by ID."""
    return {row[1]: row[-1] for row in rows(fill(text, "g.csv", batch(*entries)).text)[2:]}


def test_canvas_points_are_of_points_possible():
    """Full marks of an assignment of 40 are 40."""
    text = CANVAS.replace(",,,,,100,10,", ",,,,,40,10,")

    assert canvas_cells(text, entry("x", system="canvas", user="101", points=100))["101"] == "40.00"


def test_canvas_without_points_possible_says_so():
    """Points stay of 100, with a note."""
    filled = fill(CANVAS.replace(",,,,,100,10,", ",,,,,,10,"), "g.csv", batch(entry("u1")))

    assert "Points Possible of A small lab (4711) is missing, so points are not scaled" in filled.account.notes


def test_a_row_without_a_submission_stays_as_it_was():
    """EX and a grade typed by hand; EX stays even where something was handed in, and that is reported."""
    text = CANVAS.replace("Section 1,,3,", "Section 1,EX,3,").replace("Section 1,,4,", "Section 1,77,4,")
    filled = fill(text, "g.csv", batch(entry("x", system="canvas", user="101")))

    assert canvas_cells(text) == {"101": "EX", "102": "77", "103": ""}
    assert [row[-1] for row in rows(filled.text)[2:]] == ["EX", "77", ""]
    assert (filled.account.graded, filled.account.excused, filled.account.without) == (0, ["x"], 2)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("A small lab (4711)", "Lab 1 (4711)", "no assignment is called A small lab or small (it has Lab 1 (4711)"),
        ("Other (12)", "small (12)", "2 columns fit the lab (A small lab (4711), small (12)); name one with --ass"),
    ],
)
def test_a_canvas_column_is_found_once_or_asked_for(old, new, told):
    """Canvas would make a new assignment of an unknown column; nothing is guessed."""
    with pytest.raises(InputError) as error:
        fill(CANVAS.replace(old, new), "g.csv", batch(entry("a")))
    assert told in str(error.value)


def test_a_column_is_named_with_assignment(tmp_path):
    """--assignment takes the title with Canvas's number or without."""
    (tmp_path / "g.csv").write_text(CANVAS.replace("A small lab", "Lab 1"))
    for name in ("lab 1", "Lab 1 (4711)"):
        (book,) = read_gradebooks([tmp_path / "g.csv"], LAB, name)
        assert rows(book.fill(batch(entry("u1"))).text)[0][-1] == "Lab 1 (4711)"


def test_a_german_worksheet():
    """Moodle translates the columns and the participants."""
    text = (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Zuletzt geändert (Bewertung),"
        'Feedback als Kommentar\nTeilnehmer/in77,Jörg,j@x.org,,,"20,00",-,\n'
    )
    filled = fill(text, "w.csv", batch(entry("p", system="moodle", user="77")))

    assert rows(filled.text)[1][4] == "10.00" and "First: 50" in rows(filled.text)[1][-1]


def test_every_row_is_accounted_for():
    """Counts add up to the rows, in the words that a person reads."""
    text = PARTICIPANTS + "Jane,Doe,10,other@x.org\n"
    filled = fill(text, "p.csv", batch(entry("j", user="x", label="Jane Doe"), entry("8")))

    assert in_words(filled.account) == [
        "4 rows: 1 graded, 1 without a submission (left as they were), 2 need a decision",
        "  decide: line 2 (Jane Doe): j fits line 5 as well",
        "  decide: line 5 (Jane Doe): j fits line 2 as well",
    ]


def test_a_row_with_too_many_cells_is_refused():
    """A cell beyond the header would be lost."""
    with pytest.raises(InputError, match=r"g.csv: row 3 has 5 cells, the header 4; export it again"):
        fill(PARTICIPANTS.replace("8,Jon@x.org", "8,Jon@x.org,lost"), "g.csv", batch(entry("a")))


@pytest.mark.parametrize(("maximum", "grade"), [('"1.000,00"', "500.00"), ("20.0", "10.00")])
def test_a_maximum_is_a_number_of_any_country(maximum, grade):
    """A German Moodle's 1.000,00 is a thousand."""
    text = WORKSHEET.replace("Submitted,,20.00", f"Submitted,,{maximum}")
    filled = fill(text, "w.csv", batch(entry("p", system="moodle", user="12345")))

    assert rows(filled.text)[1][4] == grade and filled.account.notes == []


@pytest.mark.parametrize("text", [WORKSHEET.replace(",20.00", ',"1,000"'), CANVAS.replace(",,100,10", ',,"1,000",10')])
def test_a_maximum_with_two_meanings_is_refused_before_anything_is_graded(text):
    """A thousand or one: no grade is scaled by a guess."""
    with pytest.raises(InputError, match=r"g.csv:2: the maximum '1,000' can mean 1.0 or 1000"):
        read_gradebook(rows_of(text, "g.csv"), "g.csv", ("A small lab",))


def test_a_grade_that_moodle_would_not_take_is_for_a_person_to_decide():
    """A row that is locked in Moodle's gradebook stays as it was."""
    lines = WORKSHEET.split("\r\n")
    locked = "\r\n".join([lines[0], lines[1].replace(",Yes,", ",No,"), *lines[2:]])
    filled = fill(locked, "w.csv", batch(entry("p", system="moodle", user="12345")))

    assert locked != WORKSHEET and rows(filled.text) == rows(locked)
    assert [told.partition("; ")[0] for told in filled.account.decisions] == [
        f"line 2 ({rows(locked)[1][1]}): the grade of p cannot be changed in Moodle"
    ]


def test_a_row_without_the_maximum_of_the_others_is_refused():
    """It would get points of 100 where the others get them of 20."""
    text = WORKSHEET.replace("Submitted,,20.00", "Submitted,,-")
    with pytest.raises(InputError, match="w.csv:2: this row has no maximum and others have one; download it again"):
        read_gradebook(rows_of(text, "w.csv"), "w.csv", ("A small lab",))


def test_a_worksheet_without_a_maximum_says_so():
    """Points go in as they are, and the account tells it."""
    text = WORKSHEET.replace(",,20.00", ",,-")
    filled = fill(text, "w.csv", batch(entry("p", system="moodle", user="12345")))

    assert rows(filled.text)[1][4] == "50.00"
    assert filled.account.notes == ["1 of the graded rows have no maximum grade, so their points are not scaled"]


@pytest.mark.parametrize("text", [CANVAS, WORKSHEET])
def test_rows_without_contents_are_nobody(text):
    """Spreadsheets save rows of empty cells below the last: they are neither students without a submission, nor rows
    whose maximum is missing."""
    empty = "," * text.splitlines()[0].count(",") + "\r\n"

    assert fill(text + 2 * empty, "g.csv", batch()) == fill(text, "g.csv", batch())


def test_a_student_called_points_possible_sets_no_maximum():
    """The row of maximums has no ID; without it nothing is filled in, since points could not be scaled."""
    text = CANVAS.replace("    Points Possible,,,,,100,10,(read only)\r\n", "").replace(
        '"Doe, Jane",101,u1,jane@x.org,Section 1,,', "Points Possible,101,u1,jane@x.org,Section 1,10,"
    )
    with pytest.raises(InputError, match="g.csv: the row Points Possible is missing, so points cannot be scaled"):
        read_gradebook(rows_of(text, "g.csv"), "g.csv", ("A small lab",))


def test_the_row_of_maximums_has_another_name_in_another_language():
    """It stands above all students, has no ID, and a number in the column."""
    text = CANVAS.replace("    Points Possible,,,,,100,10,", "    Erreichbare Punkte,,,,,40,10,")

    assert canvas_cells(text, entry("x", system="canvas", user="101", points=100))["101"] == "40.00"


@pytest.mark.parametrize(
    ("row", "gone", "label"),
    [
        ('"Snow, Jon",102,u2,jon@x.org', '"Snow, Jon",,,', "Jon Snow"),
        ('"Doe, Jane",101,u1,jane@x.org', '"Doe, Jane",,,', "Jane Doe"),
    ],
)
def test_students_whose_ids_are_gone_are_rows_like_others(row, gone, label):
    """One is counted, and gets a grade by name alone, the first one too; a file without any ID is refused."""
    text = CANVAS.replace(row, gone)
    one = entry("p", system="moodle", user="9", label=label)
    filled = fill(text, "g.csv", batch(one))
    nobody = re.sub(r",10\d,u\d,[^,]*,", ",,,,", CANVAS)

    assert (filled.account.rows, filled.account.graded, filled.account.by_name) == (3, 1, 1)
    with pytest.raises(InputError, match="g.csv: no row has an ID, SIS User ID or SIS Login ID"):
        fill(nobody, "g.csv", batch(one))


@pytest.mark.parametrize("ids", [",u1,jane@x.org", ",,"])
def test_the_grade_of_a_student_is_not_taken_for_the_maximum(ids):
    """A first student without Canvas's ID, or without any, and no row of maximums: their grade scales nobody's."""
    text = CANVAS.replace("    Points Possible,,,,,100,10,(read only)\r\n", "")
    text = text.replace("101,u1,jane@x.org,Section 1,,3", f"{ids},Section 1,5,3")

    with pytest.raises(InputError, match="Points Possible is missing"):
        read_gradebook(rows_of(text, "g.csv"), "g.csv", ("A small lab",))


def test_one_row_of_maximums_serves_both_columns():
    """In another language it is found by the lab's maximum; without one for own scenarios these are not scaled."""
    text = CANVAS.replace("    Points Possible,,,,,100,10,", "Erreichbare Punkte,,,,,100,,")
    read_gradebook(rows_of(text, "g.csv"), "g.csv", ("A small lab",), "Other")


@pytest.mark.parametrize("maximum", ["0", "0.00", "(read only)", "1E2", "85%", "B+", "ten"])
@pytest.mark.parametrize(("text", "old"), [(CANVAS, ",,100,10"), (WORKSHEET, ",20.00")])
def test_a_maximum_that_is_no_number_above_zero_is_refused(text, old, maximum):
    """Points would go in unscaled, or Canvas would not take them at all: nothing is graded before that is corrected."""
    new = f",,{maximum},10" if text is CANVAS else f",{maximum}"
    with pytest.raises(InputError) as error:
        read_gradebook(rows_of(text.replace(old, new), "g.csv"), "g.csv", ("A small lab",))

    assert f"g.csv:2: the maximum is '{maximum}'; expected a number above 0" in str(error.value)


def test_an_assignment_with_section_in_its_title_is_no_identity_column():
    """Its grades are not uploaded again: they may have changed since the export."""
    text = CANVAS.replace("Other (12)", "Sections of a program (12)")
    filled = fill(text, "g.csv", batch(entry("x", system="canvas", user="101")))

    assert rows(filled.text)[0][-2:] == ["Section", "A small lab (4711)"]


def test_a_name_in_a_worksheet_is_no_formula():
    """The name is the student's own text; a spreadsheet must not run it."""
    filled = fill(WORKSHEET.replace("Jane Doe", "=cmd()"), "w.csv", batch(entry("x")))

    assert rows(filled.text)[1][1] == "'=cmd()"


def test_the_worksheet_of_another_assignment_gets_nothing():
    """Moodle gives everybody another number in each assignment: an equal address or name does not outweigh it."""
    found = [
        entry("participant-1", system="moodle", user="1", email="jane@x.org"),
        entry("participant-2", system="moodle", user="2", label="Jon Snow"),
    ]
    filled = fill(WORKSHEET, "w.csv", batch(*found))

    assert [row[4] for row in rows(filled.text)[1:]] == ["", ""]
    assert filled.account.graded == 0 and filled.account.unmatched == ["participant-2"]
    assert filled.account.decisions == [
        "line 2 (Jane Doe): participant-1 has another participant number: is this the file of another assignment?"
    ]


def test_points_are_scaled_exactly():
    """67.85 of 100 are 20.355 of 30, which a product of floating-point numbers rounds down."""
    assert grade(entry("x", points=67.85), 30) == "20.36"


def test_a_gradebook_that_fits_nobody_needs_a_decision():
    """Another course's file, or an anonymous download: nothing is written, and that is not passed over."""
    other = fill(PARTICIPANTS, "p.csv", batch(entry("x", system="canvas-anonymous", user="a1B2c"))).account
    some = fill(PARTICIPANTS, "p.csv", batch(entry("x"), entry("7"))).account
    nobody = fill(PARTICIPANTS, "p.csv", batch()).account

    assert (other.open, some.open, nobody.open) == (1, 0, 0)
    assert in_words(other)[1] == "  decide: no row fits any submission; is this the file of this course?"


OWN = {"points": 2.5, "max_points": 10, "scenarios": 1, "valid": 1, "caught": 1, "misconceptions": 4}


def own_scenarios(text):
    """Canvas's gradebook with a column for own scenarios, filled in."""
    table = rows_of(text, "g.csv")
    book = read_gradebook(table, "g.csv", ("A small lab",), "Other")
    return book.fill(batch(entry("x", system="canvas", user="101", mine=OWN)))


def test_own_scenarios_are_scaled_or_that_is_said():
    """To the maximum of their own column; without one, the account tells which column it is."""
    scaled, plain = (
        own_scenarios(CANVAS.replace(",100,10,", ",100,4,")),
        own_scenarios(CANVAS.replace(",10,(r", ",,(r")),
    )

    assert rows(scaled.text)[2][-2:] == ["50.00", "1.00"] and scaled.account.notes == []
    assert rows(plain.text)[2][-1] == "2.50"
    assert plain.account.notes == ["Points Possible of Other (12) is missing, so points are not scaled"]


def test_one_column_cannot_hold_two_grades():
    """The points of own scenarios would replace those of the lab."""
    with pytest.raises(InputError, match=r"A small lab \(4711\) is both the lab's column and that of own scenarios"):
        read_gradebook(rows_of(CANVAS, "g.csv"), "g.csv", ("A small lab",), "A small lab")


def test_an_excused_own_scenario_stays():
    """EX in Canvas's column for own scenarios is somebody's decision, whatever the lab's column has."""
    excused = own_scenarios(CANVAS.replace("Section 1,,3,", "Section 1,,EX,"))

    assert rows(excused.text)[2][-2:] == ["50.00", "EX"]


def test_who_wrote_no_scenarios_has_no_points_for_them():
    """Moodle's import has the column where anybody wrote some; the cells of the others are empty."""
    found = batch(entry("a", number="7", mine=OWN), entry("b", number="8"))
    filled = fill(PARTICIPANTS, "p.csv", found)

    assert [row[-1] for row in rows(filled.text)] == ["A small lab own scenarios", "2.50", ""]


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("First name,Last name,ID number\nJ\u00f6rg,M\u00fcller,\nAnn,Lee,77\n", "ID number is"),
        (
            "Full name,ID number,Username\nJ\u00f6rg M\u00fcller, ,\nAnn Lee,77,\n",
            "ID number and Username are",
        ),
        (WORKSHEET.replace("Participant 12345,Jane Doe,jane@x.org", ",J\u00f6rg M\u00fcller,"), "Identifier is"),
    ],
)
def test_a_row_by_which_moodle_finds_nobody_needs_a_decision(text, empty):
    """It fits by name only. One unknown user cancels Moodle's whole import, and a worksheet's row is passed over."""
    graded = batch(entry("j", label="J\u00f6rg M\u00fcller", system="moodle", user="5"), entry("a", number="77"))
    filled = fill(text, "p.csv", graded)

    assert filled.account.decisions == [
        f"line 2 (J\u00f6rg M\u00fcller): fits j, but {empty} empty, by which Moodle finds the user; "
        "fill that in, or enter the grade in Moodle"
    ]
    assert "50.00" not in "".join(line for line in filled.text.splitlines() if "rg" in line or line.startswith(","))
    assert filled.account.graded == filled.text.count("50.00,")


def test_an_import_without_a_column_that_names_everybody_says_so():
    """Moodle goes by one column, and an empty cell in it would cancel the import."""
    text = "ID number,Username\n7,\n,jon\n"
    filled = fill(text, "p.csv", batch(entry("a", number="7"), entry("b", system="plain", user="jon")))

    assert filled.account.notes == [
        "each of ID number, Username is empty in some row; one of them must name everybody, or Moodle imports nothing"
    ]
    assert fill("ID number,Username\n7,\n", "p.csv", batch(entry("a", number="7"))).account.notes == []
