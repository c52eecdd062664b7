"""The SQLite store: what is committed stays, and what goes wrong is said."""

import sqlite3
import subprocess
import sys

import pytest

from grader.batch.store import NAME, Kept, Key, Store, StoreError

KEY = Key("kernel", "scenario", "grader", "output")
LEVEL = {"wanted": "auto", "got": "L2", "missing": {}}


def kept(verdict):
    return Kept(verdict, {"verdict": verdict}, LEVEL)


def test_what_was_kept_is_found_again(tmp_path):
    """By kernel and grader; the scenario and the reference output tell attempts apart."""
    with Store(tmp_path) as store:
        store.replace([(KEY, kept("passed")), (KEY._replace(output="other"), kept("failed"))])
    with Store(tmp_path) as store:
        found = store.attempts("kernel", "grader")

    assert found == {("scenario", "output"): kept("passed"), ("scenario", "other"): kept("failed")}


def test_what_was_graded_again_takes_the_place_of_what_was_there(tmp_path):
    """It was only graded because what was there does not count."""
    other = KEY._replace(scenario="other")
    with Store(tmp_path) as store:
        store.replace([(KEY, kept("passed")), (other, kept("passed"))])
        store.replace([(KEY, kept("failed"))])
        found = store.attempts("kernel", "grader")

    assert found == {("scenario", "output"): kept("failed"), ("other", "output"): kept("passed")}


LEVELS = {name: {**LEVEL, "got": name} for name in ("none", "L0", "W", "L2S", "L2")}


@pytest.mark.parametrize(
    ("mine", "other", "stays"),
    [
        (("passed", "L2"), ("failed", "L2"), True),
        (("ungradable", "L2"), ("failed", "L2"), False),
        (("passed", "L0"), ("failed", "L2"), False),
        (("passed", "L2S"), ("failed", "L2"), False),
        (("passed", "L2"), ("failed", "L2S"), True),
        (("passed", "none"), ("failed", "L0"), False),
        (("ungradable", "L2"), ("failed", "W"), True),
        (("passed", "L0"), ("ungradable", "L2"), False),
    ],
)
def test_what_another_store_knows_counts_where_it_says_more(tmp_path, mine, other, stays):
    """A verdict stands, unless the other one was made at a stronger isolation."""
    mine, other = (Kept(verdict, {"verdict": verdict}, LEVELS[level]) for verdict, level in (mine, other))
    with Store(tmp_path) as store:
        store.add([(KEY, mine)])
        store.add([(KEY, other)])
        found = store.attempts("kernel", "grader")

    assert found == {("scenario", "output"): mine if stays else other}


def test_a_new_store_that_keeps_nothing_is_gone(tmp_path):
    """With the folders that were made for it, a list of submissions or not; one that keeps something stays."""
    with Store(tmp_path / "new" / "deep") as store:
        store.set_submissions([("jane", {}, None)])
    gone = list(tmp_path.iterdir())
    with Store(tmp_path / "new") as store:
        store.finish([{}], "")
    Store(tmp_path / "new").close()

    assert gone == []
    assert (tmp_path / "new" / NAME).exists()


def test_a_store_that_was_there_stays(tmp_path):
    """Empty as it is: whoever made it may want it."""
    with Store(tmp_path / "old") as store:
        store.replace([(KEY, kept("passed"))])
    with sqlite3.connect(tmp_path / "old" / NAME) as db:
        db.execute("DELETE FROM attempts")
    Store(tmp_path / "old").close()

    assert (tmp_path / "old" / NAME).exists()


def test_two_batches_at_once(tmp_path):
    """The second is told, at once; the first goes on."""
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match="another batch is working on it; wait for that one, or name another"):
            Store(tmp_path)
        store.replace([(KEY, kept("passed"))])

        assert store.attempts("kernel", "grader")


def test_a_store_is_free_after_kill(tmp_path):
    """A process that is killed in the middle of a transaction leaves what was committed, and no lock."""
    program = (
        "import os, pathlib, signal, sys; from grader.batch.store import *;"
        "store = Store(pathlib.Path(sys.argv[1])); key = Key('k', 's', 'g', 'o');"
        "store.replace([(key, Kept('passed', {'verdict': 'passed'}, {'wanted': 'auto', 'got': 'L2'}))]);"
        "store._db.execute('BEGIN');"
        'store._db.execute("DELETE FROM attempts"); os.kill(os.getpid(), signal.SIGKILL)'
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], timeout=60, check=False)
    with Store(tmp_path) as store:
        assert done.returncode == -9
        assert list(store.attempts("k", "g")) == [("s", "o")]


@pytest.mark.parametrize("damage", [b"this is no database, but it is long enough to be read as one" * 10, b""])
def test_a_corrupt_store(tmp_path, damage):
    """Another file of that name is not written over; an empty one is a new store."""
    (tmp_path / NAME).write_bytes(damage)
    if not damage:
        Store(tmp_path).close()
        return

    with pytest.raises(StoreError, match=r"batch.sqlite: it is damaged .*; move it away, and everything is graded"):
        Store(tmp_path)
    assert (tmp_path / NAME).read_bytes() == damage


def test_a_store_with_a_hole(tmp_path):
    """Pages that were overwritten are noticed when it is opened, or at the latest when they are read."""
    with Store(tmp_path) as store:
        store.replace([(KEY._replace(scenario=f"s{n}"), kept("passed")) for n in range(500)])
    path = tmp_path / NAME
    data = bytearray(path.read_bytes())
    data[8192:40960] = b"\xaa" * (40960 - 8192)
    path.write_bytes(data)

    with pytest.raises(StoreError, match="damaged"):
        Store(tmp_path)


def test_a_full_disk(tmp_path):
    """What does not fit is not kept, what was kept before is there, and the sentence says so."""
    with Store(tmp_path) as store:
        store.replace([(KEY, kept("passed"))])
        store._db.execute("PRAGMA max_page_count = 12")
        with pytest.raises(StoreError, match="the disk is full; what was graded so far is kept"):
            store.replace([(KEY._replace(scenario="s" * 200_000), kept("passed"))])

        assert list(store.attempts("kernel", "grader")) == [("scenario", "output")]


def test_a_folder_that_cannot_be_made(tmp_path):
    """A file where the folder should be; the same words as for a read-only one."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="file"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError):
        Store(tmp_path / "file" / "deeper")


def test_a_store_of_another_version(tmp_path):
    """It is left alone, and the way out is said."""
    with Store(tmp_path) as store:
        store.replace([(KEY, kept("passed"))])
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("UPDATE about SET value = '99'")

    with pytest.raises(StoreError, match="of another version of the grader"):
        Store(tmp_path)


def test_the_last_finished_batch_is_remembered(tmp_path):
    """Its grades, its number, and when it ended."""
    with Store(tmp_path) as store:
        first, second = ({"scenarios": {"a": kind}, "submissions": {}} for kind in ("public", "hidden"))
        none = store.finished([first]), store.last_run()
        for grades in (first, second):
            store.finish([grades], "today")

        assert none == (None, (0, ""))
        assert (store.finished([]), store.last_run()) == (second, (2, "today"))


def test_grades_in_parts_are_those_of_the_whole(tmp_path):
    """Whichever of the parts are those of the batch that they are compared with."""
    grade = {"digest": "", "points": 1, "quiz": 0, "verdicts": {}, "worth": {}}
    parts = [{"scenarios": {"a": "public"}, "submissions": {id: grade}} for id in ("ann", "ben", "eve")]
    whole = {"scenarios": {"a": "public"}, "submissions": dict.fromkeys(("ann", "ben", "eve"), grade)}
    with Store(tmp_path) as store:
        store.finish(parts, "today")
        found = [store.finished(now) for now in ([], parts, parts[1:], [whole], [*parts, whole])]
        store.finish([whole], "today")

        assert found == [whole] * 5
        assert store.finished(parts) == whole
