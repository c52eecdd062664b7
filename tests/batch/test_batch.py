"""`grader batch` and `grader merge`, whole."""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from grader.lab.lab import load_lab
from grader.publish.release import write_lab
from grader.quiz.parameters import chosen
from tests.batch.handed_in import PROTECT, ZERO, batch, bytes_of, descendants, hand_in, rows
from tests.labs import SECRET, kernel_text


@pytest.fixture
def class_of(tmp_path):
    return hand_in(tmp_path / "class")


def test_everybody_is_graded(cli, lab, class_of, tmp_path):
    """Points as `grader run` gives them; the archive is refused with a reason; the twin is named."""
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", "--jobs", "2")
    table = rows(tmp_path / "out")
    _, alone, _ = cli("run", lab, "--submission", class_of / "student-01", "--format", "json")

    assert status == 0, err
    assert len(table) == 10
    assert table["student-00"]["points"] == "95"
    assert float(table["student-01"]["points"]) == json.loads(alone)["points"]
    assert table["student-03"]["touch"] == "0"
    assert "refused: broken.zip: the archive cannot be read" in table["broken"]["note"]
    assert table["twin"]["note"] == "the same kernel as student-00"


def test_a_result_is_that_of_a_run(cli, lab, class_of, tmp_path):
    """Verdicts, messages, explanations, prints, receipt: byte for byte what `grader run` says, but for the name."""
    batch(cli, lab, class_of, tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "results" / "student-01.json").read_text())
    options = ("--format", "json", "--audience", "staff")
    _, alone, _ = cli("run", lab, "--submission", class_of / "student-01", *options)

    assert kept == json.loads(alone)


def test_students_feedback_tells_nothing_hidden(cli, lab, class_of, tmp_path):
    """Feedback files are for students, results for staff."""
    batch(cli, lab, class_of, tmp_path / "out")

    feedback = [path.read_text() for path in (tmp_path / "out" / "feedback").iterdir()]
    assert len(feedback) == 10 and not any("secret" in text for text in feedback)
    assert "secret" in (tmp_path / "out" / "results" / "student-01.json").read_text()


def test_feedback_follows_the_lab_and_grades_are_exact(cli, lab, tmp_path):
    """Before the date of hidden_feedback a feedback file has only public points; results.csv has all of them."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("hidden_feedback: {after: '2999-12-31'}\n")
    work = tmp_path / "class" / "one"
    work.mkdir(parents=True)
    (work / "kernel.py").write_text(kernel_text())
    status, _, err = batch(cli, lab, work.parent, tmp_path / "out", "--jobs", "1")
    feedback = (tmp_path / "out" / "feedback" / "one.md").read_text()

    assert status == 0, err
    assert "70 of 80 points" in feedback and "are shown after 2999-12-31" in feedback
    assert ",90,100,yes," in (tmp_path / "out" / "results.csv").read_text()


def test_one_process_and_many_give_the_same_bytes(cli, lab, class_of, tmp_path):
    """--jobs 1, --jobs 3, and two shards merged: JSON, CSV, reports, results and feedback are equal."""
    batch(cli, lab, class_of, tmp_path / "one", "--jobs", "1")
    batch(cli, lab, class_of, tmp_path / "three", "--jobs", "3")
    for number in (1, 2):
        batch(cli, lab, class_of, tmp_path / f"shard{number}", "--shard", f"{number}/2")
    shards = [tmp_path / "shard1", tmp_path / "shard2"]
    status, _, err = cli("merge", lab, *shards, "--output", tmp_path / "all", "--isolation", "auto", "-q")

    assert status == 0, err
    assert all(len(rows(shard)) < 10 for shard in shards)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "three") == bytes_of(tmp_path / "all")


def test_a_group_is_graded_once(cli, lab, tmp_path):
    """Two submitters: two lines of results.csv with the group's points, one submission in the class report."""
    put = tmp_path / "class" / "submission_11"
    put.mkdir(parents=True)
    (put / "kernel.py").write_text(kernel_text())
    people = "  - :name: Jane\n    :email: jane@x.org\n  - :name: Jon\n    :email: jon@x.org\n"
    (put.parent / "submission_metadata.yml").write_text(f"submission_11:\n  :submitters:\n{people}")
    status, _, err = batch(cli, lab, put.parent, tmp_path / "out")
    with open(tmp_path / "out" / "results.csv", newline="") as file:
        lines = [(row["submission"], row["name"], row["email"], row["points"]) for row in csv.DictReader(file)]

    assert status == 0, err
    assert lines == [("submission_11", "Jane", "jane@x.org", "90"), ("submission_11", "Jon", "jon@x.org", "90")]
    assert "1 submission" in (tmp_path / "out" / "report.txt").read_text()


def test_a_store_from_before_groups(cli, lab, class_of, tmp_path):
    """Its list has no others: `grader merge` takes it, and gives what it gives of a new one."""
    from grader.batch.store import Store

    batch(cli, lab, class_of, tmp_path / "out")
    with Store(tmp_path / "out") as store:
        listed = store.submissions()
        store.set_submissions((id, about, answers) for id, about, answers in listed if about.pop("others") == [])
    status, _, err = cli("merge", lab, tmp_path / "out", "--output", tmp_path / "all", "--isolation", "auto", "-q")

    assert status == 0, err
    assert bytes_of(tmp_path / "all") == bytes_of(tmp_path / "out")


def test_nothing_is_graded_twice(cli, lab, class_of, tmp_path, monkeypatch):
    """A second run finds everything in the store: no worker is started."""
    batch(cli, lab, class_of, tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    monkeypatch.setattr("grader.batch.pools.LocalPool.start", lambda self: pytest.fail("a worker was started"))
    status, _, _ = batch(cli, lab, class_of, tmp_path / "out")

    assert status == 0
    assert bytes_of(tmp_path / "out") == before


def test_an_edited_hidden_scenario_regrades_itself_alone(cli, lab, class_of, tmp_path, monkeypatch):
    """And --changes says who moved, by how much, because of which scenario."""
    batch(cli, lab, class_of, tmp_path / "out")
    (lab / "hidden" / "secret.yaml").write_text(
        SECRET.replace("pages: 1", "pages: 2").replace("at: secretname", "at: 'secretname[0]'")
    )
    (lab / "hidden" / "extra.yaml").write_text(SECRET.replace("task: share", "task: touch"))
    cli("record", lab)
    asked = []
    from grader.batch import grading

    real = grading.completed
    monkeypatch.setattr(grading, "completed", lambda p, works, b: real(p, [asked.append(w) or w for w in works], b))
    _, out, _ = batch(cli, lab, class_of, tmp_path / "out", "--changes")

    assert {scenario for work in asked for scenario in work.scenarios} == {"secret", "extra"}
    assert "scenario extra (hidden) is new" in out
    assert "Changes since run 1 (" in out
    assert re.search(r"student-01 +55 +\d", out)


@pytest.mark.parametrize("edited", ["scenarios/fork.yaml", "hidden/secret.yaml", None])
def test_an_edit_grades_as_a_new_batch_would(cli, lab, tmp_path, edited):
    """Also a kernel that runs into a limit, whose scenarios depend on each other."""
    for name, body in (("ok", PROTECT), ("endless", "print('x' * (2 << 20))")):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "kernel.py").write_text(kernel_text(PROTECT, body))
    batch(cli, lab, tmp_path / "class", tmp_path / "out")
    if edited is None:
        (lab / "hidden" / "secret.yaml").rename(lab / "scenarios" / "public.yaml")
    else:
        (lab / edited).write_text((lab / edited).read_text() + "hint: Look again.\n")
    cli("record", lab)
    _, out, _ = cli("batch", lab, tmp_path / "class", "--output", tmp_path / "out", "--isolation", "auto")
    batch(cli, lab, tmp_path / "class", tmp_path / "fresh")

    assert "2 kernels graded now" in out
    assert rows(tmp_path / "out") == rows(tmp_path / "fresh")


@pytest.mark.parametrize("second", ["batch", "merge"])
def test_what_was_graded_without_walls_is_graded_again(cli, lab, class_of, tmp_path, second):
    """A batch that was tried at L0 does not become the grade at `require`: a merge says so, and gives no points."""
    batch(cli, lab, class_of, tmp_path / "out", "--isolation", "L0")
    if second == "batch":
        status, out, err = cli("batch", lab, class_of, "--output", tmp_path / "out", "--isolation", "L1")
        assert status == 0, err
        assert "8 kernels graded now" in out
    else:
        status, out, err = cli("merge", lab, tmp_path / "out", "--output", tmp_path / "all", "--isolation", "L1")
        assert status == 3
        assert "nothing that counts is known of student-00, student-01, " in err and " below --isolation L1; " in err


def test_a_submission_handed_in_again(cli, lab, class_of, tmp_path):
    """It alone moves; who is gone is said, and their files are gone too."""
    batch(cli, lab, class_of, tmp_path / "out")
    (class_of / "student-01" / "kernel.py").write_text(f"# again\n{kernel_text()}")
    (class_of / "broken.zip").unlink()
    _, out, _ = batch(cli, lab, class_of, tmp_path / "out", "--changes")

    assert any(line.split() == ["broken", "0", "gone"] for line in out.splitlines())
    assert re.search(r"student-01 .* 95 +\+.*handed in again", out)
    assert "8 of 9 submissions have the points they had." in out
    assert not (tmp_path / "out" / "results" / "broken.json").exists()


def test_killed_at_random_moments_it_ends_the_same(cli, lab, class_of, tmp_path, root):
    """kill -9 of the whole process group, again and again, then to the end: the results of an undisturbed run."""
    batch(cli, lab, class_of, tmp_path / "calm", "--jobs", "1")
    command = [sys.executable, "-m", "grader", "batch", str(lab), str(class_of), "--output", str(tmp_path / "out")]
    command += ["--isolation", "auto", "-q", "--jobs", "2"]
    chance = random.Random(4)
    for _ in range(4):
        running = subprocess.Popen(command, cwd=root, start_new_session=True, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0.3, 0.9))
        os.killpg(running.pid, signal.SIGKILL) if running.poll() is None else None
        running.communicate(timeout=30)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "calm")


def test_workers_end_with_a_killed_batch(lab, class_of, tmp_path, root):
    """Only the batch itself is killed: its workers, and the sandboxes of these, are gone a moment later."""
    (class_of / "student-00" / "kernel.py").write_text(kernel_text(ZERO, "while True: pass"))
    command = [sys.executable, "-m", "grader", "batch", str(lab), str(class_of), "--output", str(tmp_path / "out")]
    running = subprocess.Popen([*command, "--isolation", "auto", "-q", "--jobs", "2"], cwd=root, start_new_session=True)
    time.sleep(1.5)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and descendants(running.pid):
        time.sleep(0.1)

    assert descendants(running.pid) == []


def test_a_second_batch_on_one_store_is_told(cli, lab, class_of, tmp_path):
    """Exit status 2 and a sentence; the store is as it was."""
    from grader.batch.store import Store

    batch(cli, lab, class_of, tmp_path / "out")
    with Store(tmp_path / "out"):
        status, _, err = batch(cli, lab, class_of, tmp_path / "out")

    assert status == 2
    assert "another batch is working on it" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--jobs", "0"), "expected a number, 1 or more"),
        (("--shard", "3/2"), "expected I/N with I from 1 to N"),
        (("--gradebook", "/nowhere.csv"), "/nowhere.csv: No such file or directory"),
    ],
)
def test_wrong_options_are_named(cli, lab, class_of, tmp_path, options, told):
    """The value, and what is accepted; exit status 2."""
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", *options)

    assert status == 2
    assert told in err


def test_a_wrong_gradebook_is_told_before_anything_is_graded(cli, lab, class_of, tmp_path):
    """Nobody waits an hour to learn that a file is none: exit status 2, and no store was made."""
    (tmp_path / "g.csv").write_text("a,b\n1,2\n")
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", "--gradebook", tmp_path / "g.csv")

    assert status == 2
    assert "g.csv:1: unrecognized gradebook (columns a, b)" in err
    assert not (tmp_path / "out").exists()


def test_a_log_has_progress_with_the_time_that_is_left(cli, lab, class_of, tmp_path):
    """Where stderr is no terminal: a line for each tenth; no time where nothing was graded yet, or nothing is left."""
    line = (lab, class_of, "--output", tmp_path / "out", "--isolation", "auto", "--jobs", "1")
    first = cli("batch", *line)[2].splitlines()
    again = cli("batch", *line)[2].splitlines()

    assert first[0] == "grader: 1 of 10 submissions"  # the archive that intake refused
    assert re.fullmatch(r"grader: 3 of 10 submissions, about \d\d:\d\d left", first[1])  # two with one kernel
    assert first[-1] == "grader: 10 of 10 submissions"
    assert again == ["grader: 10 of 10 submissions"]


def test_folders_that_hold_nothing(cli, lab, tmp_path):
    """No such folder, and a folder without a submission: the path and the way out."""
    (tmp_path / "empty").mkdir()
    missing = batch(cli, lab, tmp_path / "nowhere", tmp_path / "out")
    empty = batch(cli, lab, tmp_path / "empty", tmp_path / "out")

    assert missing[0] == empty[0] == 2
    assert "nowhere: No such file or directory" in missing[2]
    assert "there is no submission in it" in empty[2]


def test_a_report_that_cannot_be_written(cli, lab, class_of, tmp_path):
    """A folder where a file should be: the path and the way out, and the grades are kept."""
    (tmp_path / "out" / "results.csv").mkdir(parents=True)
    status, _, err = batch(cli, lab, class_of, tmp_path / "out")

    assert status == 2
    assert "results.csv" in err
    assert "the grades are kept: move this folder away and run the command again" in err
    (tmp_path / "out" / "results.csv").rmdir()
    assert batch(cli, lab, class_of, tmp_path / "out")[0] == 0


def test_shards_that_disagree(cli, lab, class_of, tmp_path):
    """One student with two contents in two shards: named, and nothing is guessed."""
    batch(cli, lab, class_of, tmp_path / "a")
    (class_of / "student-01" / "kernel.py").write_text("other = 1\n")
    batch(cli, lab, class_of, tmp_path / "b")
    status, _, err = cli("merge", lab, tmp_path / "a", tmp_path / "b", "--output", tmp_path / "all", "-q")

    assert status == 2
    told = f"b: student-01 is in {tmp_path / 'a'} too, with different contents; grade both again from the same"
    assert told in err


def test_a_shard_that_is_none(cli, lab, tmp_path):
    """A folder without a store."""
    (tmp_path / "x").mkdir()
    status, _, err = cli("merge", lab, tmp_path / "x", "--output", tmp_path / "all")

    assert status == 2
    assert "it has no batch.sqlite; name the --output of each shard" in err


def test_the_output_is_no_shard(cli, lab, tmp_path):
    """What was merged before is in --output already, and stays there."""
    batch(cli, lab, hand_in(tmp_path / "class", 1), tmp_path / "out")
    status, _, err = cli("merge", lab, tmp_path / "out", "--output", tmp_path / "out")

    assert status == 2
    assert "out: this is --output, whose shards are there already; leave it out of the list" in err


def test_a_download_one_folder_too_high(cli, lab, tmp_path):
    """Four students must not become one: exit status 2, and which folder to grade."""
    for n in range(4):
        path = tmp_path / "top" / "moodle" / f"S{n}_{n}_assignsubmission_file_kernel.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1")
    status, _, err = batch(cli, lab, tmp_path / "top", tmp_path / "out")

    assert status == 2 and not (tmp_path / "out").exists()
    assert "moodle holds the submissions of 4 people: grade that folder instead" in err


def test_what_is_not_a_submission_is_listed(cli, lab, class_of, tmp_path):
    """A gradebook and a text that a student typed online: named, so that nobody is lost without a word."""
    (class_of / "grades.csv").write_text("")
    (class_of / "doe_101_text.html").write_text("")
    _, _, err = cli("batch", lab, class_of, "--output", tmp_path / "out", "--isolation", "auto")

    assert "grader: not submissions, left out: doe_101_text.html, grades.csv" in err


def test_two_claims_on_one_student(cli, lab, tmp_path):
    """jane/ and jane.py: both are graded, neither gets points in results.csv, and exit status 1."""
    (tmp_path / "class" / "jane").mkdir(parents=True)
    (tmp_path / "class" / "jane" / "kernel.py").write_text(kernel_text())
    (tmp_path / "class" / "jane.py").write_text(kernel_text())
    status, _, err = batch(cli, lab, tmp_path / "class", tmp_path / "out")

    assert status == 1 and "has the same ID number, e-mail address and login" in err
    assert [row["points"] for row in rows(tmp_path / "out").values()] == ["", ""]


def test_an_output_inside_the_submissions_is_refused(cli, lab, class_of):
    """The next batch would grade it as a student: exit status 2, and nothing is made."""
    status, _, err = batch(cli, lab, class_of, class_of / "out")

    assert status == 2 and "this is inside the submissions" in err
    assert not (class_of / "out").exists()


def test_a_broken_quiz_is_found_first(cli, lab, class_of, tmp_path, monkeypatch):
    """Before any kernel runs: nobody waits for a batch to learn that its quiz cannot be read."""
    monkeypatch.setattr("grader.batch.pools.LocalPool.start", lambda self: pytest.fail("a worker was started"))
    quiz = next(line.split(":")[1].strip() for line in (lab / "lab.yaml").read_text().splitlines() if "quiz:" in line)
    (lab / quiz).write_text("format: 1\n")
    status, _, err = batch(cli, lab, class_of, tmp_path / "out")

    assert status == 2 and "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_an_unreadable_folder_is_ungradable(cli, lab, class_of, tmp_path, monkeypatch):
    """This machine's fault costs nobody points: exit status 3 with the folder and the reason, then it goes on."""
    from grader.batch import sources

    real = sources.read_files

    def read_files(files, lab, name, **more):
        if name == "student-00":
            raise sources.Unreadable("student-00\x1b[2J cannot be read: Permission denied")
        return real(files, lab, name, **more)

    monkeypatch.setattr(sources, "read_files", read_files)
    status, _, err = batch(cli, lab, class_of, tmp_path / "out")
    open_one = rows(tmp_path / "out")["student-00"]
    monkeypatch.undo()

    # A folder may be called anything, so what is shown of it is harmless.
    assert status == 3 and "student-00\\e[2J cannot be read: Permission denied: make it readable" in err
    assert "\x1b" not in err
    assert open_one["complete"] == "no"
    assert batch(cli, lab, class_of, tmp_path / "out")[0] == 0
    assert rows(tmp_path / "out")["student-00"]["points"] == "95"


def test_a_batch_with_a_released_lab(cli, lab, tmp_path):
    """It has no hidden scenarios, and gradebooks would have grades of fewer points: the batch says so."""
    write_lab(load_lab(lab), tmp_path / "labs" / "small", hidden=False)
    _, _, err = batch(cli, tmp_path / "labs" / "small", hand_in(tmp_path / "class", 1), tmp_path / "out")
    _, _, own = batch(cli, lab, tmp_path / "class", tmp_path / "other")

    assert "a released lab has no hidden scenarios, so 20 points are not graded; use the course's own copy" in err
    assert "released" not in own


SEEDED = """format: 1
title: A quiz with numbers of one's own
seed: "{student}"
questions:
  - {id: which, type: number, points: 1, text: "Write {n}.", answer: "{n}", parameters: {n: [1, 2, 3, 4, 5, 6, 7, 8]}}
"""


@pytest.mark.parametrize("owner", ["7007", "jane@x.org", "jd1", "jon@x.org"])
def test_numbers_of_ones_own(cli, lab, tmp_path, owner):
    """A sheet names any id of its owner, also one that only the roster has, or one of the partner."""
    (lab / "quiz.yaml").write_text(SEEDED)
    (lab.parent / "r.csv").write_text("name,email,login\nJane,jane@x.org,jd1\n")
    (lab.parent / "course.yaml").write_text("format: 1\nroster: r.csv\n")
    folder = tmp_path / "class" / "submission_5"
    folder.mkdir(parents=True)
    (folder / "kernel.py").write_text(kernel_text())
    number = chosen(owner, "which", {"n": [1, 2, 3, 4, 5, 6, 7, 8]})["n"]
    (folder / "answers.yaml").write_text(f"variant: {owner}\nwhich: {number}\n")
    people = "  - :name: Jane\n    :email: jane@x.org\n    :sid: '7007'\n  - :email: jon@x.org\n"
    (folder.parent / "submission_metadata.yml").write_text(f"submission_5:\n  :submitters:\n{people}")
    batch(cli, lab, folder.parent, tmp_path / "out")

    assert rows(tmp_path / "out")["submission_5"]["quiz"] == "10"


def test_one_output_holds_one_lab(cli, lab, class_of, tmp_path):
    """Overrides stay in force in an --output, so those of one lab must not count in another; nor is one merged in."""
    batch(cli, lab, class_of, tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    other = lab.parent / "other"
    shutil.copytree(lab, other)
    assert cli("record", other)[0] == 0
    status, _, err = batch(cli, other, class_of, tmp_path / "out")
    merged, _, told = cli("merge", other, tmp_path / "out", "--output", tmp_path / "both", "--isolation", "auto")

    assert status == 2 and "out: this holds the results of the lab small, not of other; name another --output" in err
    assert merged == 2 and "this holds the results of the lab small, not of other; leave it out" in told
    assert bytes_of(tmp_path / "out") == before


def test_a_gradebook_is_not_written_over(cli, lab, class_of, tmp_path):
    """A download that lies in --output under the name of a filled one stays."""
    (tmp_path / "out").mkdir()
    book = tmp_path / "out" / "Canvas.csv"
    book.write_text("Student,ID,Section,small\nJane,1,S,\n")
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", "--gradebook", book)

    assert status == 2 and "Canvas.csv: a filled gradebook is written to this file; keep the download elsewhere" in err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["Canvas.csv"]


def test_filled_gradebooks_of_an_earlier_run_do_not_stay(cli, lab, class_of, tmp_path):
    """Their grades are old. One that was changed stays, and is named; a file that no batch wrote is left alone."""
    out = tmp_path / "out"
    books = {"canvas": "Student,ID,SIS Login ID,Section,small\nPoints Possible,,,,100\nJane,1,student-00,S,\n"}
    books |= {"moodle": "Username\nstudent-00\n"}
    options = []
    for name, text in books.items():
        (tmp_path / f"{name}.csv").write_text(text)
        options += ["--gradebook", tmp_path / f"{name}.csv", "--assignment", "small"]
    first, _, told = batch(cli, lab, class_of, out, *options)
    assert first == 0, told
    (out / "moodle-worksheet.csv").write_text("mine")
    (out / "canvas.csv").write_text("mine")
    (tmp_path / "o.csv").write_text("student,what,points,comment\nstudent-00,total,10,x\n")
    _, _, err = batch(cli, lab, class_of, out, "--overrides", tmp_path / "o.csv")
    _, _, again = batch(cli, lab, class_of, out)

    assert f"{out / 'moodle-import.csv'}: removed, as its grades were old; fill it again with --gradebook" in err
    assert f"{out / 'canvas.csv'}: an earlier run filled it, but it was changed: it stays, with old grades" in err
    assert not (out / "moodle-import.csv").exists()
    assert (out / "canvas.csv").read_text() == (out / "moodle-worksheet.csv").read_text() == "mine"
    assert "worksheet" not in err and again == "", "said once"


def test_another_class_in_one_output(cli, lab, class_of, tmp_path):
    """Nothing of the run before is left: said aloud, with the way out, and exit status 1; once."""
    other, out = tmp_path / "other", tmp_path / "out"
    (other / "jane").mkdir(parents=True)
    (other / "jane" / "kernel.py").write_text(kernel_text())
    batch(cli, lab, class_of, out)
    status, _, err = batch(cli, lab, other, out)
    again = batch(cli, lab, other, out)

    assert status == 1
    assert "grader: NONE of the 10 submissions of the run before is among these, and their results, rows and " in err
    assert f"{out}; for another section or download, name another --output, and run the earlier command again: " in err
    assert "again: broken, student-00, student-01, student-02, student-03, student-04 and 4 more\n" in err
    assert (again[0], again[2]) == (0, "")


def test_another_shard_in_one_output(cli, lab, class_of, tmp_path):
    """The first one's results are gone: which shard that was, the way out, and exit status 1."""
    whole = batch(cli, lab, class_of, tmp_path / "out")
    half, _, told = batch(cli, lab, class_of, tmp_path / "out", "--shard", "1/2")
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", "--shard", "2/2")
    again = batch(cli, lab, class_of, tmp_path / "out", "--shard", "2/2")
    back = batch(cli, lab, class_of, tmp_path / "out")

    assert [whole[0], half, status, again[0], back[0]] == [0, 1, 1, 0, 0]
    way_out = "give each shard its own --output and combine them with `grader merge`"
    assert f"this had the results of the whole class, and has those of shard 1/2 only now; {way_out}" in told
    assert f"this had the results of shard 1/2, and has those of shard 2/2 only now; {way_out}" in err
    assert "NONE of the" in err and again[2] == back[2] == ""


def test_changes_of_a_run_that_could_not_end(cli, lab, class_of, tmp_path):
    """A gradebook cannot be written: the next run still compares with the one before, and says who moved."""
    book = tmp_path / "moodle.csv"
    book.write_text("Username\nstudent-00\n")
    batch(cli, lab, class_of, tmp_path / "out")
    (class_of / "student-00" / "kernel.py").write_text("x = 1\n")
    (tmp_path / "out" / "moodle-import.csv").mkdir()
    status, _, err = batch(cli, lab, class_of, tmp_path / "out", "--changes", "--gradebook", book)
    (tmp_path / "out" / "moodle-import.csv").rmdir()
    _, out, _ = batch(cli, lab, class_of, tmp_path / "out", "--changes", "--gradebook", book)

    assert status == 2 and "moodle-import.csv" in err and "the grades are kept" in err
    assert "Changes since run 1 (" in out and re.search(r"student-00 +95 +\d+ +-", out)


def test_words_of_others_are_kept(cli, lab, class_of, tmp_path):
    """Feedback, the table and a filled gradebook that somebody changed: a copy stays, is named once, and has it all."""
    out, book = tmp_path / "out", tmp_path / "moodle.csv"
    book.write_text("Username\nstudent-00\n")
    options = ("--gradebook", book)
    batch(cli, lab, class_of, out, *options)
    before = bytes_of(out)
    changed = [out / "feedback" / "student-00.md", out / "results.csv", out / "moodle-import.csv"]
    for path in changed:
        path.write_text(f"{path.read_text()}Well done, Jane!\n")
    status, _, err = batch(cli, lab, class_of, out, *options)
    again = batch(cli, lab, class_of, out, *options)

    assert status == 0 and again[2] == ""
    for path in changed:
        copy = path.with_name(f"{path.name}.changed-1")
        assert copy.read_text().endswith("Well done, Jane!\n") and "Well done" not in path.read_text()
        assert f"{path}: it was changed since an earlier run wrote it; the changed file is {copy.name} now" in err
        copy.unlink()
    assert bytes_of(out) == before


def test_feedback_for_moodle_does_not_outlive_its_submissions(cli, lab, tmp_path):
    """A download of another system in place of Moodle's: the zip that Moodle would take is gone."""
    folder = tmp_path / "class"
    (folder / "Jane_5_assignsubmission_file_").mkdir(parents=True)
    (folder / "Jane_5_assignsubmission_file_" / "kernel.py").write_text(kernel_text())
    batch(cli, lab, folder, tmp_path / "out")
    assert (tmp_path / "out" / "moodle-feedback.zip").exists()
    (folder / "Jane_5_assignsubmission_file_").rename(folder / "jane")
    batch(cli, lab, folder, tmp_path / "out")

    assert not (tmp_path / "out" / "moodle-feedback.zip").exists()
