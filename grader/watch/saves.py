"""Notice that a file was saved, however the editor does it, and wait until the save is complete."""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import socket
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from grader.files import PARTIAL
from grader.grade.last_run import NAME as NOTE

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

#: Seconds without a further event after which a save is complete: editors write, rename and set times in a burst.
QUIET_S = 0.02

#: Seconds for which a file may be missing: some editors remove the old file before they write the new one.
GONE_S = 1.0

#: Seconds between two looks at the files where the system cannot report changes.
POLLING_S = 0.5

#: What happens to a file that is saved. A file that is only read must not count: the grader reads it, too.
SAVING = frozenset(("created", "modified", "moved", "deleted"))


class Saves:
    """Tells when something in watched folders was saved. Use it as a context manager.

    note  why changes are noticed late on this system; "" where the system reports them
    """

    def __init__(self, folders: Iterable[pathlib.Path], needed: Iterable[pathlib.Path] = ()) -> None:
        """Watch folders with what is below them. `needed`: files that are waited for while they are gone."""
        self.note = ""
        self._folders = [folder.resolve() for folder in folders]
        self._needed = list(needed)
        self._last: float | None = None  # time of the last event, None if there was none since the last look
        self._observer: BaseObserver | None = None
        self._woken, self._wake = socket.socketpair()  # the observer's thread wakes `wait` by a byte
        for end in (self._woken, self._wake):
            end.setblocking(False)

    def __enter__(self) -> Saves:
        import logging
        import warnings

        from watchdog.observers import Observer
        from watchdog.observers.polling import PollingObserver

        # It warns of its own bookkeeping when a folder that was moved away comes back, in the middle of the screen.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        # It also prints a line if an event comes while it stops.
        logging.getLogger("watchdog").addHandler(logging.NullHandler())
        try:
            self._observer = self._start(Observer())
        except OSError as error:  # the system has no more watches, or none on this file system
            self.note = f"looking every {POLLING_S:g} s: {error.strerror or error}"
            self._observer = self._start(PollingObserver(timeout=POLLING_S))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=2)
        self._woken.close()
        self._wake.close()

    def _start(self, observer: BaseObserver) -> BaseObserver:
        saves = self

        class Handler:
            """Receives every event on the observer's own thread."""

            def dispatch(self, event: FileSystemEvent) -> None:
                if _is_save(event) and not _is_ours(event):
                    saves._last = time.monotonic()
                    with contextlib.suppress(OSError):  # full: it is awake; closed: nobody waits
                        saves._wake.send(b"!")

        for folder in dict.fromkeys(self._folders):
            observer.schedule(Handler(), str(folder), recursive=True)  # type: ignore[arg-type]
        observer.start()
        return observer

    def wait(self, seconds: float, *others: int) -> None:
        """Wait until a save may be due, or one of other descriptors can be read; at most so many seconds."""
        last = self._last
        if last is not None:
            seconds = min(seconds, max(last + QUIET_S - time.monotonic(), 0.001))
        woken = self._woken.fileno()
        if woken in select.select([woken, *others], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)

    def due(self) -> bool:
        """Return True, once, when something was saved and the save is complete."""
        last = self._last
        if last is None:
            return False
        since = time.monotonic() - last
        if since < QUIET_S or (since < GONE_S and not all(path.exists() for path in self._needed)):
            return False
        if self._last == last:  # else another event came meanwhile; its turn is next
            self._last = None
            return True
        return False


def _is_save(event: FileSystemEvent) -> bool:
    """Return True if a file was saved, or a folder came or went. A folder is modified whenever a file in it is."""
    return event.event_type in SAVING and not (event.is_directory and event.event_type == "modified")


def _is_ours(event: FileSystemEvent) -> bool:
    """Return True if the event is about the note on the last run, which the grader writes after each save.

    A file that is written whole is first called something else (grader/files.py): what it is called then counts.
    """
    name = os.path.basename(os.fsdecode(getattr(event, "dest_path", "") or event.src_path))
    return name == NOTE or name.endswith(PARTIAL)
