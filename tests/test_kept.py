"""What is kept in the user's cache folder for the next run."""

import contextlib
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader import kept


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "kind"


def test_what_is_kept_can_be_read():
    """Data comes back under its key, and under no other."""
    kept.keep("kind", "key", b"data")

    assert kept.read("kind", "key") == b"data"
    assert kept.read("kind", "other") is None
    assert kept.read("another", "key") is None


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_data_is_not_read(cache, data):
    """A byte changed, a part missing, bytes added: it counts as nothing."""
    kept.keep("kind", "key", b"some data")
    whole = (cache / "key").read_bytes()
    damaged = data.draw(st.binary(max_size=60) | st.integers(0, len(whole) - 1).map(lambda n: whole[:n]))
    (cache / "key").write_bytes(damaged)

    assert kept.read("kind", "key") is None or damaged == whole


@pytest.mark.parametrize("place", ["kind", ""])
def test_a_folder_that_others_can_write_is_not_used(cache, place):
    """Nobody else may say what a scenario or a program is: nothing is read there, and nothing is written."""
    kept.keep("kind", "key", b"data")
    (cache.parent / place).chmod(0o777)

    assert kept.folder_of("kind") is None
    assert kept.read("kind", "key") is None
    kept.keep("kind", "other", b"data")
    assert [path.name for path in cache.iterdir()] == ["key"]


def test_nobody_else_can_read_what_is_kept(cache):
    """Hidden scenarios are among it. A folder that was there before is closed, too."""
    cache.mkdir(parents=True, mode=0o755)
    kept.keep("kind", "key", b"data")

    assert cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
def test_a_umask_that_lets_a_group_write_is_no_obstacle(user_cache):
    """It is the usual one on some systems; the folders are the user's own all the same."""
    before = os.umask(0o002)
    try:
        assert kept.keep("kind", "key", b"data")
    finally:
        os.umask(before)

    assert kept.read("kind", "key") == b"data"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_used(cache):
    """A folder that another user owns counts as none, whatever its permissions are."""
    kept.keep("kind", "key", b"data")
    os.chown(cache, 65534, 65534)

    assert kept.read("kind", "key") is None


def test_a_link_is_not_used(cache, tmp_path):
    """A link to a folder could lead to one that others can write."""
    cache.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    cache.symlink_to(tmp_path / "elsewhere")

    assert kept.folder_of("kind") is None


@pytest.mark.parametrize("base", ["relative", "/proc/no-such-place"])
def test_without_a_folder_nothing_is_kept(monkeypatch, base):
    """A cache that cannot be made is no error."""
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    kept.keep("kind", "key", b"data")

    assert kept.read("kind", "key") is None


def test_only_so_many_keys_are_kept(cache):
    """What was written first, and not read since, is dropped."""
    for number in range(5):
        kept.keep("kind", str(number), b"data", most=3)
        os.utime(cache / str(number), ns=(number, number))
    kept.keep("kind", "last", b"data", most=3)

    assert sorted(path.name for path in cache.iterdir()) == ["3", "4", "last"]


def test_what_is_used_is_not_dropped(cache):
    """A key that is read counts as new again, once its last use is some time ago."""
    for number in range(3):
        kept.keep("kind", str(number), b"data")
        os.utime(cache / str(number), (number, number))
    assert kept.read("kind", "0") == b"data"
    kept.keep("kind", "last", b"data", most=2)

    assert sorted(path.name for path in cache.iterdir()) == ["0", "last"]


def test_a_use_shortly_after_another_writes_nothing(cache):
    """Each use would cost a network's file system a round trip."""
    kept.keep("kind", "key", b"data")
    before = (cache / "key").stat().st_mtime_ns
    kept.read("kind", "key")

    assert (cache / "key").stat().st_mtime_ns == before


def test_a_file_that_is_too_large_is_not_read(cache):
    """A sparse one would fill the memory."""
    kept.keep("kind", "key", b"data")
    with open(cache / "key", "r+b") as file:
        file.truncate(1 << 40)

    assert kept.read("kind", "key") is None
    assert kept.read("kind", "key", 4) is None


def test_a_limit_is_for_the_data(cache):
    """What was kept with just so many bytes is read with this limit."""
    kept.keep("kind", "key", b"data")

    assert (kept.read("kind", "key", 4), kept.read("kind", "key", 3)) == (b"data", None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_neither_waited_for_nor_kept(cache):
    """It is not read, and the next data takes its place."""
    kept.keep("kind", "other", b"data")
    os.mkfifo(cache / "key")

    assert kept.read("kind", "key") is None
    assert kept.keep("kind", "key", b"data")
    assert kept.read("kind", "key") == b"data"


def test_files_of_another_process_may_go_meanwhile(cache, monkeypatch):
    """What it drops, or has not written whole yet, is listed and then gone; the data is kept all the same."""
    kept.keep("kind", "key", b"data")
    scandir = os.scandir

    @contextlib.contextmanager
    def scanned(folder):
        (cache / "other.partial").write_text("")
        with scandir(folder) as entries:
            found = list(entries)
        (cache / "other.partial").unlink()
        yield found

    monkeypatch.setattr(os, "scandir", scanned)

    assert kept.keep("kind", "another", b"data", most=5)


def test_a_pack_comes_back(tmp_path):
    """Values come back under their digests in the next run, for the same folder only."""
    pack = kept.Pack("kind", tmp_path, 10)
    pack.put(b"a", ("text", 1, [None, {"key": b"bytes"}]))
    pack.save()

    assert kept.Pack("kind", tmp_path, 10).get(b"a") == ("text", 1, [None, {"key": b"bytes"}])
    assert kept.Pack("kind", tmp_path, 10).get(b"b") is None
    assert kept.Pack("kind", tmp_path.parent, 10).get(b"a") is None
    assert kept.Pack("kind", tmp_path, 10, "another").get(b"a") is None


def test_a_pack_of_another_grader_is_empty(tmp_path, monkeypatch):
    """What another version, or another Python, has kept is not looked at."""
    pack = kept.Pack("kind", tmp_path, 10)
    pack.put(b"a", 1)
    pack.save()
    monkeypatch.setattr(kept, "stamp", lambda: "another")

    assert kept.Pack("kind", tmp_path, 10).get(b"a") is None


def test_a_pack_keeps_what_came_last(tmp_path, monkeypatch):
    """The values that were put in first are dropped; a pack that would be slow to read is not written at all."""
    pack = kept.Pack("kind", tmp_path, 2)
    for key in (b"a", b"b", b"a", b"c"):
        pack.put(key, 1)
    pack.save()
    found = kept.Pack("kind", tmp_path, 2)
    monkeypatch.setattr(kept, "PACK_LIMIT", 100)
    found.put(b"d", "x" * 100)
    found.save()
    later = kept.Pack("kind", tmp_path, 2)

    assert [key for key in (b"a", b"b", b"c", b"d") if later.get(key)] == [b"a", b"c"]


@pytest.mark.parametrize("value", [object(), ()])
def test_a_value_that_cannot_be_kept_does_no_harm(tmp_path, value):
    """Nothing is written, and the old pack stays."""
    pack = kept.Pack("kind", tmp_path, 10)
    pack.put(b"a", 1)
    pack.save()
    nested = value
    for _ in range(3000):
        nested = [nested]
    pack.put(b"b", nested)
    pack.save()

    assert kept.Pack("kind", tmp_path, 10).get(b"a") == 1
