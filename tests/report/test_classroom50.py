"""Classroom 50's result.json."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.report import render
from tests.labs import recorded
from tests.report.classroom50_schema import ENVIRONMENT, SCHEMA
from tests.report.results import result_of


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return result_of(recorded(tmp_path_factory.mktemp("lab")))


def rendered(result):
    document = json.loads(render(result, "classroom50"))
    jsonschema.validate(document, SCHEMA)
    return document


def test_it_fits_their_schema(result):
    """Every scenario and the quiz are tests; the identity is the environment's; no comparison means the commit."""
    found = rendered(result)

    assert (found["score"], found["max-score"]) == (50, 100)
    assert (found["classroom"], found["owner"], found["review"]) == ("os", "jane", ENVIRONMENT["COMMIT_URL"])
    quizzes = sum(task["id"] == "quiz" for task in result["tasks"])
    assert len(found["tests"]) == len(result["scenarios"]) + quizzes


@pytest.mark.parametrize("kind", ["group", "team"])
def test_assignments_of_several_students(result, monkeypatch, kind):
    """The runner says which type it is, and expects it back."""
    monkeypatch.setenv("ASSIGNMENT_TYPE", kind)

    assert rendered(result)["assignment_type"] == kind


_HUNDREDTHS = st.integers(1, 1000).map(lambda n: n / 100)


@given(st.lists(st.tuples(_HUNDREDTHS, st.booleans()), min_size=1, max_size=30))
def test_tests_add_up_to_the_score(result, scored):
    """Whatever the fractions: a passed test has all its points, a failed one none, and only full marks give all."""
    scenario = result["scenarios"][0]
    scenarios = [
        {**scenario, "verdict": "passed" if ok else "failed", "points": worth if ok else 0, "max_points": worth}
        for worth, ok in scored
    ]
    points = round(sum(worth for worth, ok in scored if ok), 2)
    most = round(sum(worth for worth, _ in scored), 2)
    found = rendered({**result, "scenarios": scenarios, "tasks": [], "points": points, "max_points": most})

    assert sum(test["score"] for test in found["tests"]) == found["score"]
    assert sum(test["max-score"] for test in found["tests"]) == found["max-score"]
    assert all(test["score"] == (test["max-score"] if test["passed"] else 0) for test in found["tests"])
    if found["max-score"]:
        assert (found["score"] == found["max-score"]) == all(ok for _, ok in scored)
    assert abs(found["score"] - points) <= 1.5


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SUBMISSION_TAG", "v1", "SUBMISSION_TAG is 'v1'; expected a tag that begins with submit/"),
        ("ASSIGNMENT_TYPE", "pair", "ASSIGNMENT_TYPE is 'pair'; expected one of individual, group, team"),
        ("OWNER", "", "OWNER or USERNAME is not set in the environment"),
    ],
)
def test_a_wrong_environment_is_named(result, monkeypatch, name, value, told):
    """The variable, its value and what is expected; no result is written for nobody."""
    monkeypatch.setenv(name, value)

    with pytest.raises(InputError) as error:
        render(result, "classroom50")
    assert told in str(error.value)
