"""`grader merge` with stores from elsewhere: nothing in them is trusted, and nothing outside --output is written."""

import contextlib
import json
import pathlib
import re
import shutil
import sqlite3
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch import merge_batches
from grader.batch.layouts import safe_id
from grader.batch.store import NAME, Kept, Key, Store, StoreError
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import load_lab
from tests.batch.handed_in import batch, bytes_of, hand_in, rows
from tests.marks import long_property

KEY = Key("kernel", "scenario", "grader", "output")
LEVEL = {"wanted": "auto", "got": "L2", "missing": {}}
ABOUT = {
    **dict.fromkeys(("label", "user", "email", "number", "digest", "kernel", "refused", "remark"), ""),
    "system": "plain",
    "others": [],
}


@pytest.fixture
def shard(tmp_path):
    """The folder of a store with one submission and one attempt."""
    with Store(tmp_path / "shard") as store:
        store.add([(KEY, Kept("passed", {"verdict": "passed"}, LEVEL))])
        store.set_submissions([("jane", ABOUT, None)])
    return tmp_path / "shard"


@contextlib.contextmanager
def sql(shard):
    with contextlib.closing(sqlite3.connect(shard / NAME)) as db, db:
        yield db


def everything(folder):
    with contextlib.closing(Store.of_shard(folder)) as store:
        return list(store.all_attempts()), store.submissions(), store.parts


def test_a_store_that_a_batch_wrote_is_read(shard):
    """Nothing is lost by the checks, and nothing appears beside the store."""
    before = list(shard.iterdir())
    attempts, submissions, parts = everything(shard)

    assert [key for key, _ in attempts] == [KEY]
    assert submissions == [("jane", ABOUT, None)] and parts == [[1, 1]]
    assert list(shard.iterdir()) == before


@pytest.mark.parametrize("id", ["/abs/x", "../../x", "a/b", "..", ".x", "a..b", "", "x" * 65, "a\x1b[2J", "a\n", "ä"])
def test_an_id_that_is_not_safe_as_a_file_name(shard, id):
    """The id is named; nothing is read of such a store."""
    with sql(shard) as db:
        db.execute("UPDATE submissions SET id = ?", (id,))

    with pytest.raises(StoreError, match="is not the id of a submission; no batch wrote this"):
        everything(shard)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON attempts BEGIN DELETE FROM submissions; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE more (x)",
        "CREATE INDEX i ON submissions (about)",
        "ALTER TABLE submissions ADD COLUMN more TEXT DEFAULT 7",
        "DROP TABLE finished",
    ],
)
def test_a_schema_that_is_not_ours(shard, statement):
    """Triggers, views and other tables: refused before a row is read, for a shard and for an --output."""
    with sql(shard) as db:
        db.execute(statement)

    for use in (everything, Store):
        with pytest.raises(StoreError, match="other tables, views or triggers than a batch makes"):
            use(shard)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("about", b"{}"),
        ("about", 7),
        ("about", "[" * 100_000),
        ("about", json.dumps(ABOUT | {"label": "\x1b[2J"})),
        ("about", json.dumps(ABOUT | {"kernel": "../x"})),
        ("about", json.dumps(ABOUT | {"others": [{"label": 7}]})),
        ("about", json.dumps(ABOUT | {"surprise": 1})),
        ("about", json.dumps({k: v for k, v in ABOUT.items() if k != "system"})),
        ("answers", "text"),
        ("answers", b"x" * (2 << 20)),
    ],
)
def test_a_row_of_another_type_or_size(shard, column, value):
    """SQLite keeps whatever a column is given: every field is checked."""
    with sql(shard) as db:
        db.execute(f"UPDATE submissions SET {column} = ?", (value,))

    with pytest.raises(StoreError, match="no batch wrote this"):
        everything(shard)


@pytest.mark.parametrize(
    "attempt",
    [
        {"verdict": "excellent"},
        {"verdict": "failed"},
        {"verdict": "passed", "divergence": [1, "rule", "a", "b"]},
        {"verdict": "passed", "divergence": [-1, "audit", "a", "b"]},
        {"verdict": "passed", "printed": ["x"]},
        {"verdict": "passed", "lines": "x"},
    ],
)
def test_an_attempt_that_no_worker_sends(shard, attempt):
    """Verdicts and rules are closed sets; the verdict's column agrees with the attempt."""
    with sql(shard) as db:
        db.execute("UPDATE attempts SET attempt = ?", (json.dumps(attempt),))

    with pytest.raises(StoreError, match="no batch wrote this"):
        everything(shard)


def test_a_store_behind_a_link(shard, tmp_path):
    """No link is followed: not for a shard, and not for an --output."""
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / NAME).symlink_to(shard / NAME)

    with pytest.raises(StoreError, match="not an ordinary file"):
        everything(tmp_path / "linked")
    with pytest.raises(StoreError, match="symbolic link"):
        Store(tmp_path / "linked")


def test_a_journal_is_not_played_back(shard):
    """SQLite would remove a file that the journal names; the store of a batch that was killed is run to its end."""
    journal = shard / f"{NAME}-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 100)

    with pytest.raises(StoreError, match="run that batch again to its end first"):
        everything(shard)
    assert journal.exists()


def test_a_write_ahead_log_is_refused(shard):
    """Such a store would have to be written to for reading it."""
    with sql(shard) as db:
        db.execute("PRAGMA journal_mode = WAL")

    with pytest.raises(StoreError, match="was not written by a batch"):
        everything(shard)


values = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=30), st.binary(max_size=30))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ABOUT)), inner, max_size=3),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(sorted(ABOUT)), json_values, max_size=3)


@given(id=values, raw=st.none() | values, changed=fields)
@long_property(60)
def test_no_store_brings_in_a_name_or_a_control_character(id, raw, changed):
    """Whatever a submission's row holds: an error, or an id that is safe and text that moves no cursor."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        with Store(folder) as store:
            store.add([(KEY, Kept("passed", {"verdict": "passed"}, LEVEL))])
        about = raw if raw is not None else json.dumps(ABOUT | changed)
        with sql(folder) as db:
            db.execute("INSERT INTO submissions VALUES (?, ?, NULL)", (id if id is not None else "jane", about))
        _, ((name, told, _),), _ = everything(folder)
    except (StoreError, sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
        return
    finally:
        shutil.rmtree(folder)

    assert safe_id(name) == name
    assert all(printable(told[key], None) == told[key] for key in ("label", "user", "email", "number", "remark"))


def test_a_strangers_shard_writes_nothing(cli, lab, tmp_path):
    """Exit status 2 with the reason; not a file outside of --output, and no --output either."""
    batch(cli, lab, hand_in(tmp_path / "class", 2), tmp_path / "shard")
    with sql(tmp_path / "shard") as db:
        db.execute("UPDATE submissions SET id = '../../escaped' WHERE id = 'student-00'")
    before = sorted(tmp_path.rglob("*"))
    status, _, err = cli("merge", lab, tmp_path / "shard", "--output", tmp_path / "all", "--isolation", "auto", "-q")

    assert status == 2
    assert "'../../escaped' is not the id of a submission" in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (
            (9, "jane", "total", 70.0, ""),
            "it sets total of jane to 70, and \\S+ to 50; name the file that counts",
        ),
        ((9, "jane", "total", 50.0, ""), None),
    ],
)
def test_overrides_of_two_shards(lab, tmp_path, second, told):
    """Which of two values counts is not decided by the order of shards; the same value on another line is the same."""
    for name, override in (("a", (2, "jane", "total", 50.0, "")), ("b", second)):
        with Store(tmp_path / name) as store:
            store.add([(KEY, Kept("passed", {"verdict": "passed"}, LEVEL))])
            store.overrides = [override]
    folders = [tmp_path / "a", tmp_path / "b"]

    if told is None:
        merge_batches(load_lab(lab), folders, tmp_path / "out", "auto")
        with Store(tmp_path / "out") as store:
            assert store.overrides == [(2, "jane", "total", 50.0, "")]
    else:
        with pytest.raises(InputError, match=told):
            merge_batches(load_lab(lab), folders, tmp_path / "out", "auto")


@pytest.fixture
def merged(cli, lab, tmp_path):
    """merged(*more): grades both halves of a class and merges them; what `grader merge` returns and prints."""
    folder = hand_in(tmp_path / "class", 6)

    def make(*more, shards=(1, 2)):
        for n in shards:
            batch(cli, lab, folder, tmp_path / str(n), "--shard", f"{n}/2")
        named = [tmp_path / str(n) for n in shards]
        return cli("merge", lab, *named, "--output", tmp_path / "all", "--isolation", "auto", "-q", *more)

    make.folder, make.out = folder, tmp_path / "all"
    return make


def test_a_class_that_is_merged_again(cli, lab, tmp_path, merged):
    """Who has withdrawn is gone, with a word; who has handed in again is there; as in a batch of the whole class."""
    first = merged()
    shutil.rmtree(merged.folder / "student-01")
    for name, text in (("student-00", "# again\n"), ("student-02", "x = 1\n")):
        (merged.folder / name / "kernel.py").write_text(text)
    status, _, err = merged()
    batch(cli, lab, merged.folder, tmp_path / "whole")

    assert (first[0], status) == (0, 0), err
    assert "grader: 1 of 8 submissions of the run before are not among these, and their results" in err
    assert f"are no longer in {merged.out}: student-01\n" in err
    assert bytes_of(merged.out) == bytes_of(tmp_path / "whole")


def test_one_shard_that_is_merged_again(merged):
    """The other shard's submissions stay; one that changed its shard needs the other shard, which is named."""
    merged()
    before = rows(merged.out)
    status, _, err = merged(shards=(1,))
    assert (status, err, rows(merged.out)) == (0, "", before)

    told = []
    for text in ("# a\n", "# b\n", "# c\n", "# d\n", "# e\n"):  # some of them are in shard 1, and some in shard 2
        (merged.folder / "student-01" / "kernel.py").write_text(text)
        told += [line for n in (1, 2) for line in merged(shards=(n,))[2].splitlines() if "different contents" in line]
    assert told and all(
        re.fullmatch(
            r"grader: \S+/(1|2): student-01 is in \S+/all with different contents, which are of (1|2)/2; grade that "
            r"shard again and name its folder too, or name another --output",
            line,
        )
        for line in told
    )
    assert merged()[0] == 0


def test_overrides_of_a_shard_that_is_merged_again(cli, lab, tmp_path, merged):
    """Those that it had before do not count any more; those of the other shard, and of a merge's own file, do."""
    head = "student,what,points,comment\n"
    merged()
    one, two = (next(iter(set(rows(tmp_path / n)) - {"broken"})) for n in "12")

    def give(n, text):
        (tmp_path / "o.csv").write_text(head + text)
        batch(cli, lab, merged.folder, tmp_path / n, "--shard", f"{n}/2", "--overrides", tmp_path / "o.csv")

    give("1", f"{one},total,7,\n")
    give("2", f"{two},total,8,\n")
    merged()
    assert [rows(merged.out)[id]["points"] for id in (one, two)] == ["7", "8"]
    give("1", f"{one},total,9,\n")
    merged(shards=(1,))
    assert [rows(merged.out)[id]["points"] for id in (one, two)] == ["9", "8"]
    give("1", "")
    merged(shards=(1,))
    assert rows(merged.out)[one]["points"] not in ("7", "9") and rows(merged.out)[two]["points"] == "8"

    (tmp_path / "own.csv").write_text(head + f"{one},total,5,\n")
    merged("--overrides", tmp_path / "own.csv")
    assert rows(merged.out)[one]["points"] == "5" and rows(merged.out)[two]["points"] != "8"
    give("1", f"{one},total,6,\n")
    status, _, err = merged(shards=(1,))
    told = f"it sets total of {one} to 6, and an earlier merge into {merged.out} to 5; name the file that counts"
    assert status == 2 and told in err


def test_a_missing_shard_is_reported(cli, lab, tmp_path):
    """Two of three: exit status 1 and which is missing; with the third it is a whole class."""
    folder = hand_in(tmp_path / "class", 6)
    for n in (1, 2, 3):
        batch(cli, lab, folder, tmp_path / str(n), "--shard", f"{n}/3")
    options = ("--output", tmp_path / "all", "--isolation", "auto", "-q")
    status, _, err = cli("merge", lab, tmp_path / "1", tmp_path / "3", *options)
    whole, _, quiet = cli("merge", lab, tmp_path / "2", *options)

    assert (status, "shards 2/3 are missing" in err) == (1, True)
    assert (whole, quiet) == (0, "")


def test_a_batch_removes_only_its_own_files(cli, lab, tmp_path):
    """Others' files in results/ and feedback/ stay; those of a submission that is gone do not."""
    folder = hand_in(tmp_path / "class", 2)
    batch(cli, lab, folder, tmp_path / "out")
    (tmp_path / "out" / "results" / "mine.json").write_text("mine")
    (tmp_path / "out" / "feedback" / "mine.md").write_text("mine")
    shutil.rmtree(folder / "student-01")
    batch(cli, lab, folder, tmp_path / "out")

    left = {name for name in bytes_of(tmp_path / "out") if name.startswith(("results/", "feedback/"))}
    assert {"results/mine.json", "feedback/mine.md", "results/student-00.json"} <= left
    assert not any("student-01" in name for name in left)


def test_a_linked_results_folder_is_refused(cli, lab, tmp_path):
    """Exit status 2 with the path; the folder behind the link keeps its files."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "a.json").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results").symlink_to(tmp_path / "precious")
    status, _, err = batch(cli, lab, hand_in(tmp_path / "class", 1), tmp_path / "out")

    assert status == 2
    assert "results: this is a symbolic link" in err
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["a.json"]


@given(
    name=st.sampled_from(["parts", "written", "overrides", "collected", "run"]),
    value=values.filter(lambda v: v is not None) | json_values.map(json.dumps),
)
@long_property(60)
def test_what_a_store_says_of_itself_is_checked(name, value):
    """Shards, written files, overrides and the last run: valid, or a StoreError; never another exception."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        with Store(folder) as store:
            store.add([(KEY, Kept("passed", {"verdict": "passed"}, LEVEL))])
        with sql(folder) as db:
            db.execute("INSERT INTO about VALUES (?, ?)", (name, value))
        with contextlib.closing(Store.of_shard(folder)) as store:
            found = store.last_run() if name == "run" else getattr(store, name)
    except (StoreError, sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
        return
    finally:
        shutil.rmtree(folder)

    assert isinstance(found, list | dict | tuple)


@pytest.mark.parametrize("path", ["../x.json", "results/../../x.json", "/etc/x.json", "results/.json", "results/x.md"])
def test_no_file_elsewhere_is_removed(shard, path):
    """A store that says it wrote a file somewhere else is refused."""
    with sql(shard) as db:
        db.execute("INSERT INTO about VALUES ('written', ?)", (json.dumps({path: "0" * 64}),))

    with Store(shard) as store, pytest.raises(StoreError, match="no batch wrote this"):
        _ = store.written
