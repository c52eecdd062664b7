"""Remembers between runs what was worked out of a batch's store, in the user's own cache (grader/kept.py).

Each piece of data is kept under a hash of everything that it was made from. So nothing that is remembered decides
anything: a run without it makes the same again, and so does one that finds it damaged or made by another version.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import sqlite3
import zlib
from collections.abc import Iterator

from grader import kept

#: Folder of the cache, and the number of batches that are remembered, by their output folders.
KIND, BATCHES = "batches", 20

_TABLE = "CREATE TABLE IF NOT EXISTS memo (key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID"

_DIGEST = 16


class Memo:
    """Remembers for one batch. Use it as a context manager: leaving it keeps what it has, also if the run was stopped.

    Where nothing can be kept, it remembers for as long as it is open.
    """

    def __init__(self, output: pathlib.Path) -> None:
        self._used: set[bytes] = set()
        self._path = _path(output)
        self._db = _opened(self._path) or _opened(None)

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with contextlib.suppress(sqlite3.Error):  # the next run works it out again
            if kind is None:
                self._forget()
            if self._db is not None:
                self._db.execute("COMMIT")
        if self._db is not None:
            self._db.close()

    def get(self, key: bytes) -> bytes | None:
        """Return what is remembered under a key; None if there is nothing, or if it is damaged."""
        with self._lasting() as db:
            row = db.execute("SELECT data FROM memo WHERE key = ?", (key,)).fetchone()
            data = row[0] if row is not None else None
            if isinstance(data, bytes) and _digest(key, data[_DIGEST:]) == data[:_DIGEST]:
                self._used.add(key)
                return zlib.decompress(data[_DIGEST:])
        return None

    def put(self, key: bytes, data: bytes) -> None:
        """Remember data under a key."""
        packed = zlib.compress(data, 1)
        with self._lasting() as db:
            db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (key, _digest(key, packed) + packed))
            self._used.add(key)

    @contextlib.contextmanager
    def _lasting(self) -> Iterator[sqlite3.Connection]:
        """Give the database; one that turns out to be damaged, or that cannot be written, is given up."""
        try:
            if self._db is None:
                raise sqlite3.OperationalError
            yield self._db
        except (sqlite3.Error, zlib.error):
            self._give_up()

    def _give_up(self) -> None:
        if self._db is not None:
            self._db.close()
        if self._path is not None:
            _remove(self._path)
            self._path, self._db = None, _opened(None)
        else:
            self._db = None  # not even a temporary one can be written

    def _forget(self) -> None:
        """Forget what this run did not use, once that is the larger part."""
        if self._db is None:
            return
        keys = [key for (key,) in self._db.execute("SELECT key FROM memo")]
        if len(keys) > 2 * len(self._used):
            gone = [(key,) for key in keys if key not in self._used]
            self._db.executemany("DELETE FROM memo WHERE key = ?", gone)


def _digest(key: bytes, packed: bytes) -> bytes:
    return hashlib.sha256(key + packed).digest()[:_DIGEST]


def _path(output: pathlib.Path) -> pathlib.Path | None:
    """Return the file of a batch; None where others could have written it. The oldest files are removed."""
    folder = kept.folder_of(KIND)
    if folder is None:
        return None
    name = hashlib.sha256(str(output.resolve()).encode("utf-8", "surrogatepass")).hexdigest() + ".sqlite"
    with contextlib.suppress(OSError):
        by_age = sorted(folder.glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns)
        for path in by_age[: -BATCHES + 1] if name not in {path.name for path in by_age} else ():
            _remove(path)
    return folder / name


def _remove(path: pathlib.Path) -> None:
    for one in (path, path.with_name(f"{path.name}-journal")):
        with contextlib.suppress(OSError):
            os.unlink(one)


def _opened(path: pathlib.Path | None) -> sqlite3.Connection | None:
    """Return an open database; without a path, a temporary one. None if it cannot be opened, or is in use.

    A file that is damaged is removed, and made again.
    """
    for _ in range(2):
        db = None
        try:
            db = sqlite3.connect(path or "", timeout=0, isolation_level=None)
            # What a machine that loses its power leaves behind is found by its digest.
            for setting in ("locking_mode = EXCLUSIVE", "synchronous = OFF", "trusted_schema = OFF"):
                db.execute(f"PRAGMA {setting}")
            db.execute("BEGIN EXCLUSIVE")
            db.execute(_TABLE)
            db.execute("SELECT key, data FROM memo LIMIT 1")
            if path is not None:
                with contextlib.suppress(OSError):
                    os.utime(path)  # a run with nothing new writes nothing; it counts as a use all the same
            return db
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            if path is None or "locked" in str(error):
                return None
            _remove(path)
    return None
