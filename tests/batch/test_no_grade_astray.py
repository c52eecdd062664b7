"""Random classes through every layout and gradebook: no grade in another's row, no row lost, none blanked."""

import csv
import io
import pathlib
import re
import tempfile
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.csv_table import rows_of
from grader.batch.gradebooks import read_gradebook
from grader.batch.grading import Stubs, about
from grader.batch.layouts import find_submissions
from grader.batch.roster import introduce, read_roster
from grader.batch.sources import read_source
from grader.lab.lab import ClassAt, Lab
from tests.batch.results import batch, entry
from tests.marks import long_property


class Person(NamedTuple):
    """A student. Keys of one kind differ; keys of different kinds, and names, may be equal."""

    name: str
    participant: str
    canvas: str
    number: str
    login: str
    email: str
    old: str  # what the gradebook has before
    points: int | None  # None: hands in nothing
    file: str


NAMES = [
    "Jane Doe",
    "jane  doe",
    "Jane_Doe",
    "Jos\u00e9 \u00c1",
    "Jose\u0301 A\u0301",
    "O'Neil",
    "ONeil",
    "李",
    "doe_5",
    "-",
]
KEYS = ["1", "2", "3", "5", "7", "jane", "doe"]
NUMBERS = ["1", "2", "3", "5", "7", "11"]
FILES = [
    "kernel.py",
    "my_kernel.py",
    "5_kernel.py",
    "x_1_2_kernel.py",
    "x_7_assignsubmission_file_kernel.py",
    "a_3_assignsubmission_file_b_1_assignsubmission_file_kernel.py",
]


def distinct(values, size):
    return st.lists(st.sampled_from(values), min_size=size, max_size=size, unique=True)


@st.composite
def classes(draw):
    size = draw(st.integers(1, 5))
    columns = [
        draw(st.lists(st.sampled_from(NAMES), min_size=size, max_size=size)),
        *(draw(distinct(NUMBERS, size)) for _ in range(2)),
        *(draw(distinct(KEYS, size)) for _ in range(2)),
        draw(distinct([f"{key}@x.org" for key in NUMBERS] + ["jon@x.org"], size)),
        draw(st.lists(st.sampled_from(["", "EX", "3", "-"]), min_size=size, max_size=size)),
        draw(st.lists(st.none() | st.integers(1, 99), min_size=size, max_size=size)),
        draw(st.lists(st.sampled_from(FILES), min_size=size, max_size=size)),
    ]
    return [Person(*fields) for fields in zip(*columns, strict=True)]


def put(path, person):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"points = {person.points}\n")


def moodle_folders(top, person, _):
    name = re.sub(r"[&<>'|:\\/\"]", "", person.name.replace("_", " "))
    put(top / f"{name}_{person.participant}_assignsubmission_file_" / person.file, person)


def moodle_flat(top, person, _):
    put(top / f"{person.name.replace('_', ' ')}_{person.participant}_assignsubmission_file_{person.file}", person)


def canvas(top, person, place):
    name = re.sub(r"[^\w]", "", re.sub(r"_(\d+)_", r"\1", person.name)).lower()
    for copy in ("kernel.py", "kernel-1.py") if person.file == "kernel.py" else (person.file,):
        put(top / f"{name}{'_LATE' * (place % 2)}_{person.canvas}_900{place}_{copy}", person)


def gradescope(top, person, place):
    put(top / f"submission_{person.number if person.number.isdigit() else 90 + place}" / "kernel.py", person)
    with open(top / "submission_metadata.yml", "a", encoding="utf-8") as file:
        number = person.number if person.number.isdigit() else 90 + place
        file.write(f'submission_{number}:\n  :submitters:\n  - :name: "{person.name}"\n    :email: {person.email}\n')


def classroom(top, person, _):
    put(top / f"lab-{person.login}" / ".git" / "HEAD", person)
    put(top / f"lab-{person.login}" / "kernel.py", person)


def plain_logins(top, person, _):
    put(top / person.login / "kernel.py", person)


def plain_numbers(top, person, _):
    put(top / f"{person.number}.py", person)


LAYOUTS = [moodle_folders, moodle_flat, canvas, gradescope, classroom, plain_logins, plain_numbers]


def entries(layout, people):
    """The entries of a batch over a download of these people; points are what each kernel says."""
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / "stub.py").write_text("")
        lab = Lab(top, "small", "A small lab", ClassAt(top / "stub.py", "K"), None, None, (), (), ())
        for place, person in enumerate(people):
            if person.points is not None:
                layout(top / "class", person, place)
        if not (top / "class").exists():
            return []
        found = [read_source(one, "small") for one in find_submissions(top / "class")]
        return [
            entry(source.found.id, **about(lab, source, Stubs(lab))) | {"points": int(source.kernel.split()[-1])}
            for source in found
            if source.has_kernel
        ]


def table(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def resaved(text, style):
    """Return what a spreadsheet makes of a table: another separator, quotes everywhere, spaces, a mark."""
    table = csv.reader(io.StringIO(text, newline=""))
    again = io.StringIO()
    separator, quoting, space, mark = style
    rows = [[f"{cell}{space}" if n else cell for n, cell in enumerate(row)] for row in table]
    csv.writer(again, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(rows)
    return mark + again.getvalue()


STYLES = st.tuples(
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["", " ", "\u00a0"]),
    st.sampled_from(["", "\ufeff"]),
)
PLAIN = (",", csv.QUOTE_MINIMAL, "", "")


def filled(text, found, style=PLAIN):
    table = rows_of(resaved(text, style), "g.csv")
    book = read_gradebook(table, "g.csv", ["A small lab"]).fill(batch(*found))
    return list(csv.reader(io.StringIO(book.text, newline=""))), book.account


def canvas_book(people, most):
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A small lab (1)", "Other (2)"]
    possible = ["    Points Possible", "", "", "", "", most, 10]
    return table([head, possible, *([p.name, p.canvas, p.number, p.login, "S", p.old, 4] for p in people)])


def worksheet(people, most):
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
    return table([head, *([f"Participant {p.participant}", p.name, p.email, p.old, most, "-"] for p in people)])


def participants(people, _):
    head = ["Full name", "ID number", "Username", "Email address"]
    return table([head, *([p.name, p.number, p.login, p.email] for p in people)])


def right(person, most):
    return f"{(person.points or 0) * most / 100:.2f}" if person.points is not None else None


@pytest.mark.parametrize("layout", LAYOUTS)
@given(people=classes(), most=st.sampled_from([100, 40, 7.5]), style=STYLES)
@long_property(25)
def test_no_grade_goes_astray(layout, people, most, style):
    """In Canvas's gradebook and both of Moodle's: a cell is its own person's grade, or what it was."""
    found = entries(layout, people)
    (book, account), (sheet, of_sheet), (listed, of_list) = (
        filled(made(people, most), found, style) for made in (canvas_book, worksheet, participants)
    )
    book, sheet, listed = ([[cell.strip() for cell in row] for row in table] for table in (book, sheet, listed))

    check(people, most, (book, account), (sheet, of_sheet), (listed, of_list))


def check(people, most, canvas, worksheets, imported):
    """Assert that every cell is its own person's grade, or what it was, and that every row is accounted for."""
    (book, account), (sheet, of_sheet), (listed, of_list) = canvas, worksheets, imported
    assert len(book) == len(people) + 2 and len(sheet) == len(people) + 1
    for person, row, line in zip(people, book[2:], sheet[1:], strict=True):
        assert row[1:4] == [person.canvas, person.number, person.login]
        assert row[-1] in (person.old, right(person, most)) and (person.old != "EX" or row[-1] == "EX")
        assert line[3] in (person.old, right(person, most))
    known = {(p.number, p.login, p.email): p for p in people}
    for number, login, email, grade, _ in listed[1:]:
        assert grade == right(known[number, login, email], 100)
    for one in (account, of_sheet, of_list):
        sums = one.graded + one.without + len(one.excused) + len(one.unfinished) + len(one.decisions)
        assert sums == one.rows == len(people)


@st.composite
def rosters(draw, people, whole):
    """A roster of some of the people, with some of what is known of them, and a row for somebody else.

    whole: everybody with ID number and login. Only so a plain folder's name, which may be either, can be told apart.
    """
    columns = ["Full name", "ID number", "Username", "Email address", "GitHub username"]
    shown = draw(st.lists(st.sampled_from(range(5)), min_size=1, unique=True).filter(lambda n: set(n) != {0}))
    listed = draw(st.lists(st.sampled_from(people), unique=True))
    if whole:
        shown, listed = list(dict.fromkeys([*shown, 1, 2])), people
    rows = [[p.name, p.number, p.login, p.email, p.login] for p in listed]
    rows += [["Jane Doe", "99", "stranger", "stranger@x.org", "stranger"]] * draw(st.integers(0, 1))
    return table([[columns[n] for n in shown], *([row[n] for n in shown] for row in rows)])


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data(), people=classes())
@long_property(25)
def test_no_grade_goes_astray_with_a_roster(layout, data, people):
    """Whatever a roster joins, and whoever it leaves out: no grade reaches another person's row."""
    found = entries(layout, people)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "roster.csv"
        path.write_text(data.draw(rosters(people, layout in (plain_logins, plain_numbers))), encoding="utf-8")
        account = introduce(found, read_roster(path, {}))

    assert account.graded + account.without + len(account.decisions) + len(account.unfinished) == account.rows
    check(people, 100, *(filled(made(people, 100), found) for made in (canvas_book, worksheet, participants)))


@given(people=classes())
@long_property(25)
def test_the_platforms_own_gradebook_takes_every_grade(people):
    """Moodle's folders in its worksheet: everybody who handed in is graded, whatever the names are."""
    handed_in = [p for p in people if p.points is not None]
    sheet, account = filled(worksheet(people, 100), entries(moodle_folders, people))

    assert account.graded == len(handed_in) and account.decisions == []
    assert [row[3] for row in sheet[1:]] == [right(p, 100) or p.old for p in people]


@given(people=classes(), other=st.permutations(range(5)))
@long_property(25)
def test_the_worksheet_of_another_assignment_gets_no_grade(people, other):
    """Its people are the same, their numbers are not: nobody is graded by an equal name or address."""
    elsewhere = [p._replace(participant=str(500 + n)) for p, n in zip(people, other, strict=False)]
    found = entries(moodle_folders, people)
    for one in found:
        person = next(p for p in people if p.participant == one["user"])
        one.update(email=person.email)
    sheet, account = filled(worksheet(elsewhere, 100), found)

    assert account.graded == 0 and [row[3] for row in sheet[1:]] == [p.old for p in people]


@given(people=classes(), cuts=st.lists(st.booleans(), min_size=5, max_size=5))
@long_property(25)
def test_a_groups_points_reach_its_members_only(people, cuts):
    """Gradescope's groups, cut anywhere from a class: every member gets the group's grade, and nobody else does."""
    groups = []
    for person, cut in zip(people, cuts, strict=False):
        if cut or not groups:
            groups.append([])
        groups[-1].append(person)
    owner = {person.email: 10 + place for place, group in enumerate(groups) for person in group}
    found = [
        entry(
            f"submission_{place}",
            system="gradescope",
            user="1",
            points=10 + place,
            label=group[0].name,
            email=group[0].email,
            others=[{"label": one.name, "email": one.email, "number": ""} for one in group[1:]],
        )
        for place, group in enumerate(groups)
    ]
    sheet, account = filled(worksheet(people, 100), found)

    assert account.graded == len(people) and account.unmatched == []
    assert [row[3] for row in sheet[1:]] == [f"{owner[person.email]:.2f}" for person in people]
