"""The results of a batch in one SQLite file: whatever was graded is committed at once, and found again by content.

An attempt is kept under the hashes of kernel, scenario, grader and reference output (keys.py). So an edited scenario
regrades itself alone, a new grader everything, and a renamed submission nothing. One process works on a store at a
time: SQLite's exclusive lock is held while it is open, and the system drops it with the process, however that ends. A
store that was made and in which nothing was kept is removed when it is closed: what was refused leaves no trace.

A store may come from elsewhere: its tables are compared with ours before one is read, its rows are checked (rows.py),
and the store of a shard is opened for reading only.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import zip_longest
from typing import Any, NamedTuple

from grader.batch import rows as checked
from grader.sandbox.isolation import Isolation, rank

FORMAT = 1
NAME = "batch.sqlite"

#: Bytes of a shard's store.
SIZE_LIMIT = 2 << 30

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE attempts (
    kernel TEXT NOT NULL, scenario TEXT NOT NULL, grader TEXT NOT NULL, output TEXT NOT NULL,
    verdict TEXT NOT NULL, attempt TEXT NOT NULL, isolation TEXT NOT NULL,
    PRIMARY KEY (kernel, scenario, grader, output)
) WITHOUT ROWID;
CREATE TABLE submissions (id TEXT PRIMARY KEY, about TEXT NOT NULL, answers BLOB) WITHOUT ROWID;
CREATE TABLE finished (number INTEGER PRIMARY KEY, grades TEXT NOT NULL);
"""

#: The texts of kernels, for comparing them with those of other shards. Stores of earlier versions lack this table.
_KERNELS = "CREATE TABLE kernels (digest TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID"


#: What is kept of a kernel.
_OF_KERNEL = "SELECT scenario, output, verdict, attempt, isolation FROM attempts WHERE kernel = ? AND grader = ?"


class StoreError(Exception):
    """The store cannot be used: a sentence with the file and the way out. What was committed is not lost by it."""


class DamagedRow(StoreError):
    """A row is not what a batch writes."""


class Key(NamedTuple):
    """Holds what an attempt depends on, each as a hash."""

    kernel: str
    scenario: str
    grader: str
    output: str


class Kept(NamedTuple):
    """An attempt as it is kept: plain JSON values, and the isolation it was made at."""

    verdict: str
    attempt: checked.PlainAttempt
    isolation: Isolation


class Store:
    """An open store. Use as a context manager."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Open or make FOLDER/batch.sqlite. StoreError if that cannot be."""
        self.path = folder / NAME
        for path in (self.path, _journal(self.path)):
            if path.is_symlink():
                raise StoreError(f"{path}: this is a symbolic link, and nothing is written through one; remove it")
        self._new = not self.path.exists()
        self._made = [one for one in (folder, *folder.parents) if not one.exists()]
        self._digests: dict[tuple[str, str], bytes] = {}
        with self._told():
            folder.mkdir(parents=True, exist_ok=True)
            # Autocommit: transactions begin where `_transaction` says.
            self._db = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._new = False  # it may be another's by now
            self.close()
            raise

    @classmethod
    def of_shard(cls, folder: pathlib.Path) -> Store:
        """Open the store of another batch to read from it; nothing is written, not even a journal. StoreError."""
        store = cls.__new__(cls)
        store.path, store._new, store._made, store._digests = folder / NAME, False, [], {}
        _refuse_strange_file(store.path)
        with store._told():
            store._db = sqlite3.connect(_read_only(store.path), uri=True, timeout=1.0, isolation_level=None)
        try:
            with store._told():
                store._check()
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self) -> None:
        self._db.create_function("rank", 1, _rank, deterministic=True)
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = TRUNCATE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN EXCLUSIVE")
        found = _schema(self._db)
        if not found:
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO about VALUES ('format', ?)", (str(FORMAT),))
        if not found or found == _our_schema(_TABLES):
            self._db.execute(_KERNELS)
        if found:
            self._new = False
        self._db.execute("COMMIT")
        self._check()

    def _check(self) -> None:
        """Raise unless the tables are those that a batch makes, whole and of this format."""
        # Views, triggers and defaults of an untrusted schema must not call functions.
        self._db.execute("PRAGMA trusted_schema = OFF")
        if _schema(self._db) not in (_our_schema(_TABLES), _our_schema(_TABLES + _KERNELS)):
            raise StoreError(
                f"{self.path}: it has other tables, views or triggers than a batch makes; do not use it, or remove it"
            )
        (damage,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if damage != "ok":
            raise sqlite3.DatabaseError(damage)
        found = self._db.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
        if found is None or found[0] != str(FORMAT):
            raise StoreError(f"{self.path}: of another version of the grader; name another --output, or remove it")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; remove it, and the folders made for it, if it is new and nothing was kept in it."""
        # Nobody can get hold of it meanwhile: the lock goes with the last line.
        if self._new and self._is_empty():
            with suppress(OSError):  # a folder that something else is in, or a disk that was made read-only
                _journal(self.path).unlink(missing_ok=True)
                self.path.unlink(missing_ok=True)
                for folder in self._made:
                    folder.rmdir()
        self._db.close()

    def _is_empty(self) -> bool:
        try:
            kept = "SELECT EXISTS (SELECT 1 FROM attempts) OR EXISTS (SELECT 1 FROM finished)"
            return not self._db.execute(kept).fetchone()[0]
        except sqlite3.Error:
            return False

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors in words that say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {_way_out(error)}") from error
        except checked.BadRow as error:
            raise DamagedRow(
                f"{self.path}: {error}; no batch wrote this, so nothing of it is used: remove the file, "
                "or name another --output"
            ) from error
        except OSError as error:
            told = error.strerror or str(error)
            raise StoreError(f"{error.filename or self.path}: {told}; name an --output that can be written") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # -- attempts ---------------------------------------------------------------------------------------------

    def replace(self, attempts: Iterable[tuple[Key, Kept]]) -> None:
        """Commit attempts, all or none, in the place of those that are there."""
        rows = list(map(_row, attempts))
        self._forget_digests(rows)
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def add(self, attempts: Iterable[tuple[Key, Kept]]) -> None:
        """Commit attempts of another store, all or none. What is there already stays, unless the other one says more:
        it was made at a stronger isolation, or this one is ungradable.
        """
        rows = list(map(_row, attempts))
        self._forget_digests(rows)
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "verdict = excluded.verdict, attempt = excluded.attempt, isolation = excluded.isolation "
                "WHERE rank(attempts.isolation) < rank(excluded.isolation) "
                "OR rank(attempts.isolation) = rank(excluded.isolation) AND attempts.verdict = 'ungradable'",
                rows,
            )

    def _forget_digests(self, rows: Iterable[Sequence[str]]) -> None:
        for kernel, _, grader, *_ in rows:
            self._digests.pop((kernel, grader), None)

    def digest(self, kernel: str, grader: str) -> bytes:
        """Return a hash of what is kept of a kernel, as it is in the file, unchecked."""
        if (kernel, grader) not in self._digests:
            with self._told():
                rows = self._db.execute(f"{_OF_KERNEL} ORDER BY scenario, output", (kernel, grader)).fetchall()
                told = repr(rows).encode("utf-8", "surrogatepass")
                self._digests[kernel, grader] = hashlib.sha256(told).digest()
        return self._digests[kernel, grader]

    def attempts(self, kernel: str, grader: str) -> dict[tuple[str, str], Kept]:
        """Return (scenario, output) -> what is kept of a kernel."""
        with self._told():
            rows = self._db.execute(_OF_KERNEL, (kernel, grader)).fetchall()
            return {(row[0], row[1]): Kept(*checked.read_attempt(*row[2:5])) for row in rows}

    def all_attempts(self) -> Iterator[tuple[Key, Kept]]:
        """Everything that is kept, in the order of its keys."""
        with self._told():
            rows = self._db.execute("SELECT * FROM attempts ORDER BY kernel, scenario, grader, output")
            for row in rows:
                yield Key(*checked.read_key(row[:4])), Kept(*checked.read_attempt(*row[4:7]))

    # -- submissions ------------------------------------------------------------------------------------------

    def set_submissions(self, submissions: Iterable[tuple[str, dict[str, Any], bytes | None]]) -> None:
        """Replace the list of submissions: id, what is known of each, and its answers."""
        rows = [(id, json.dumps(about, sort_keys=True), answers) for id, about, answers in submissions]
        with self._transaction() as db:
            db.execute("DELETE FROM submissions")
            db.executemany("INSERT INTO submissions VALUES (?, ?, ?)", rows)

    def submissions(self) -> list[tuple[str, dict[str, Any], bytes | None]]:
        """Return the list, in the order of ids."""
        return list(self.each_submission())

    def ids(self) -> list[str]:
        """Return the ids of the list, in their order."""
        with self._told():
            return [checked.read_id(row[0]) for row in self._db.execute("SELECT id FROM submissions ORDER BY id")]

    def each_submission(self) -> Iterator[tuple[str, dict[str, Any], bytes | None]]:
        """Yield the list, in the order of ids."""
        with self._told():
            for row in self._db.execute("SELECT id, about, answers FROM submissions ORDER BY id"):
                yield checked.read_id(row[0]), checked.read_about(row[1]), checked.read_answers(row[2])

    def about(self, id: str) -> dict[str, Any]:
        """Return what is known of a submission that is on the list."""
        with self._told():
            row = self._db.execute("SELECT about FROM submissions WHERE id = ?", (id,)).fetchone()
            return checked.read_about(row[0])

    # -- kernels ----------------------------------------------------------------------------------------------

    def set_kernels(self, kernels: Iterable[tuple[str, str]]) -> None:
        """Replace the kept kernels by pairs of sha256 of a text and text."""
        handed_in = set()
        with self._transaction() as db:
            for digest, text in kernels:
                handed_in.add(digest)
                data = text.encode()
                known = db.execute("SELECT text FROM kernels WHERE digest = ?", (digest,)).fetchone()
                if known != (data,):
                    db.execute("INSERT OR REPLACE INTO kernels VALUES (?, ?)", (digest, data))
            gone = {row[0] for row in db.execute("SELECT digest FROM kernels")} - handed_in
            db.executemany("DELETE FROM kernels WHERE digest = ?", [(digest,) for digest in gone])

    def kernel(self, digest: str) -> str | None:
        """Return the text of a kept kernel, or None."""
        with self._told():
            row = self._db.execute("SELECT digest, text FROM kernels WHERE digest = ?", (digest,)).fetchone()
            return checked.read_kernel(*row)[1] if row is not None else None

    def kernel_digests(self) -> set[str]:
        """Return the digests of the kept kernels, whose texts are not checked."""
        with self._told():
            return {row[0] for row in self._db.execute("SELECT digest FROM kernels")}

    def kernels(self) -> Iterator[tuple[str, str]]:
        """Yield the kept kernels: sha256 of the text, text. A store of an earlier version has none."""
        with self._told():
            if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'kernels'").fetchone():
                for row in self._db.execute("SELECT digest, text FROM kernels ORDER BY digest"):
                    yield checked.read_kernel(*row)

    # -- finished batches -------------------------------------------------------------------------------------

    def finish(self, parts: Sequence[checked.KeptGrades], when: str) -> None:
        """Keep the grades of a finished batch in place of the one before, and count the run. when: for a person.

        parts: the grades, a row for each part. Parts that are small keep the texts small that are in memory at once.
        """
        run = json.dumps([self.last_run()[0] + 1, when])
        with self._transaction() as db:
            known = db.execute("SELECT grades FROM finished ORDER BY number")
            if not all(row == (text,) for row, text in zip_longest(known, map(_plain, parts))):
                db.execute("DELETE FROM finished")
                db.executemany("INSERT INTO finished (grades) VALUES (?)", ((_plain(part),) for part in parts))
            db.execute("INSERT INTO about VALUES ('run', ?) ON CONFLICT DO UPDATE SET value = excluded.value", (run,))

    def finished(self, parts: Sequence[checked.KeptGrades]) -> checked.KeptGrades | None:
        """Return the grades of the last finished batch; None if there is none.

        parts: those of a batch that is to be compared with it. What has not changed is taken from there unread.
        """
        found: checked.KeptGrades | None = None
        with self._told():
            rows = self._db.execute("SELECT grades FROM finished ORDER BY number")
            for n, (text,) in enumerate(rows):
                same = n < len(parts) and text == _plain(parts[n])
                read = parts[n] if same else checked.read_grades(text)
                if found is None:
                    found = {"scenarios": read["scenarios"], "submissions": {}}
                found["submissions"].update(read["submissions"])
        return found

    def last_run(self) -> tuple[int, str]:
        """Return the number of the last finished run, 0 if there is none, and when it ended."""
        with self._told():
            return checked.read_run(self._about("run", '[0, ""]'))

    # -- what is known of the store itself ---------------------------------------------------------------------

    @property
    def parts(self) -> list[list[int]]:
        """Return which shards are in the store: pairs of number and count; [[1, 1]] is a whole class."""
        with self._told():
            return checked.read_parts(self._about("parts", "[[1, 1]]"))

    @parts.setter
    def parts(self, parts: list[list[int]]) -> None:
        self._set_about("parts", parts)

    @property
    def lab(self) -> str:
        """Return the name of the lab whose results are kept; "" in a store of an earlier version."""
        with self._told():
            return checked.read_lab(self._about("lab", '""'))

    @lab.setter
    def lab(self, name: str) -> None:
        self._set_about("lab", name)

    @property
    def written(self) -> dict[str, str]:
        """Files of submissions, and gradebooks, that this store's batches wrote: path below the output -> sha256."""
        with self._told():
            return checked.read_written(self._about("written", "{}"))

    @written.setter
    def written(self, written: dict[str, str]) -> None:
        self._set_about("written", written)

    @property
    def overrides(self) -> list[checked.OverrideRow]:
        """Overrides of the last run: line, student, task or scenario, points, comment."""
        with self._told():
            return checked.read_overrides(self._about("overrides", "[]"))

    @overrides.setter
    def overrides(self, overrides: Sequence[checked.OverrideRow]) -> None:
        self._set_about("overrides", [list(one) for one in overrides])

    @property
    def collected(self) -> dict[str, list[checked.OverrideRow]]:
        """Return which of the overrides a merge took from a shard: the shard, such as 1/2 -> its overrides."""
        with self._told():
            return checked.read_collected(self._about("collected", "{}"))

    @collected.setter
    def collected(self, collected: dict[str, list[checked.OverrideRow]]) -> None:
        self._set_about("collected", collected)

    def _about(self, key: str, default: str) -> str:
        row = self._db.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        found = row[0] if row else default
        if not isinstance(found, str):  # SQLite keeps whatever a column is given
            raise checked.BadRow(f"the value of {key} is not a text")
        return found

    def _set_about(self, key: str, value: object) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO about VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, json.dumps(value, sort_keys=True)),
            )


#: Writes JSON as `json.dumps(..., sort_keys=True)` does, which makes an encoder for each of some hundred values.
_encode = json.JSONEncoder(sort_keys=True).encode


def _row(one: tuple[Key, Kept]) -> tuple[str, ...]:
    key, kept = one
    return *key, kept.verdict, _encode(kept.attempt), _encode(kept.isolation)


def _rank(isolation: str) -> int:
    """Return the rank of an isolation as a row has it; the lowest if it has none."""
    try:
        return rank(json.loads(isolation)["got"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return rank("")


def _plain(grades: checked.KeptGrades) -> str:
    return json.dumps(grades, sort_keys=True)


def _journal(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f"{path.name}-journal")


def _schema(db: sqlite3.Connection) -> set[tuple[object, ...]]:
    return set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _our_schema(tables: str) -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(tables)
        return _schema(db)


def _refuse_strange_file(path: pathlib.Path) -> None:
    """StoreError unless a file is an ordinary SQLite database of bounded size that no batch left half written."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path}: this is not an ordinary file; name the --output of each shard")
        with open(path, "rb") as file:
            head = file.read(20)
        journal = _journal(path)
        # A journal names a file that SQLite removes after it was played back; an untrusted store must not choose it.
        if os.path.lexists(journal) and os.lstat(journal).st_size:
            raise StoreError(f"{path}: its batch was stopped while it wrote; run that batch again to its end first")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; name the --output of each shard") from error
    # Versions 1 and 1: a database without a write-ahead log.
    if head[:16] != b"SQLite format 3\0" or head[18:] != b"\x01\x01":
        raise StoreError(f"{path}: it is damaged, or was not written by a batch; grade that shard again")
    if status.st_size > SIZE_LIMIT:
        raise StoreError(f"{path}: it has more than {SIZE_LIMIT >> 20} MiB; a store of a batch is far smaller")


def _read_only(path: pathlib.Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


def _way_out(error: sqlite3.Error) -> str:
    """Return what SQLite says, and what to do about it."""
    told = str(error)
    if "locked" in told:
        return "another batch is working on it; wait for that one, or name another --output"
    if "full" in told:
        return "the disk is full; what was graded so far is kept: make room and run the same command again"
    if "readonly" in told or "unable to open" in told:
        return f"it cannot be written ({told}); name an --output that can"
    if isinstance(error, sqlite3.OperationalError):
        return f"{told}; what was graded so far is kept: run the same command again"
    return f"it is damaged ({told}); move it away, and everything is graded again"
