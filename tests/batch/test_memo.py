"""What a batch remembers between runs: it saves work, and changes no byte."""

import contextlib
import json
import shutil
import sqlite3

import pytest

from grader import kept, versions
from grader.batch import grading
from grader.batch.grading import Grades
from grader.batch.memo import BATCHES, KIND, Memo
from grader.batch.store import NAME
from grader.lab.lab import ClassAt, Lab
from tests.batch.handed_in import batch, bytes_of, hand_in
from tests.labs import kernel_text, recorded

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture(autouse=True)
def folder(user_cache):
    """The folder of the cache, of each test's own."""
    return user_cache / KIND


def remembered(output, key=KEY):
    with Memo(output) as memo:
        return memo.get(key)


def remember(output, **data):
    with Memo(output) as memo:
        for key, value in data.items():
            memo.put(key[0].encode() * 32, value)


# -- the memo itself ------------------------------------------------------------------------------------------


def test_what_is_put_is_found_again(tmp_path, folder):
    """By the same output folder alone, in a file that only the user can read."""
    remember(tmp_path / "out", k=b"data")

    assert remembered(tmp_path / "out") == b"data"
    assert remembered(tmp_path / "out", OTHER) is None
    assert remembered(tmp_path / "another") is None
    assert folder.stat().st_mode & 0o077 == 0


def test_what_is_no_longer_used_is_forgotten(tmp_path):
    """Once it is the larger part. A run that is stopped forgets nothing, and keeps what it has made."""
    remember(tmp_path, a=b"1", b=b"2", c=b"3")
    with Memo(tmp_path) as memo:
        memo.get(b"a" * 32)
    with contextlib.suppress(KeyboardInterrupt), Memo(tmp_path) as memo:
        memo.put(KEY, b"unfinished")
        raise KeyboardInterrupt

    assert remembered(tmp_path) == b"unfinished"
    assert [remembered(tmp_path, letter * 32) for letter in (b"a", b"b", b"c")] == [b"1", None, None]


def test_old_batches_are_forgotten(tmp_path, folder):
    """A cache does not grow without end."""
    remember(tmp_path / "used", k=b"data")
    for n in range(BATCHES + 3):
        remember(tmp_path / str(n), k=b"data")
        assert remembered(tmp_path / "used", b"k" * 32) == b"data", "a batch in use stays, although nothing is written"

    assert len(list(folder.iterdir())) == BATCHES


def damage_row(path):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE memo SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB)")


def other_table(path):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE memo RENAME COLUMN data TO content")


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "overwritten": lambda path: path.write_bytes(b"no database" * 1000),
    "empty": lambda path: path.write_bytes(b""),
    "a row": damage_row,
    "another table": other_table,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_as_none(tmp_path, folder, how):
    """Nothing of it is used; where it can be replaced, the next run finds what this one remembers."""
    remember(tmp_path / "out", k=b"data" * 1000, a=b"more" * 2000)
    (path,) = folder.glob("*.sqlite")
    DAMAGES[how](path)

    with Memo(tmp_path / "out") as memo:
        assert memo.get(KEY) is None
        memo.put(KEY, b"new")
        assert memo.get(KEY) == b"new"
    assert remembered(tmp_path / "out") == (None if how == "a folder" else b"new")


def test_where_others_can_write_nothing_is_kept(tmp_path, folder):
    """What a stranger may have put there is not read; the memo lasts as long as the run."""
    remember(tmp_path / "out", k=b"a stranger's")
    folder.chmod(0o777)
    with Memo(tmp_path / "out") as memo:
        assert memo.get(KEY) is None
        memo.put(KEY, b"ours")
        assert memo.get(KEY) == b"ours"

    folder.chmod(0o700)
    assert remembered(tmp_path / "out") == b"a stranger's"


def test_a_file_that_another_process_works_with_is_left_alone(tmp_path, folder):
    """This run does without, and the other one loses nothing."""
    with Memo(tmp_path / "out") as first:
        first.put(KEY, b"first")
        with Memo(tmp_path / "out") as second:
            assert second.get(KEY) is None
            second.put(KEY, b"second")

    assert remembered(tmp_path / "out") == b"first"


# -- batches --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A small lab, a class, and what a batch of it leaves; the memo is not among it."""
    from grader.cli import main

    top = tmp_path_factory.mktemp("graded")
    lab = recorded(top)
    hand_in(top / "class", 5)
    (top / "class" / "student-00" / "answers.yaml").write_text("who: child\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(top / "cache"))
        main(["batch", str(lab), str(top / "class"), "--output", str(top / "out"), "--isolation", "auto", "-q"])
    return top, lab


@pytest.fixture
def again(cli, graded, tmp_path):
    """again(): the batch once more, on a copy of its output; every file in it."""
    top, lab = graded
    shutil.copytree(top / "out", tmp_path / "out")

    def run(submissions=top / "class"):
        status, _, err = batch(cli, lab, submissions, tmp_path / "out")
        assert status == 0, err
        return bytes_of(tmp_path / "out")

    return run


@pytest.fixture
def built(monkeypatch):
    """The submissions for which a result was built."""
    seen = []
    original = Grades.builder
    monkeypatch.setattr(Grades, "builder", lambda own, about, answers: seen.append(1) or original(own, about, answers))
    return seen


def test_nothing_new_is_built_again(graded, again, built):
    """The second run makes no result, and every byte is as before."""
    first, count = again(), len(built)
    second = again()

    assert first == second == bytes_of(graded[0] / "out")
    assert (count, len(built)) == (7, 7)


def test_a_file_that_was_deleted_or_edited_is_put_right(again, built, tmp_path):
    """Feedback comes from the memo; of a result for staff only the hash is known, so it is built."""
    first = again()
    built.clear()
    (tmp_path / "out" / "feedback" / "student-00.md").write_text("100 points")
    (tmp_path / "out" / "feedback" / "student-01.md").unlink()
    (tmp_path / "out" / "results.json").write_text(json.dumps(json.loads(first["results.json"])))
    (tmp_path / "out" / "report.html").unlink()
    first |= {"feedback/student-00.md.changed-1": b"100 points"}
    assert again() == first and built == []

    (tmp_path / "out" / "results" / "student-00.json").write_text("{}")
    (tmp_path / "out" / "results" / "student-02.json").unlink()
    assert again() == first and len(built) == 2


def test_a_row_that_was_changed_counts_as_without_a_memo(cli, graded, again, tmp_path, monkeypatch):
    """A store is what its rows say, checked: the memo neither hides a change nor lets a wrong row through."""
    again()
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / NAME)) as db, db:
        row = db.execute("SELECT kernel, scenario FROM attempts WHERE verdict = 'failed'").fetchone()
        changed = "UPDATE attempts SET verdict = 'passed', attempt = '{\"verdict\": \"passed\"}'"
        db.execute(f"{changed} WHERE kernel = ? AND scenario = ?", row)
    with_memo = again()
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
        assert again() == with_memo != bytes_of(graded[0] / "out")

    with contextlib.closing(sqlite3.connect(tmp_path / "out" / NAME)) as db, db:
        db.execute("UPDATE attempts SET attempt = '{}' WHERE kernel = ? AND scenario = ?", row)
    status, _, err = batch(cli, graded[1], graded[0] / "class", tmp_path / "out")
    assert status == 2 and "no batch wrote this" in err


def test_damaged_grades_of_the_batch_before(again, graded, tmp_path, cli):
    """The class keeps its grades, --changes says that it cannot compare, and the next run has something to compare."""
    before = again()
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / NAME)) as db, db:
        db.execute("UPDATE finished SET grades = '{}'")
    words = graded[1], graded[0] / "class", tmp_path / "out", "--changes"
    status, out, err = batch(cli, *words)

    assert status == 0, err
    assert "The grades of the batch before this one cannot be compared: " in out
    assert bytes_of(tmp_path / "out") == before
    assert "cannot be compared" not in batch(cli, *words)[1]


@pytest.mark.parametrize("what", ["label", "sheet", "kernel"])
def test_what_a_result_depends_on_is_seen(again, graded, tmp_path, built, what):
    """A new name, sheet or kernel makes the result of its submission again, and no other."""
    again()
    built.clear()
    shutil.copytree(graded[0] / "class", tmp_path / "class")
    one = tmp_path / "class" / "student-04"
    if what == "label":
        one.rename(tmp_path / "class" / "student-05")
    elif what == "sheet":
        (one / "answers.yaml").write_text("who: nobody\n")
    else:
        (one / "kernel.py").write_text(kernel_text() + "# new\n")
    found = again(tmp_path / "class")
    assert len(built) == 1

    shutil.rmtree(tmp_path / "out")
    shutil.copytree(graded[0] / "out", tmp_path / "out")
    shutil.rmtree(kept.folder_of(KIND))
    assert again(tmp_path / "class") == found


def test_another_version_and_an_edited_lab_start_anew(graded, again, built, monkeypatch):
    """What another program made is not used, and neither is what was made from other files of the lab."""
    first, lab = again(), graded[1]
    monkeypatch.setattr(grading, "whole_hash", lambda: "another")
    assert again() == first and len(built) == 14

    text = (lab / "lab.yaml").read_text()
    try:
        (lab / "lab.yaml").write_text(text.replace("title: First touch", "title: Second touch"))
        assert b"Second touch" in b"".join(again().values()) and len(built) == 21
    finally:
        (lab / "lab.yaml").write_text(text)


def test_what_is_made_while_the_lab_is_edited_is_not_used_again(again, graded, monkeypatch):
    """The quiz is read first and results are made last: an edit in between must not pass for what was read."""
    first, lab = again(), graded[1]
    text = (lab / "quiz.yaml").read_text()
    original = grading.grade_missing

    def edited(*arguments):
        (lab / "quiz.yaml").write_text(text.replace("points: 1", "points: 3"))
        return original(*arguments)

    try:
        with monkeypatch.context() as patch:
            patch.setattr("grader.batch.grade_missing", edited)
            assert again() == first
        assert again() != first
    finally:
        (lab / "quiz.yaml").write_text(text)


def test_the_reference_in_another_folder_is_among_the_files(tmp_path):
    """A key that was not recorded is computed with the reference and the modules that it imports: edits must count."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "reference").mkdir()
    reference = ClassAt(tmp_path / "reference" / "kernel.py", "Kernel")
    lab = Lab(tmp_path / "lab", "small", "Small", None, reference, None, (), (), ())
    hashes = {grading.files_digest(lab)}
    for name in ("kernel.py", "helper.py"):
        (tmp_path / "reference" / name).write_text("FAULTS = 1\n")
        hashes.add(grading.files_digest(lab))
        (tmp_path / "reference" / name).write_text("FAULTS = 2\n")
        hashes.add(grading.files_digest(lab))
    (tmp_path / "lab" / ".last-run.json").write_text("a note that nothing depends on")
    hashes.add(grading.files_digest(lab))

    assert len(hashes) == 5


def test_the_hash_of_the_program_knows_every_source(tmp_path, monkeypatch):
    """A change in any file changes it; what Python makes of files does not."""
    monkeypatch.setattr(versions, "_PACKAGE", tmp_path)
    seen = []
    for name, text in (("a.py", "1"), ("a.py", "2"), ("view/page.css", "x"), ("view/a.pyc", "compiled")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        seen.append(versions.whole_hash.__wrapped__())

    assert len(set(seen)) == 3 and seen[2] == seen[3]
