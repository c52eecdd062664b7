"""Whose numbers count: the course's, not the sheet's."""

import pytest

from grader.batch.identity import owners
from grader.quiz import mark
from grader.quiz.questions import load_quiz
from grader.quiz.variants import by_the_course, everybodys, in_practice, with_folded_id


@pytest.mark.parametrize(
    ("rule", "owners", "seed"),
    [
        ("", ("ada",), ""),
        ("week3", ("ada",), "week3"),
        ("w3-{student}", ("500017", "ada"), "w3-ada"),
        ("w3-{student}", ("500018", "", "bob"), "w3-500018"),
        ("w3-{student}", (), ""),
    ],
)
def test_a_sheet_chooses_among_its_students_ids_only(rule, owners, seed):
    """It names the variant w3-ada: this counts where the rule and one of the student's ids give it."""
    assert by_the_course("w3-ada", owners)(rule) == seed


def test_in_practice_the_sheet_decides():
    """Whoever practises goes by the sheet, and by the course's seed without one."""
    assert [in_practice("ada")("w3"), in_practice("")("w3"), in_practice("")("{student}")] == ["ada", "w3", ""]
    assert everybodys("w3") == "w3"


def test_a_sheet_that_names_anothers_variant_is_marked_with_the_courses_numbers(varied):
    """As `grader run` and `grader batch` mark it; the mismatch and the way out are named."""
    lab, _ = varied()
    marked = mark(lab, b"variant: ada\ncopies: 4\n")

    assert marked["questions"][0]["verdict"] == "wrong"
    assert "the course decides which variant counts: answer the quiz that" in marked["problems"][0]


def test_a_display_name_is_no_id_where_there_is_one():
    """Students can change their name to a friend's login; it counts only where a download has nothing else."""
    about = {"system": "moodle", "user": "", "number": "500017", "email": "", "label": "ada"}

    assert owners(about) == ("500017",)
    assert owners({**about, "number": ""}) == ("ada",)


@pytest.mark.parametrize("named", ["w3-jane", "w3-JANE", "w3-Jane", "W3-jane"])
def test_no_spelling_of_an_id_buys_other_numbers(varied, named):
    """The seed has the id in small letters, whoever spells it and wherever; the sheet needs nobody's decision."""
    assert by_the_course(named, ("Jane", "JANE"))("w3-{student}") == "w3-jane"

    lab, _ = varied(old="format: 1\n", new="format: 1\nseed: 'w3-{student}'\n")
    seeds = [named, in_practice(named), by_the_course(named, ("Jane",))]
    assert [load_quiz(lab, seed).questions for seed in seeds] == [load_quiz(lab, "w3-jane").questions] * 3
    assert [load_quiz(lab, seed).seed for seed in seeds] == ["w3-jane"] * 3
    sheet = f"variant: {named}\n".encode()
    assert "problems" not in mark(lab, sheet, ("JANE",)) and "problems" not in mark(
        lab, b"variant: w3-jane\n", ("JANE",)
    )


@pytest.mark.parametrize(
    ("rule", "seed", "folded"),
    [
        ("WS-{student}", "ws-EMIL", "WS-emil"),
        ("{student}", "EMIL", "emil"),
        ("{student} of A, {student}", "Emil of a, EMIL", "emil of A, emil"),
        ("{student} of A, {student}", "Emil of A, Jane", "Emil of A, Jane"),
        ("w3-{student}", "Ada", "Ada"),
        ("Week3", "Week3", "Week3"),
        ("", "Ada", "Ada"),
        ("w3-{student}", "w3", "w3"),
        ("w3-{student}", "", ""),
    ],
)
def test_only_the_id_is_folded(rule, seed, folded):
    """The course's own letters stay as they are, so that everybody keeps the numbers that the rule has given."""
    assert with_folded_id(seed, rule) == folded


def test_two_ways_to_write_an_accent_are_one_id():
    """A Mac decomposes names of files."""
    assert by_the_course("w3-ren\u00e9", ("rene\u0301",))("w3-{student}") == "w3-ren\u00e9"


def test_a_sheet_of_another_variant_needs_a_person(varied):
    """A friend's sheet, and a sheet of nobody; one's own does not."""
    lab, _ = varied(old="format: 1\n", new="format: 1\nseed: 'w3-{student}'\n")
    doubts = [mark(lab, f"variant: {name}\n".encode(), ("bob",)).get("doubt") for name in ("w3-jim", "x", "w3-BOB")]

    assert doubts == ["another variant", "another variant", None]
