"""JUnit XML, read back by a parser that is not ours."""

import junitparser
import pytest

from grader.report import render
from tests.kernels import SmallKernel
from tests.report.results import result_of


def parsed(result):
    return junitparser.JUnitXml.fromstring(render(result, "junit").encode())


@pytest.fixture
def failing(lab):
    return result_of(lab)


def test_a_case_for_every_scenario_and_question(failing):
    """A suite is a task, a case a scenario or a question; no two cases have one name, for GitLab keeps the first."""
    suites = parsed(failing)
    names = [(case.classname, case.name) for suite in suites for case in suite]

    assert [suite.name for suite in suites] == ["1. First touch", "2. Fork", "3. Quiz"]
    assert sorted(names) == sorted(set(names))
    assert ("small.share", "hidden-1") in names
    assert ("small.quiz", "copies") in names


def test_counts_are_those_of_the_cases(failing):
    """What the root and the suites say they hold is what they hold."""
    suites = parsed(failing)
    told = (suites.tests, suites.failures, suites.errors, suites.skipped)
    suites.update_statistics()

    assert told == (suites.tests, suites.failures, suites.errors, suites.skipped)


def test_a_failure_says_why(failing):
    """The element's content is the whole explanation, the message one line of it."""
    (case,) = [case for suite in parsed(failing) for case in suite if case.name == "fork"]
    (failure,) = case.result

    assert isinstance(failure, junitparser.Failure)
    assert failure.type == "failed"
    assert "audit" in failure.message
    assert "Steps 1-2 agree with the reference" in failure.text


def test_verdicts_become_elements(failing):
    """Waiting is skipped, ours is an error, a pass has nothing inside."""
    failing["scenarios"][0]["verdict"] = "ungradable"
    failing["scenarios"][1]["verdict"] = "waiting"
    kinds = {case.name: [type(r).__name__ for r in case.result] for suite in parsed(failing) for case in suite}

    assert kinds["touch"] == ["Error"]
    assert kinds["fork"] == ["Skipped"]


def test_nothing_fails_for_the_model_answer(lab):
    """All points: no failure, error or skipped case outside the quiz."""
    suites = parsed(result_of(lab, SmallKernel, answers=b"copies: 1\nwho: writer\n"))

    assert (suites.failures, suites.errors, suites.skipped) == (0, 0, 0)
