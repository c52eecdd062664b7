"""The results of a batch in one SQLite file: whatever was graded is committed at once, and found again by content.

An attempt is kept under the hashes of kernel, scenario, grader and reference output. So an edited scenario regrades
itself alone, a new grader everything, and a renamed submission nothing. One process works on a store at a time:
SQLite's exclusive lock is held while it is open, and the system drops it with the process, however that ends. A store
that was made and in which nothing was kept is removed when it is closed: what was refused leaves no trace.
"""

from __future__ import annotations

import json
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from grader.sandbox.isolation import Isolation

FORMAT = 1
NAME = "batch.sqlite"

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


class StoreError(Exception):
    """The store cannot be used: a sentence with the file and the way out. What was committed is not lost by it."""


class Key(NamedTuple):
    """What an attempt depends on, each as a hash."""

    kernel: str
    scenario: str
    grader: str
    output: str


class Kept(NamedTuple):
    """An attempt as it is kept: plain JSON values, and the isolation it was made at."""

    verdict: str
    attempt: dict[str, Any]
    isolation: Isolation


class Store:
    """An open store. Use as a context manager."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Open or make FOLDER/batch.sqlite. StoreError if that cannot be."""
        self.path = folder / NAME
        self._new = not self.path.exists()
        self._made = [one for one in (folder, *folder.parents) if not one.exists()]
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

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = TRUNCATE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN EXCLUSIVE")
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._new = False
        else:
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO about VALUES ('format', ?)", (str(FORMAT),))
        self._db.execute("COMMIT")
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
                self.path.with_name(f"{NAME}-journal").unlink(missing_ok=True)
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

    def keep(self, attempts: Iterable[tuple[Key, Kept]]) -> None:
        """Commit attempts, all or none. An attempt that is there already stays, unless it was ungradable."""
        rows = [
            (*key, kept.verdict, json.dumps(kept.attempt, sort_keys=True), json.dumps(kept.isolation, sort_keys=True))
            for key, kept in attempts
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "verdict = excluded.verdict, attempt = excluded.attempt, isolation = excluded.isolation "
                "WHERE attempts.verdict = 'ungradable'",
                rows,
            )

    def attempts(self, kernel: str, grader: str) -> dict[tuple[str, str], Kept]:
        """(scenario, output) -> what is kept of a kernel."""
        with self._told():
            rows = self._db.execute(
                "SELECT scenario, output, verdict, attempt, isolation FROM attempts WHERE kernel = ? AND grader = ?",
                (kernel, grader),
            ).fetchall()
        return {(row[0], row[1]): Kept(row[2], json.loads(row[3]), json.loads(row[4])) for row in rows}

    def all_attempts(self) -> Iterator[tuple[Key, Kept]]:
        """Everything that is kept, in the order of its keys."""
        with self._told():
            rows = self._db.execute("SELECT * FROM attempts ORDER BY kernel, scenario, grader, output")
            for row in rows:
                yield Key(*row[:4]), Kept(row[4], json.loads(row[5]), json.loads(row[6]))

    # -- submissions ------------------------------------------------------------------------------------------

    def set_submissions(self, submissions: Iterable[tuple[str, dict[str, Any], bytes | None]]) -> None:
        """Replace the list of submissions: id, what is known of each, and its answers."""
        rows = [(id, json.dumps(about, sort_keys=True), answers) for id, about, answers in submissions]
        with self._transaction() as db:
            db.execute("DELETE FROM submissions")
            db.executemany("INSERT INTO submissions VALUES (?, ?, ?)", rows)

    def submissions(self) -> list[tuple[str, dict[str, Any], bytes | None]]:
        """The list, in the order of ids."""
        with self._told():
            rows = self._db.execute("SELECT id, about, answers FROM submissions ORDER BY id").fetchall()
        return [(row[0], json.loads(row[1]), row[2]) for row in rows]

    # -- finished batches -------------------------------------------------------------------------------------

    def finish(self, grades: dict[str, Any]) -> None:
        """Keep the grades of a finished batch, unless they are those of the one before."""
        text = json.dumps(grades, sort_keys=True)
        with self._transaction() as db:
            last = db.execute("SELECT grades FROM finished ORDER BY number DESC LIMIT 1").fetchone()
            if last is None or last[0] != text:
                db.execute("INSERT INTO finished (grades) VALUES (?)", (text,))

    def finished(self) -> list[dict[str, Any]]:
        """The grades of the last two batches that differed, the older first; fewer if there were fewer."""
        with self._told():
            rows = self._db.execute("SELECT grades FROM finished ORDER BY number DESC LIMIT 2").fetchall()
        return [json.loads(row[0]) for row in reversed(rows)]


def _way_out(error: sqlite3.Error) -> str:
    """What SQLite says, and what to do about it."""
    told = str(error)
    if "locked" in told:
        return "another batch is working on it; wait for that one, or name another --output"
    if "full" in told:
        return "the disk is full; what was graded so far is kept: make room and run the same command again"
    if "readonly" in told or "unable to open" in told:
        return f"it cannot be written ({told}); name an --output that can"
    if isinstance(error, sqlite3.OperationalError):
        return f"{told}; what was graded so far is kept: run the same command again"
    return f"it is damaged ({told}); move it away, and everything is graded anew"
