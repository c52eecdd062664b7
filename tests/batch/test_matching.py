"""Rows and submissions: one unique key, or no grade."""

import pytest

from grader.batch.identity import EMAIL, LOGIN, NAME, NUMBER, PARTICIPANT, contested, key, keys
from grader.batch.matching import Row, match
from tests.batch.results import entry


def row(line, *pairs, name=""):
    return Row(line, f"row {line}", keys(*pairs), key(NAME, name))


def ids(matches):
    return [one.entry["id"] if one.entry else one.decide for one in matches.rows]


def test_a_participant_number_is_no_id_number():
    """Another folder's participant number equals somebody's ID number: no match."""
    jane = entry("participant-7", system="moodle", user="7", label="Jane")
    matches = match([jane], [row(2, (NUMBER, "7"), (EMAIL, "jon@x.org")), row(3, (PARTICIPANT, "7"))])

    assert ids(matches) == ["", "participant-7"]


def test_a_github_login_is_no_login():
    """A GitHub login that equals another's login at the university fills no row."""
    matches = match([entry("jon", system="classroom", user="jon")], [row(2, (LOGIN, "jon"), name="jon")])

    assert (ids(matches), matches.unmatched) == ([""], ["jon"])


def test_two_rows_of_one_name_get_nothing():
    """A name is a key only where both sides have it once."""
    matches = match([entry("a", user="a", label="Jane Doe")], [row(2, name="Jane Doe"), row(3, name="jane  doe")])

    assert ids(matches) == ["a fits line 3 as well", "a fits line 2 as well"]


def test_two_submissions_of_one_name_get_nothing():
    """Both candidates are named."""
    both = [entry(id, system="moodle", user=id, label="Jane Doe") for id in ("1", "2")]

    assert ids(match(both, [row(2, name="Jane Doe")])) == ["fits 1 and 2"]


def test_a_name_of_somebody_who_is_found_by_a_key_is_not_used_again():
    """The second Jane Doe has no submission; the first one's is not hers."""
    jane = entry("p", system="moodle", user="7", label="Jane Doe")
    first = row(2, (PARTICIPANT, "7"), name="Jane Doe")

    assert ids(match([jane], [first, row(3, (PARTICIPANT, "8"), name="Jane Doe")])) == ["p", ""]
    assert ids(match([jane], [first, row(3, (EMAIL, "other@x.org"), name="Jane Doe")])) == ["p", ""]


@pytest.mark.parametrize(
    ("one", "known"),
    [
        ({"system": "moodle", "user": "1", "number": "111"}, (NUMBER, "222")),
        ({"user": "x", "number": "111"}, (NUMBER, "222")),
        ({"system": "moodle", "user": "7"}, (PARTICIPANT, "8")),
    ],
)
def test_a_name_does_not_outweigh_a_number(one, known):
    """Another ID or participant number is another Jane Doe, also if nobody else has her name."""
    matches = match([entry("p", label="Jane Doe", **one)], [row(2, known, name="Jane Doe")])

    assert (ids(matches), matches.unmatched) == ([""], ["p"])


def test_a_name_outweighs_an_address():
    """People have several e-mail addresses: a name that both sides have once still counts."""
    jane = entry("p", system="gradescope", label="Jane Doe", email="jane@x.org")

    assert match([jane], [row(2, (EMAIL, "jd1@x.org"), name="Jane Doe")]).rows[0].by_name


def test_what_the_roster_adds_counts():
    """A login that only the roster has finds its row; so does a name, where the download itself has a login."""
    known = entry("p", system="moodle", user="5", login="jd1")
    named = entry("q", system="canvas", user="31", label="Jane Doe", named=True)
    login = entry("r", system="canvas", user="32", label="jon")

    assert ids(match([known], [row(2, (LOGIN, "jd1"))])) == ["p"]
    assert ids(match([named, login], [row(2, name="Jane Doe"), row(3, name="jon")])) == ["q", ""]


def test_one_key_that_two_rows_have():
    """A folder called 7 fits an ID number and another's login: neither gets its grade."""
    matches = match([entry("7", user="7")], [row(2, (NUMBER, "7")), row(3, (LOGIN, "7"))])

    assert ids(matches) == ["7 fits line 3 as well", "7 fits line 2 as well"]


def test_a_row_that_fits_two_submissions():
    """By number the one, by e-mail address the other."""
    both = [entry("a", user="a", number="7"), entry("b", user="b", email="j@x.org")]

    assert ids(match(both, [row(2, (NUMBER, "7"), (EMAIL, "J@x.org"))])) == ["fits a and b"]


@pytest.mark.parametrize("other", [{"user": "JANE"}, {"user": "x", "email": "jane"}, {"user": "x", "doubt": "unclear"}])
def test_two_claims_on_one_person_are_contested(other):
    """Both are named with the reason, and no row of theirs is filled."""
    claims = [entry("one", user="jane"), entry("two", **other)]
    reasons = contested(claims)
    matches = match(claims, [row(2, (LOGIN, "jane"), (LOGIN, "x"))])

    assert reasons["two"].startswith(("one has the same", "unclear"))
    assert matches.rows[0].entry is None and matches.rows[0].decide


def test_names_in_two_unicode_forms_are_one():
    """macOS decomposes letters with accents in the names of files."""
    assert key(NAME, "Jose\u0301 A") == key(NAME, "JOS\u00c9  a")


def test_names_differ_by_their_vowel_signs():
    """Marks belong to a name: without them two Hindi names are one."""
    assert key(NAME, "\u0938\u0940\u0924\u093e") != key(NAME, "\u0938\u0924\u093e")
    assert key(NAME, "Jose\u0301_Doe") == key(NAME, "Jos\u00e9 Doe")
