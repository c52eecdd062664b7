"""Points that a person decided on: applied after grading, shown, and listed when they do not apply."""

import pytest

from grader.batch.overrides import Override, apply, in_feedback, read_overrides
from grader.errors import InputError
from grader.lab.lab import load_lab
from tests.batch.handed_in import batch as graded
from tests.batch.handed_in import hand_in, rows
from tests.batch.results import batch, entry
from tests.labs import kernel_text

HEAD = "student,task or scenario,points,comment\n"


MOST = {"touch": 50, "fork": 50, "one": 50, "two": 50, "total": 100}


def applied(one, *overrides):
    return apply([one], [Override(n, *fields) for n, fields in enumerate(overrides, 2)], batch(one), MOST)


def test_a_scenario_a_task_and_the_total():
    """A scenario moves its task and the total; a task's own override counts for all of it, and the total for all."""
    scenario, task, total = entry("a"), entry("b"), entry("c")
    told = applied(scenario, ("a", "fork", 5.0, "")) + applied(task, ("b", "fork", 5.0, ""), ("b", "two", 9.0, ""))
    told += applied(total, ("c", "total", 61.5, "talked to her"))

    assert told == []
    assert (scenario["points"], scenario["tasks"], scenario["graded_points"]) == (55, {"one": 50, "two": 5}, 50)
    assert (task["points"], task["tasks"]["two"], total["points"]) == (59, 9, 61.5)


def test_a_student_is_found_by_any_key():
    """By id, ID number or e-mail address, in any letters."""
    for name in ("a", "77", "J@X.org"):
        one = entry("a", number="77", email="j@x.org")
        assert applied(one, (name, "fork", 1.0, "")) == [] and one["points"] == 51


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            ("nobody", "fork", 1.0, ""),
            "line 2: nobody: no submission is theirs; name the submission as results.csv does",
        ),
        (("janne", "fork", 1.0, ""), "line 2: janne: no submission is theirs; did you mean 'jane'?"),
        (("jane-3", "fork", 1.0, ""), "line 2: jane-3: no submission is theirs; did you mean 'jane'?"),
        (
            ("a", "mine", 1.0, ""),
            "line 2: the lab has no task or scenario 'mine'; use total, a scenario, or one of the tasks one, two",
        ),
        (("a", "frk", 1.0, ""), "line 2: the lab has no task or scenario 'frk'; did you mean 'fork'?"),
        (("a", "Total", 1.0, ""), "line 2: the lab has no task or scenario 'Total'; did you mean 'total'?"),
    ],
)
def test_one_that_does_not_apply_is_listed(override, told):
    """Nobody of that name, nothing of that name: with what is spelled like it, or what there is."""
    assert applied(entry("a", login="jane"), override) == [f"override does not apply: {told}"]


def test_one_that_changes_nothing_is_listed():
    """Points that are there by now leave nothing to decide."""
    told = ["override changes nothing: line 2: a has 50 points in touch without it"]
    assert applied(entry("a"), ("a", "touch", 50.0, "")) == told


def test_two_names_of_one_submission():
    """Its name and its ID number, with other points each: the first line counts, the second is listed."""
    one = entry("a", number="77")

    assert applied(one, ("a", "fork", 5.0, ""), ("77", "fork", 9.0, "")) == [
        "override does not apply: line 3: line 2 has fork of a already"
    ]
    assert one["points"] == 55


def test_two_lines_of_one_number():
    """Shards have files of their own, so two overrides of one student may be on lines of the same number."""
    one = entry("a", number="77")

    assert apply([one], [Override(2, "a", "fork", 5.0, ""), Override(2, "77", "fork", 9.0, "")], batch(one), MOST) == [
        "override does not apply: line 2: line 2 has fork of a already"
    ]
    assert one["points"] == 55


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (("a", "fork", 50.5, ""), "it gives a 50.5 points in fork, which has 0 to 50 now"),
        (("a", "two", 54.0, ""), "it gives a 54 points in two, which has 0 to 50 now"),
        (("a", "total", 121.78, ""), "it gives a 121.78 points in total, which has 0 to 80 now"),
        (("a", "total", 81.0, ""), "it gives a 81 points in total, which has 0 to 80 now"),
        (("a", "fork", -1.0, ""), "it gives a -1 points in fork, which has 0 to 50 now"),
    ],
)
def test_one_above_the_maximum_does_not_apply(override, told):
    """The lab was edited since, or a store from elsewhere has it: it is named, sets nothing and decides nothing."""
    one = entry("a", max_points=80, sheet_doubt="unread", late_undecided=True)

    assert applied(one, override) == [f"override does not apply: line 2: {told}"]
    assert (one["points"], one["adjustments"]) == (50, []) and not {"sheet_decided", "late_decided"} & one.keys()


def test_overrides_of_a_lab_that_was_edited(cli, lab, tmp_path):
    """Points of tasks were moved: exit status 1 in every run until a file with other points is there."""
    folder, out = hand_in(tmp_path / "class", 2), tmp_path / "out"
    (tmp_path / "o.csv").write_text(HEAD + "student-00,touch,50,oral exam\n")
    first, _, _ = graded(cli, lab, folder, out, "--overrides", tmp_path / "o.csv")
    text = (lab / "lab.yaml").read_text()
    (lab / "lab.yaml").write_text(text.replace("points: 50", "points: 20").replace("points: 40", "points: 70"))
    status, _, err = graded(cli, lab, folder, out)

    assert (first, status) == (0, 1)
    assert "override does not apply: line 2: it gives student-00 50 points in touch, which has 0 to 20 now" in err
    assert float(rows(out)["student-00"]["points"]) <= 100 and rows(out)["student-00"]["touch"] == "20"


def test_feedback_names_no_hidden_scenario():
    """The comment stands as it is, in code; `fork` is hidden."""
    one = entry("a")
    applied(one, ("a", "fork", 5.0, "[x](y)"))

    assert "- a hidden scenario: 0 -> 5 points: `[x](y)`" in in_feedback(one)
    assert "fork" not in in_feedback(one)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n", "o.csv:1: expected the columns student, task or scenario, points and comment"),
        (HEAD + "a,fork,many,\n", "o.csv:2: points is 'many'; expected a number"),
        (HEAD + "a,total,101,\n", "o.csv:2: points is 101; total has 0 to 100"),
        (HEAD + "a,total,-1,\n", "o.csv:2: points is '-1'; expected a number, 0 or more"),
        (HEAD + 'a,total,"12,345",\n', "o.csv:2: points is '12,345': '12,345' can mean 12.345 or 12345"),
        (HEAD + "a,touch,nan,\n", "o.csv:2: points is 'nan'; expected a number"),
        (HEAD + "a,fork,12,5\n", "o.csv:2: points is 12 and the comment 5: if that is 12,5, put the number in quotes"),
        (HEAD + "a,,5,forgot\n", "o.csv:2: no task or scenario is named; write total for all points together"),
        (HEAD + ",fork,5,\n", "o.csv:2: no student is named; name the submission as results.csv does"),
        ("student,task,scenario,points,comment\n", "o.csv:1: 'task' and 'scenario' can both be the what; leave only"),
        ("student,task,points,points,comment\n", "o.csv:1: 'points' and 'points' can both be the points; leave only"),
        (HEAD + "a,fork,1,\na,fork,2,\n", "o.csv:2: a has another override of fork on line 3"),
    ],
)
def test_a_wrong_file_is_named(lab, tmp_path, text, told):
    """Line, value, and what is accepted."""
    (tmp_path / "o.csv").write_text(text)
    with pytest.raises(InputError) as error:
        read_overrides(tmp_path / "o.csv", load_lab(lab))

    assert told in str(error.value)


LATE = "format: 1\nlate: {due: {small: '2026-11-20T12:00+01:00'}, per_day: 100}\n"


@pytest.mark.parametrize(("override", "points"), [("jane,touch,0,", "0"), ("jane,total,90,", "90")])
def test_overrides_and_late_points(cli, lab, tmp_path, override, points):
    """Points of a task are set before something is taken off for being late, so nobody goes below 0; a total after."""
    (lab.parent / "course.yaml").write_text(LATE)
    (tmp_path / "o.csv").write_text(f"{HEAD}{override}\n")
    put = tmp_path / "class" / "submission_1"
    put.mkdir(parents=True)
    (put / "kernel.py").write_text(kernel_text())
    (put.parent / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :sid: jane\n  :created_at: 2026-11-20 13:00:00 +01:00\n"
    )
    graded(cli, lab, put.parent, tmp_path / "out", "--overrides", tmp_path / "o.csv")

    assert rows(tmp_path / "out")["submission_1"]["points"] == points


def test_they_survive_a_regrade(cli, lab, tmp_path):
    """Without the option the next run keeps them; an empty file takes them away. Feedback and results.csv show both."""
    folder, out = hand_in(tmp_path / "class", 2), tmp_path / "out"
    (tmp_path / "o.csv").write_text(HEAD + "student-01,total,70,was ill\nghost,total,1,\n")
    (tmp_path / "none.csv").write_text(HEAD)
    status, _, err = graded(cli, lab, folder, out, "--overrides", tmp_path / "o.csv")
    first = rows(out)["student-01"]
    graded(cli, lab, folder, out)
    second = rows(out)["student-01"]
    feedback = (out / "feedback" / "student-01.md").read_text()
    graded(cli, lab, folder, out, "--overrides", tmp_path / "none.csv")

    assert status == 1 and "o.csv: override does not apply: line 3: ghost: no submission is theirs" in err
    assert first["points"] == second["points"] == "70" and first["graded"] == "55"
    assert "total: 55 -> 70 by the course (was ill)" in second["note"]
    assert "- total: 55 -> 70 points: `was ill`" in feedback
    assert rows(out)["student-01"]["points"] == "55"


def test_a_student_of_moodle_is_named_by_any_key():
    """An ID number is no participant number, so it does not contradict one."""
    one = entry("participant-7", system="moodle", user="7", number="0042", email="j@x.org", points=50.0)
    for line, student in enumerate(("0042", "J@x.org", "7", "participant-7"), 2):
        assert apply([one], [Override(line, student, "total", float(line), "")], batch(one), MOST) == []
        assert one["points"] == line
