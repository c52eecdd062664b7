"""Noticing that a file was saved, in the ways in which editors save."""

import logging
import os
import time
import warnings

import pytest

from grader.files import write_file
from grader.grade.last_run import NAME as NOTE
from grader.watch import saves as module
from grader.watch.saves import Saves


def wait(saves, seconds=5.0):
    """Return True once a save is due, False if none is within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if saves.due():
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def kernel(tmp_path):
    path = tmp_path / "kernel.py"
    path.write_text("old")
    return path


def in_place(path):
    path.write_text("new")


def by_rename(path):
    other = path.with_name(".kernel.py.swp")
    other.write_text("new")
    other.replace(path)


def by_backup(path):
    path.rename(path.with_name("kernel.py~"))
    path.write_text("new")


def as_the_grader_does(path):
    write_file(path, "new")


@pytest.mark.parametrize("save", [in_place, by_rename, by_backup, as_the_grader_does])
def test_every_way_to_save_is_noticed(kernel, save):
    """Written in place, renamed over, or written after the old file was moved away: one save, told once.

    `grader record` renames as well, from a name that is otherwise only the grader's own note's.
    """
    with Saves([kernel.parent], [kernel]) as saves:
        save(kernel)

        assert wait(saves)
        assert not wait(saves, 0.1)


def test_waiting_ends_with_a_save(kernel):
    """Nobody has to look every few milliseconds: two waits are enough, for the event and for quiet after it."""
    with Saves([kernel.parent], [kernel]) as saves:
        kernel.write_text("new")
        waits = 0
        while not saves.due():
            saves.wait(60)
            waits += 1

    assert waits < 20


def test_waiting_ends_with_a_key(kernel):
    """A descriptor that can be read ends the wait as a save does."""
    keys, pressed = os.pipe()
    os.write(pressed, b"q")
    with Saves([kernel.parent], [kernel]) as saves:
        saves.wait(3600, keys)

        assert not saves.due()
    os.close(keys)
    os.close(pressed)


def test_the_note_on_the_last_run_is_no_save(kernel):
    """The grader writes it after each save; that must not start it again."""
    with Saves([kernel.parent], [kernel]) as saves:
        write_file(kernel.with_name(NOTE), "{}")
        write_file(kernel.with_name(NOTE), "{1}")

        assert not wait(saves, 0.15)


def test_a_folder_that_is_moved_is_a_save(kernel, tmp_path_factory):
    """Out of what is watched, back again, and under another name: what was in it is gone, or there again."""
    folder, away = kernel.parent / "scenarios", tmp_path_factory.mktemp("away") / "scenarios"
    folder.mkdir()
    (folder / "a.yaml").write_text("a")
    with warnings.catch_warnings(record=True) as told, Saves([kernel.parent], [kernel]) as saves:
        for source, target in ((folder, away), (away, folder), (folder, folder.with_name("other"))):
            source.rename(target)

            assert wait(saves)
        wait(saves, 0.1)
        (folder.with_name("other") / "a.yaml").write_text("b")
        assert wait(saves)

    assert told == []


def test_what_watchdog_logs_is_not_shown(kernel, monkeypatch, capsys):
    """It logs that an event came while it was stopped, which ctrl-C brings about now and then."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a process that has not set up logging
    with Saves([kernel.parent]):
        logging.getLogger("watchdog.observers.inotify").error("queue_events() called when the thread is inactive")

    assert capsys.readouterr() == ("", "")


def test_reading_is_no_save(kernel):
    """The grader reads what it watches; that must not start it again."""
    with Saves([kernel.parent], [kernel]) as saves:
        kernel.read_text()
        os.listdir(kernel.parent)

        assert not wait(saves, 0.15)


def test_a_file_that_is_gone_for_a_moment(kernel):
    """A save is not complete while the file is missing."""
    with Saves([kernel.parent], [kernel]) as saves:
        kernel.unlink()
        early = wait(saves, 0.15)
        kernel.write_text("new")

        assert not early
        assert wait(saves)


def test_a_file_that_stays_gone_is_told(kernel, monkeypatch):
    """After a moment a missing file is a change like any other."""
    monkeypatch.setattr(module, "GONE_S", 0.1)
    with Saves([kernel.parent], [kernel]) as saves:
        kernel.unlink()

        assert wait(saves)


def test_a_system_without_watches(kernel, monkeypatch):
    """Where the system refuses to watch, the files are looked at, and the note says so."""
    import watchdog.observers

    class Refusing(watchdog.observers.Observer):
        def start(self):
            raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watchdog.observers, "Observer", Refusing)
    monkeypatch.setattr(module, "POLLING_S", 0.05)
    with Saves([kernel.parent], [kernel]) as saves:
        time.sleep(0.1)
        kernel.write_text("other bytes")

        assert "inotify watch limit reached" in saves.note
        assert wait(saves)
