"""Grading the same submission again and again."""

import pytest

from grader.grade.answer_cache import AnswerCache
from grader.grade.session import open_session
from grader.protocol.reenact import StandIn
from grader.watch.regrade import Regrader
from tests.labs import kernel_text


@pytest.fixture
def regrader(lab):
    (lab / "kernel.py").write_text(kernel_text())
    with open_session(str(lab)) as session:
        yield Regrader(session, None)


def to_the_end(regrader):
    """Grade the current save; return the ids in the order in which they were tried."""
    assert regrader.begin()
    while regrader.busy:
        regrader.step()
    return list(regrader.graded)


def test_a_save_gives_what_run_gives(regrader, lab, cli):
    """The points and the receipt are those of `grader run`."""
    to_the_end(regrader)
    import json

    told = json.loads(cli("run", lab, "--format", "json")[1])

    assert regrader.result == told


def test_what_failed_last_is_tried_first(regrader, lab):
    """The scenario that the student has just read about is the first of the next save, and shows at once."""
    (lab / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    first = to_the_end(regrader)
    failing = [s["id"] for s in regrader.result["scenarios"] if s["verdict"] not in ("passed", "waiting")]
    (lab / "kernel.py").write_text(
        kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)") + "\n"
    )
    assert regrader.begin()

    assert first[0] == "touch" and failing[0] == "fork"
    assert regrader.step() is True
    assert list(regrader.graded) == ["fork"]
    assert regrader.first["scenarios"][0]["id"] == "fork"


def test_answers_of_an_earlier_save_are_not_re_enacted(lab, monkeypatch):
    """Only what a save changed is judged again; the steps of a failure can still be shown."""
    broken = kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)")
    re_enacted = []
    begun = StandIn.__init__
    monkeypatch.setattr(StandIn, "__init__", lambda *given: (re_enacted.append(given), begun(*given))[1])
    (lab / "kernel.py").write_text(broken)
    with open_session(str(lab)) as session:
        session.answers = AnswerCache(with_records=True)
        regrader = Regrader(session, None)
        to_the_end(regrader)
        first = regrader.result
        re_enacted.clear()
        (lab / "kernel.py").write_text(broken + "\n")
        to_the_end(regrader)

    failed = [g for g in regrader.graded.values() if g.attempt.verdict != "passed"]
    assert re_enacted == []
    assert len(failed) == 2 and all(g.attempt.records for g in failed)
    assert regrader.result["scenarios"] == first["scenarios"]


def test_the_same_bytes_are_not_graded_again(regrader, lab):
    """A save without a change costs nothing."""
    to_the_end(regrader)
    (lab / "kernel.py").write_text(kernel_text())

    assert regrader.begin() is False


def test_a_save_in_the_middle_starts_again(regrader, lab):
    """What was being graded is given up; the result is the last save's."""
    assert regrader.begin()
    regrader.step()
    (lab / "kernel.py").write_text("class SmallKernel:\n    pass\n")
    to_the_end(regrader)

    assert regrader.result["points"] == 0
    assert regrader.before is None


def test_a_missing_kernel_is_told_and_comes_back(lab, tmp_path):
    """Without kernel.py every scenario is refused with the reason; with it, everything is graded."""
    mine = tmp_path / "mine"
    mine.mkdir()
    with open_session(str(lab)) as session:
        regrader = Regrader(session, str(mine))
        to_the_end(regrader)
        refused = regrader.result["scenarios"][0]
        (mine / "kernel.py").write_text(kernel_text())
        to_the_end(regrader)

    assert refused["verdict"] == "refused" and "kernel.py" in refused["message"]
    assert regrader.result["tasks"][0]["points"] == 50


def test_a_changed_scenario_is_read_again(regrader, lab, cli):
    """An author's edit counts at the next save; a broken one is a problem with file and line, and nothing is lost."""
    to_the_end(regrader)
    path = lab / "scenarios" / "touch.yaml"
    good = path.read_text()
    path.write_text(good.replace("write:", "wrote:"))
    assert regrader.begin()
    problem = regrader.problem
    path.write_text(good.replace("A first write faults once", "Another title"))
    assert cli("record", lab)[0] == 0
    to_the_end(regrader)

    assert "touch.yaml:7" in problem and "wrote" in problem
    assert regrader.problem == ""
    assert regrader.result["scenarios"][0]["title"] == "Another title"


def test_a_lock_beside_a_file_does_not_end_the_watch(regrader, lab):
    """Emacs' lock is a link that leads nowhere, and macOS' companion is a file; both come and go in an edit."""
    to_the_end(regrader)
    (lab / "scenarios" / "._touch.yaml").write_bytes(b"\0\5\x16\7")
    for place in (lab, lab / "scenarios", lab / "hidden", lab / "reference" / "outputs" / "small"):
        (place / ".#touch.yaml").symlink_to("user@host.1:2")

    assert regrader.begin() is False
    assert regrader.problem == ""


@pytest.mark.parametrize("changed", ["quiz", "keys"])
def test_a_changed_quiz_is_marked_again(regrader, lab, changed):
    """An author sees the points that the quiz gives now; the sheet is the same."""
    (lab / "answers.yaml").write_text("copies: 1\n")
    to_the_end(regrader)
    before = regrader.result["quiz"]
    path = lab / "quiz.yaml" if changed == "quiz" else regrader.session.lab.keys
    edit = ("points: 1", "points: 2") if changed == "quiz" else ('"key": "1"', '"key": "2"')
    assert edit[0] in path.read_text()
    path.write_text(path.read_text().replace(*edit))
    to_the_end(regrader)

    assert before["questions"][0]["points"] == 1
    assert regrader.result["quiz"]["questions"][0]["points"] == (2 if changed == "quiz" else 0)


def test_a_mistake_in_the_quiz_does_not_end_the_watch(regrader, lab):
    """It is found once the scenarios were tried; the next save is graded to its end."""
    good = (lab / "quiz.yaml").read_text()
    to_the_end(regrader)
    (lab / "quiz.yaml").write_text(good.replace("type: number", "type: nubmer"))
    assert regrader.begin()
    while regrader.busy:
        regrader.step()
    problem = regrader.problem
    (lab / "quiz.yaml").write_text(good)
    to_the_end(regrader)

    assert "quiz.yaml" in problem and "nubmer" in problem
    assert regrader.problem == "" and "quiz" in regrader.result


def test_a_stale_recording_is_a_problem(regrader, lab, cli):
    """An author who changes a scenario before recording it reads what to do, and the watch goes on."""
    path = lab / "scenarios" / "touch.yaml"
    path.write_text(path.read_text().replace("value: 1", "value: 2"))
    assert regrader.begin()
    problem, busy = regrader.problem, regrader.busy
    assert cli("record", lab)[0] == 0
    to_the_end(regrader)

    assert "grader record" in problem and not busy
    assert regrader.problem == "" and regrader.result["tasks"][0]["points"] == 50
