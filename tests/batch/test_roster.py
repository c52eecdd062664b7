"""A roster joins the keys that downloads lack: logins, numbers, names, teams."""

import pytest

from grader.batch.accounting import of_roster
from grader.batch.csv_table import rows_of
from grader.batch.gradebooks import read_gradebook
from grader.batch.roster import introduce, listed_in, name_people, parse_columns, read_roster
from grader.errors import InputError
from tests.batch.results import batch, entry

PLAIN = "login,ID number,name,group,email\njd1,7,Jane Doe,Red,jane@x.org\njs2,8,Jon Snow,Red,jon@x.org\n"
CANVAS = (
    'Student,ID,SIS User ID,SIS Login ID,Section,A small lab (1)\n"Doe, Jane",101,7,jd1,S,\n"Snow, Jon",102,8,js2,S,\n'
    "    Points Possible,,,,,100\n"
)


@pytest.fixture
def roster(tmp_path):
    """roster(text): a roster that was read from a file of that text."""

    def make(text, columns=()):
        (tmp_path / "r.csv").write_text(text, encoding="utf-8")
        return read_roster(tmp_path / "r.csv", parse_columns(columns))

    return make


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (PLAIN, []),
        ("First name,Last name,ID number,Email address\nJane,Doe,7,jane@x.org\n", []),
        ("Vorname;Nachname;ID-Nummer;E-Mail-Adresse\nJane;Doe;7;jane@x.org\n", []),
        ("First Name,Last Name,SID,Email,Sections\nJane,Doe,7,jane@x.org,A\n", []),
        (CANVAS, []),
        ("\ufeffKennung,Matrikel,Wer\njd1,7,Jane Doe\n", ["login=Kennung,number=Matrikel", "name=wer"]),
    ],
)
def test_columns_are_recognised_or_named(roster, text, columns):
    """Exports of Moodle, Canvas and Gradescope in English and German, and a list of one's own with --columns."""
    first = roster(text, columns).listed[0]

    assert (first.name, first.number) == ("Jane Doe", "7")


@pytest.mark.parametrize(
    ("text", "columns", "told"),
    [
        ("a,b\n1,2\n", [], r"r.csv:1: no column to know people by \(it has a, b\); expected email address"),
        (PLAIN, ["login=Kennung"], r"r.csv:1: no column is called 'Kennung' \(it has login, ID number"),
        (PLAIN, ["shoe=b"], "--columns 'shoe=b': use WHAT=NAME, where WHAT is one of name"),
        ("login,name\njd,Jane\nJD,John\n", [], "r.csv: lines 2, 3 have the same login [(]jd[)]; correct"),
        ("", [], "r.csv: the file is empty"),
        ('login\n"x', [], "r.csv:2: a quote that opens in this row is never closed"),
    ],
)
def test_a_wrong_roster_is_named(roster, text, columns, told):
    """The line, what was found and the way out."""
    with pytest.raises(InputError, match=told):
        roster(text, columns)


def test_a_github_login_gets_its_row(roster):
    """Classroom knows a login, Canvas a number: only the roster joins them."""
    one = entry("janedoe", system="classroom", user="janedoe", label="janedoe", given="lab-janedoe")
    told = introduce([one], roster("login,number,name,github\njd1,7,Jane Doe,JaneDoe\njanedoe,8,Jon Snow,\n"))
    filled = read_gradebook(rows_of(CANVAS, "c.csv"), "c.csv", ["A small lab"]).fill(batch(one))

    assert (one["label"], one["number"]) == ("Jane Doe", "7")
    assert [line.rpartition(",")[2] for line in filled.text.splitlines()[1:3]] == ["50.00", ""]
    assert (told.graded, told.missing) == (1, ["Jon Snow"])


def test_logins_that_begin_alike_are_cut_where_the_roster_says(roster):
    """cow-lab-jane-doe and cow-lab-jane-roe: the logins are jane-doe and jane-roe, not doe and roe."""
    entries = [entry(n, system="classroom", user=n, given=f"cow-lab-jane-{n}") for n in ("doe", "roe")]
    introduce(entries, roster("github,number\njane-doe,1\njane-roe,2\n"))

    assert [one["number"] for one in entries] == ["1", "2"]


def test_a_team_gets_all_of_its_members(roster):
    """A repository or folder that is called like a group: every member is one of its people."""
    one = entry("red", system="classroom", user="red", given="lab-red")
    introduce([one], roster(PLAIN))
    filled = read_gradebook(rows_of(CANVAS, "c.csv"), "c.csv", ["A small lab"]).fill(batch(one))

    assert (one["label"], [other["label"] for other in one["others"]]) == ("Jane Doe", ["Jon Snow"])
    assert filled.account.graded == 2


def test_a_person_of_several_groups_is_in_each(roster):
    """Moodle lists all groups of a person in one cell. A team whose own name has a comma stays one team."""
    people = 'a1,Ann,"Red, Monday"\nb1,Bob,"Red, Friday"\nc1,Cid,Red\nd1,Dan,"Doe, Jane"\ne1,Eve,"Doe, Jane"\n'
    red, doe, jane = (entry(name, user=name, given=name) for name in ("Red", "Doe, Jane", "Jane"))
    introduce([red, doe, jane], roster(f"login,name,team\n{people}"))

    assert [red["label"], *(other["label"] for other in red["others"])] == ["Ann", "Bob", "Cid"]
    assert [doe["label"], *(other["label"] for other in doe["others"])] == ["Dan", "Eve"]
    assert (jane["label"], jane["others"]) == ("Jane", [])


def test_a_moodle_team_folder_of_a_person_in_several_groups(roster):
    """Whichever of the groups the folder is of."""
    one = entry("p", system="moodle", user="55", label="Red-Ann Doe")
    told = introduce([one], roster('login,name,team\na1,Ann Doe,"Monday, Red"\nb1,Bob,"Friday, Red"\n'))

    assert (one["label"], one["login"], told.unmatched) == ("Ann Doe", "a1", [])


def test_a_member_of_two_teams_that_handed_in_is_for_a_person_to_decide(roster):
    """Both submissions claim the person, so neither grade is written."""
    both = [entry(name, user=name, given=name) for name in ("Red", "Blue")]
    introduce(both, roster('login,number,name,team\njd1,7,Jane Doe,"Red, Blue"\njs2,8,Jon Snow,Red\nx3,9,Xi,Blue\n'))
    filled = read_gradebook(rows_of(CANVAS, "c.csv"), "c.csv", ["A small lab"]).fill(batch(*both))

    assert [line.rpartition(",")[2] for line in filled.text.splitlines()[1:3]] == ["", ""]
    assert [told.partition(":")[0] for told in filled.account.decisions] == ["line 2 (Doe, Jane)", "line 3 (Snow, Jon)"]


TEAMS = "login,name,team\na1,Ann,Team Ä\nb1,Bob,Team A\nc1,Cid,Team A-1\nd1,Dan,李\n"


@pytest.mark.parametrize(
    ("called", "people"),
    [("Team Ä", ["Ann"]), ("team a", ["Bob"]), ("team-a-1", ["Cid"]), ("李", ["Dan"]), ("王", ["王"])],
)
def test_teams_of_one_address_stay_apart(roster, called, people):
    """`Team Ä` and `Team A` are team-a in a repository's name; a name without Latin letters is no other such name."""
    one = entry("x", user=called, label=called)
    introduce([one], roster(TEAMS))

    assert [one["label"], *(other["label"] for other in one["others"])] == people


def test_a_team_that_may_be_two_is_for_a_person_to_decide(roster):
    """A repository has only the address that two teams share: neither gets its points."""
    one = entry("team-a", system="classroom", user="team-a", given="lab-team-a")
    introduce([one], roster(TEAMS))

    assert one["others"] == [] and one["doubt"] == "lab-team-a can be the submission of Team Ä or of Team A"


def test_a_login_comes_before_a_team_of_that_name(roster):
    """A folder that is called like somebody's login is that person's, not a group's."""
    one = entry("red", user="red", given="red")
    introduce([one], roster("login,name,group\nred,Ann Red,Blue\nb1,Bob,Red\n"))

    assert (one["label"], one["others"]) == ("Ann Red", [])


def test_a_moodle_team_folder(roster):
    """Moodle writes the team before the name."""
    one = entry("p", system="moodle", user="55", label="Red-Jane Doe")
    introduce([one], roster(PLAIN))

    assert (one["label"], one["number"]) == ("Jane Doe", "7")


def test_two_people_of_one_name_are_for_a_person_to_decide(roster):
    """Neither gets the submission, and the account says so."""
    told = introduce([entry("p", system="moodle", user="5", label="Jane Doe")], roster(PLAIN + "x,9,Jane Doe,,\n"))

    assert of_roster(told) == [
        "roster: 3 people: 0 handed in, 1 did not, 2 need a decision",
        "  decide: line 2 (Jane Doe): p fits line 4 as well",
        "  decide: line 4 (Jane Doe): p fits line 2 as well",
        "  not handed in: Jon Snow",
    ]


def test_who_is_not_in_the_roster_is_named(roster):
    """A submission of nobody is listed, not dropped."""
    told = introduce([entry("stranger", user="stranger")], roster(PLAIN))

    assert "  not in the roster: stranger" in of_roster(told)


GRADEBOOK = [
    ["Identifier", "Full name", "Email address", "Grade"],
    ["Participant 500017", "Jane Doe", "jane@example.org", ""],
    ["Participant 500018", "", "", ""],
]


def moodle(number, **more):
    """Return a submission of a blind Moodle assignment."""
    found = {"id": f"participant-{number}", "system": "moodle", "user": number, "label": f"Participant {number}"}
    return entry(found.pop("id"), **(found | more))


def test_a_gradebook_gives_names():
    """Who is known by one key gets the gradebook's name, and no address of it; others keep what they have."""
    entries = [moodle("500017"), moodle("500018"), moodle("500019")]
    name_people(entries, listed_in(GRADEBOOK, "w.csv"))

    assert [one["label"] for one in entries] == ["Jane Doe", "Participant 500018", "Participant 500019"]
    assert entries[0]["email"] == ""


CANVAS_ENTRY = {"system": "canvas", "user": "31", "label": "janedoe"}


@pytest.mark.parametrize(("number", "handed_in"), [("7", 1), ("8", 0)])
def test_a_gradebook_joins_a_download_with_the_roster(roster, number, handed_in):
    """Canvas's number is in the gradebook only, next to the ID number that the roster has; the name alone is not enough
    where the number is another's."""
    one = entry("janedoe-31", **CANVAS_ENTRY)
    book = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section"], ["Doe, Jane", "31", number, "x", "S"]]
    name_people([one], listed_in(book, "c.csv"))
    told = introduce([one], roster("name,number,email\nJane Doe,7,jane@x.org\n"))

    assert (told.graded, one["number"], one["email"]) == (handed_in, number, "jane@x.org" * handed_in)


def test_a_name_of_the_roster_stays():
    """A roster was written for this; a gradebook only fills gaps."""
    entries = [moodle("500017", label="Jane A. Doe", named=True)]
    name_people(entries, listed_in(GRADEBOOK, "w.csv"))

    assert entries[0]["label"] == "Jane A. Doe"


def test_an_id_number_of_the_download_stays():
    """A gradebook that has another one for the same person does not replace it."""
    entries = [entry("janedoe-31", **CANVAS_ENTRY, number="7")]
    book = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section"], ["Doe, Jane", "31", "8", "x", "S"]]
    name_people(entries, listed_in(book, "c.csv"))

    assert (entries[0]["label"], entries[0]["number"]) == ("Jane Doe", "7")


def test_two_rows_with_one_key_name_nobody():
    """A gradebook that has a participant twice is no reason to choose one of two names."""
    entries = [moodle("500017")]
    name_people(entries, listed_in([*GRADEBOOK, ["Participant 500017", "Joan Doe", "", ""]], "w.csv"))

    assert entries[0]["label"] == "Participant 500017"


def test_one_person_in_two_gradebooks():
    """The same row, as of two sections or of a file that was named twice, is still one person."""
    entries = [moodle("500017")]
    name_people(entries, [*listed_in(GRADEBOOK, "a.csv"), *listed_in(GRADEBOOK, "b.csv")])

    assert entries[0]["label"] == "Jane Doe"


def test_a_table_without_keys_names_nobody():
    """Without a column to know people by there is nobody to name, and no error: it is not the roster."""
    assert listed_in([["Student", "Grade"], ["Jane Doe", "1"]], "w.csv") == []


def test_a_report_has_names_from_the_gradebook(cli, lab, tmp_path):
    """A participant's number in a download, a name in the worksheet: the report has both, also after a second merge."""
    folder = tmp_path / "class" / "Participant 7_500017_assignsubmission_file"
    folder.mkdir(parents=True)
    (folder / "kernel.py").write_text("class Nothing:\n    pass\n")
    book = tmp_path / "worksheet.csv"
    book.write_text("Identifier,Full name,Grade,Last modified (grade)\nParticipant 500017,Jane <i>Doe,,\n")
    options = ("--isolation", "auto", "-q", "--gradebook", book)
    cli("batch", lab, tmp_path / "class", "--output", tmp_path / "out", *options)
    merges = [cli("merge", lab, tmp_path / "out", "--output", tmp_path / "all", *options) for _ in range(2)]

    assert [(status, err) for status, _, err in merges] == [(0, ""), (0, "")]
    for output in ("out", "all"):
        page = (tmp_path / output / "report.html").read_text()
        assert "<code>participant-500017</code></a> <small>Jane &lt;i&gt;Doe</small>" in page


def test_the_roster_of_classroom_50(roster):
    """Its usernames are GitHub's: no login at the university is matched by one."""
    text = (
        "username,first_name,last_name,email,section,github_id,role,status,student_id\njane,Jane,Doe,j@x.org,1,9,,,7\n"
    )
    (one,) = roster(text).listed

    assert (one.name, one.github, one.login, one.number) == ("Jane Doe", "jane", "", "7")


def test_the_roster_of_github_classroom(roster):
    """It has a column of its own for GitHub's logins, so the identifier stays the university's."""
    (one,) = roster("identifier,github_username,github_id,name\njd1,jane,9,Jane Doe\n").listed

    assert (one.github, one.login) == ("jane", "jd1")


def test_two_columns_for_one_thing_are_asked_about(roster):
    """The first is not taken in silence; --columns decides."""
    text = "Username,Login,name\njane,jd1,Jane Doe\n"
    with pytest.raises(InputError, match="'username' and 'login' can both be the login; name the right one with --col"):
        roster(text)

    assert roster(text, ["login=Login"]).listed[0].login == "jd1"


def test_a_name_of_the_roster_is_no_surer_than_a_name(roster):
    """The roster has one Jane Doe, the gradebook two: the number that the roster gave for it decides nothing."""
    one = entry("participant-9", system="moodle", user="9", label="Jane Doe")
    introduce([one], roster("Full name,ID number\nJane Doe,7\n"))
    text = CANVAS.replace('"Snow, Jon"', '"Doe, Jane"')
    twice = read_gradebook(rows_of(text, "c.csv"), "c.csv", ["A small lab"]).fill(batch(one)).account
    once = read_gradebook(rows_of(CANVAS, "c.csv"), "c.csv", ["A small lab"]).fill(batch(one)).account

    assert one["number"] == "7" and once.graded == 1
    assert twice.graded == 0
    assert twice.decisions == [
        "line 2 (Doe, Jane): the roster knows participant-9 by name only, and line 3 has the same name"
    ]
