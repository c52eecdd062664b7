"""Kernels that speak through hidden scenarios: students can tell no more results apart than grade/hidden.py says.

A kernel knows the steps of a hidden scenario and chooses its ending. The tests let it choose every ending for every
hidden scenario, and count what a student can tell apart while the public behaviour stays the same.
"""

import itertools
import json
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.compare.judge import Divergence
from grader.grade.attempt import Attempt
from grader.grade.graded import Graded
from grader.grade.hidden import Outcome, summarize
from grader.grade.result_builder import ResultBuilder, exit_status
from grader.grade.runner import Printed
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.lab.feedback import Feedback
from grader.lab.lab import load_lab
from grader.report import FORMATS, github, render
from grader.report.json_result import SCHEMA
from tests.labs import SECRET, kernel_text, recorded
from tests.marks import proofs_except
from tests.report.results import ISOLATION

AFTER = Feedback("rule", "2026-12-24", 1000.0)

#: hidden_feedback -> the lab's setting, the moment, and how many outcomes one task may have.
KINDS = {
    "passed": (Feedback(), 0, 2),
    "rule": (Feedback("rule"), 0, 3),
    "points": (Feedback("points"), 0, 5),
    "before": (AFTER, 999, 1),
    "after": (AFTER, 1000, 3),
}

#: Every ending a kernel can choose; `audit` and `values` are failures with that rule.
ENDINGS = (
    PASSED,
    "audit",
    "values",
    "not_implemented",
    "crashed",
    "timed_out",
    "no_progress",
    "refused",
    "tampered",
    UNGRADABLE,
)

#: Public behaviours: the endings of `touch` and of `fork`, which needs it.
PUBLIC = ((PASSED, PASSED), (PASSED, "audit"), ("values", "audit"), ("not_implemented",) * 2, (PASSED, UNGRADABLE))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A lab with three hidden scenarios: two of task `touch`, of different weights, and one of `share`."""
    loaded = load_lab(recorded(tmp_path_factory.mktemp("lab")))
    (secret,) = loaded.hidden
    hidden = [secret._replace(id=f"secret-{n}", task=task, weight=n) for n, task in ((1, "touch"), (2, "touch"))]
    return loaded._replace(hidden=(*hidden, secret))


def attempt(ending, said):
    """An attempt that ended so. `said` is all that a kernel can put into words, which must not show."""
    if ending in ("audit", "values"):
        return Attempt("failed", said, (said,), Divergence(len(said), ending, said, said), (), said)
    return Attempt(ending, said, (said,), None, (), said)


def result_of(lab, kind, public, hidden, audience="student", order=1):
    """The result of a kernel with these endings; order -1 attempts the hidden scenarios the other way round."""
    feedback, now, _ = KINDS[kind]
    lab = lab._replace(feedback=feedback)
    graded = [
        Graded(scenario, False, attempt(ending, "public"), Printed(), lab.share(scenario))
        for scenario, ending in zip(lab.scenarios, public, strict=True)
    ]
    graded += [
        Graded(scenario, True, attempt(ending, f"secret {hidden}"), Printed(f"secret {hidden}"), lab.share(scenario))
        for scenario, ending in list(zip(lab.hidden, hidden, strict=True))[::order]
    ]
    return ResultBuilder(lab, graded, None, None, HASHES).build("work", "0" * 64, ISOLATION, audience, now)


#: Hashes are those of the lab alone; computing them again for each result would take most of the tests' time.
HASHES = dict.fromkeys(("touch", "fork", "secret", "secret-1", "secret-2"), "0" * 64)


def told(kind, hidden, rule):
    """What the documentation lets a student know of these endings: nothing but this may tell two results apart."""
    if kind == "before":
        return ""
    if UNGRADABLE in hidden:
        return "incomplete"
    tasks = (hidden[:2], (2, 1)), (hidden[2:], (1,))
    known = []
    for number, (endings, _) in enumerate(tasks):
        passed = all(ending == PASSED for ending in endings)
        known.append((passed, kind in ("rule", "after") and not passed and rule[number] in endings))
    if kind == "points":
        # touch: weights 1 and 2 of 3, so one of them shows as a quarter, and the other as two.
        known.append({(True, False): 1, (False, True): 2}.get(tuple(e == PASSED for e in hidden[:2]), 0))
    return tuple(known)


@pytest.mark.parametrize("public", proofs_except([PUBLIC[1], *PUBLIC[3:]], PUBLIC), ids="-".join)
@pytest.mark.parametrize("kind", ["passed", "rule", "points", "before"])
def test_a_student_can_tell_apart_what_is_promised_and_no_more(lab, kind, public):
    """All endings of one hidden scenario with those of two others: results differ only as documented."""
    waits = public[0] != PASSED
    rule = (public[0] if public[0] == "values" else "", public[1] if public[1] == "audit" and not waits else "")
    found = {}
    others = (PASSED, "audit", "values", "crashed", UNGRADABLE)
    for hidden in itertools.product(ENDINGS, others, others[:2] + others[3:]):
        result = result_of(lab, kind, public, hidden)
        found.setdefault(told(kind, hidden, rule), set()).add((json.dumps(result), exit_status(result)))
    most = KINDS[kind][2] ** 2 + (kind != "before")

    assert all(len(results) == 1 for results in found.values())
    assert len(found) == len(set().union(*found.values())) <= most


def test_after_the_date_a_lab_tells_what_rule_tells(lab):
    """Every ending gives the same result under `rule` and under a date that has passed."""
    for hidden in itertools.product(ENDINGS, repeat=2):
        ending = (PASSED, "audit"), (*hidden, "audit")
        assert result_of(lab, "after", *ending) == result_of(lab, "rule", *ending)


@pytest.mark.parametrize("kind", KINDS)
def test_all_formats_are_made_from_that_result_and_are_valid(lab, kind):
    """Two kernels with other endings but the same outcomes give the same bytes in every format."""
    one, two = (
        result_of(lab, kind, (PASSED, "audit"), hidden, order=order)
        for hidden, order in (((PASSED, "crashed", "audit"), 1), ((PASSED, "timed_out", "audit"), -1))
    )
    jsonschema.validate(one, json.loads(SCHEMA.read_text()))

    for format in FORMATS:
        assert render(one, format) == render(two, format)
        assert "secret" not in render(one, format)
    assert (github.summary(one), github.output_line(one)) == (github.summary(two), github.output_line(two))


def test_staff_can_tell_every_ending(lab):
    """The control: what students cannot tell apart, staff can, in points and verdicts of their own."""
    found = {
        json.dumps(result_of(lab, "passed", (PASSED, PASSED), hidden, "staff"))
        for hidden in itertools.product(ENDINGS[1:], repeat=2)
        for hidden in [(PASSED, *hidden)]
    }

    assert len(found) == 81


def test_before_the_date_a_result_is_that_of_the_public_scenarios(lab):
    """Points, their maximum, completeness and exit status leave hidden scenarios out, and the report says so."""
    result = result_of(lab, "before", (PASSED, PASSED), (UNGRADABLE, "crashed", "audit"))
    public = sum(lab.share(scenario) for scenario in lab.scenarios)

    assert result["points"] == result["max_points"] == pytest.approx(float(public), abs=0.01)
    assert exit_status(result) == 0
    assert result["complete"] and not [s for s in result["scenarios"] if s["visibility"] == "hidden"]
    for format in ("text", "junit", "gradescope", "github", "markdown"):
        assert "are shown after 2026-12-24" in " ".join(render(result, format).split())


def test_what_a_course_pays_for_in_points_stays_exact_for_staff(lab):
    """Students see a task's hidden points only together; staff's result counts each, and the report says so."""
    ending = (PASSED, PASSED), (PASSED, "audit", "audit")
    student, staff = (result_of(lab, "passed", *ending, audience) for audience in ("student", "staff"))

    assert staff["points"] - student["points"] == pytest.approx(float(lab.share(lab.hidden[0])), abs=0.01)
    assert "the course's own results count each one" in " ".join(render(student, "text").split())
    assert "feedback" not in staff["hidden"]


def test_an_ungradable_hidden_scenario_costs_its_owner_all_outcomes(lab):
    """The run is incomplete, exit status 3, and no task has an outcome: also not one that passed."""
    result = result_of(lab, "points", (PASSED, PASSED), (PASSED, PASSED, UNGRADABLE))
    hidden = [(s["verdict"], s["points"]) for s in result["scenarios"] if s["visibility"] == "hidden"]

    assert exit_status(result) == 3
    assert hidden == [(UNGRADABLE, 0), (UNGRADABLE, 0)]


outcomes = st.lists(
    st.builds(
        Outcome,
        st.sampled_from([PASSED, "failed", "crashed"]),
        st.sampled_from(["", "audit", "disk"]),
        st.integers(1, 500).map(lambda hundredths: Fraction(hundredths, 100)),
    ),
    min_size=1,
    max_size=8,
)


@given(outcomes, st.booleans())
def test_points_in_quarters(hidden, waits):
    """Never more than was earned, less than a quarter below it, and all only if every scenario passed."""
    summary = summarize([], hidden, "points", waits, True)
    earned = sum(one.worth for one in hidden if one.verdict == PASSED)

    assert summary.earned / summary.most in [Fraction(n, 4) for n in range(5)]
    assert 0 <= earned - summary.earned < summary.most / 4
    assert (summary.earned == summary.most) == all(one.verdict == PASSED for one in hidden)


@given(outcomes, outcomes, st.sampled_from(["passed", "rule", "points"]))
def test_a_rule_is_named_only_where_it_failed_in_public(public, hidden, kind):
    """And only that of the first public failure, so that the choice of a rule says nothing."""
    message = summarize(public, hidden, kind, False, True).message
    first = next((one.rule for one in public if one.verdict == "failed" and one.rule), None)

    for rule in ("audit", "disk"):
        assert (f"differs in {rule} " not in message) or (kind == "rule" and rule == first)


#: What a kernel does in fork, by whether the hidden scenario has two pages or three: both ways fail.
SPEAKING = {
    "crash-or-wrong": ("raise KeyError(len(pages))", "return None"),
    "exit-or-refused": ("import os; os._exit(len(pages))", "import numpy"),
    "stub-or-print": ("raise NotImplementedError('two pages')", "print('three pages')"),
}


@pytest.mark.parametrize("ways", SPEAKING.values(), ids=SPEAKING)
def test_a_real_kernel_that_ends_as_its_input_tells_it(cli, tmp_path, ways):
    """Same bytes, same exit status for a hidden scenario with two pages and with three; staff sees two endings."""
    seen, staff = [], []
    work = tmp_path / "kernel.py"
    one, two = ways
    work.write_text(
        kernel_text(
            "    def fork(self, parent, child):\n",
            "    def fork(self, parent, child):\n"
            "        pages = list(parent.page_table.pages())\n"
            f"        if len(pages) == 2: {one}\n"
            f"        if len(pages) == 3: {two}\n"
            "        if len(pages) > 1: return\n",
        )
    )
    for pages in (2, 3):
        lab = recorded(tmp_path / str(pages))
        steps = SECRET.replace("name: secretname, pages: 1", f"name: s, pages: {pages}")
        (lab / "hidden" / "secret.yaml").write_text(steps.replace("at: secretname", f"at: 's[0:{pages}]'"))
        cli("record", lab)
        run = ("run", lab, "--submission", work, "--format", "json")
        seen.append(cli(*run))
        staff.append(json.loads(cli(*run, "--audience", "staff")[1])["scenarios"][-1]["message"])

    assert seen[0] == seen[1]
    assert staff[0] != staff[1]
