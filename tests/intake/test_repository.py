"""When the last commit of a repository was made, read without running git."""

import contextlib
import hashlib
import os
import shutil
import struct
import subprocess
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake import repository
from grader.intake.refusal import Refused
from grader.intake.repository import _distance, _end, _patched, _Repository, last_commit
from tests.marks import long_property

NOON = 1_795_604_400  # 2026-11-25T12:00+01:00


def commit(folder, seconds, *parents, zone=b"+0100", message=b"work"):
    """Write a commit as git does, and make it the last one; return its id."""
    lines = [b"tree " + b"4" * 40, *(b"parent " + parent for parent in parents)]
    lines += [b"author A > B <a@b> 1 +0000", b"committer A > B <a@b> %d %s" % (seconds, zone), b"", message]
    content = b"\n".join(lines)
    data = b"commit %d\0" % len(content) + content
    name = hashlib.sha1(data).hexdigest()
    path = folder / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(data))
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "refs" / "heads").mkdir(parents=True, exist_ok=True)
    (folder / ".git" / "refs" / "heads" / "main").write_text(f"{name}\n")
    return name.encode()


def test_the_last_commit(tmp_path):
    """The committer's date with its offset; a parent that a shallow clone does not have is no fault."""
    first = commit(tmp_path, NOON)
    commit(tmp_path, NOON + 90, first, b"0" * 40, zone=b"-0330")

    assert last_commit(tmp_path) == ("2026-11-25T07:31:30-03:30", "")


def test_dates_that_were_set_by_hand(tmp_path):
    """A commit that is dated before the one it follows is doubted; clocks may differ by an hour."""
    first = commit(tmp_path, NOON)
    within = commit(tmp_path, NOON - 3600, first)
    assert last_commit(tmp_path).doubt == ""

    commit(tmp_path, NOON + 9, commit(tmp_path, NOON - 7201, within))
    assert "dated more than an hour before" in last_commit(tmp_path).doubt


def test_nothing_of_a_repository_runs(tmp_path, monkeypatch):
    """No program is started, and neither configuration nor hooks nor a commit graph is looked at."""
    commit(tmp_path, NOON)
    for name in ("config", "hooks/post-checkout", "objects/info/commit-graph", "objects/info/alternates"):
        (tmp_path / ".git" / name).parent.mkdir(exist_ok=True)
        os.mkfifo(tmp_path / ".git" / name)  # whoever reads one waits
    opened, read = [], os.open
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(os, "open", lambda path, *more, **where: opened.append(path) or read(path, *more, **where))

    assert last_commit(tmp_path).time == "2026-11-25T12:00:00+01:00"
    assert not {"config", "hooks", "info"} & set(opened)


@pytest.fixture(scope="module")
def with_git(tmp_path_factory):
    """with_git(*arguments, at): git in a repository of sixty commits, made by git itself."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("repository")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*arguments, at=NOON, data=None):
        dates = {"GIT_COMMITTER_DATE": f"{at} +0100", "GIT_AUTHOR_DATE": f"{at} +0100"}
        everything = environment | names | dates
        done = subprocess.run(
            ["git", "-C", folder, *arguments], env=everything, input=data, check=True, capture_output=True
        )
        return done.stdout

    git("init", "-q", "-b", "main")
    tree = git("write-tree").decode().strip()
    stream = []
    for number in range(60):
        told = f"a long message that all commits share, so that deltas of them are worth their while\n{number}\n" * 9
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {NOON + number} +0100\ndata {len(told)}\n{told}\n")
    git("fast-import", "--quiet", data="".join(stream).encode())
    assert tree
    return folder, git


def test_packs_that_git_made(with_git, tmp_path):
    """All commits in one pack, as deltas by offset and by name, and references packed, too."""
    folder, git = with_git
    for options in (["--delta-base-offset"], []):
        shutil.rmtree(tmp_path / "clone", ignore_errors=True)
        shutil.copytree(folder, tmp_path / "clone")
        clone = tmp_path / "clone" / ".git"
        ids = git("rev-list", "--all")
        shutil.rmtree(clone / "objects" / "pack")
        (clone / "objects" / "pack").mkdir()
        git("pack-objects", "-q", "--window=50", "--depth=50", *options, clone / "objects" / "pack" / "pack", data=ids)
        packs = list((clone / "objects" / "pack").glob("*.pack"))
        kinds = {line.split()[1] for line in git("verify-pack", "-v", packs[0]).splitlines() if len(line.split()) == 7}
        shutil.rmtree(clone / "refs")
        (clone / "refs" / "heads").mkdir(parents=True)
        (clone / "packed-refs").write_bytes(b"# pack-refs with: peeled\n" + ids[:40] + b" refs/heads/main\n")

        assert kinds == {b"commit"}, "git made no deltas, so this test tests nothing"
        assert last_commit(tmp_path / "clone") == ("2026-11-25T12:00:59+01:00", "")


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("HEAD", b"ref: refs/heads/../../../../secret", "HEAD names neither a commit nor a branch"),
        ("HEAD", b"ref: refs/heads/.invalid", "there is none on its branch"),
        ("HEAD", b"1" * 40, "an object is missing"),
        ("HEAD", b"a" * 64, "HEAD names neither a commit nor a branch"),
        ("refs/heads/main", b"ref: refs/heads/main", "HEAD names branches in a circle"),
        ("objects/pack/x.idx", b"\xfftOc\0\0\0\3", "the index of a pack is not of version 2"),
        ("objects/pack/x.idx", b"\xfftOc\0\0\0\2" + b"\xff" * 1024, "the repository is damaged (ValueError)"),
        ("objects/pack/x.idx", b"\xfftOc\0\0\0\2", "the repository is damaged (error)"),
    ],
)
def test_what_cannot_be_read(tmp_path, path, content, told):
    """Each with its reason: nothing is guessed, and no file outside the repository is named by it."""
    commit(tmp_path, NOON)
    if "pack" in path:
        (tmp_path / ".git" / "HEAD").write_bytes(b"2" * 40)
        (tmp_path / ".git" / "objects" / "pack").mkdir()
    (tmp_path / ".git" / path).write_bytes(content)

    with pytest.raises(Refused, match="its last commit cannot be read: ") as refused:
        last_commit(tmp_path)
    assert told in str(refused.value)


def test_another_objects_content(tmp_path):
    """A commit whose content is not what its name says was changed after it was made."""
    name = commit(tmp_path, NOON).decode()
    data = b"commit 99\0committer A <a@b> 1 +0000"
    (tmp_path / ".git" / "objects" / name[:2] / name[2:]).write_bytes(zlib.compress(data))

    with pytest.raises(Refused, match="an object is not what its name says"):
        last_commit(tmp_path)


@pytest.mark.parametrize("what", ["HEAD", "refs", "objects"])
def test_no_link_is_followed(tmp_path, what):
    """Not of a file, not of a folder: a repository could borrow another one's commit."""
    (tmp_path / "mine").mkdir()
    commit(tmp_path, NOON)
    for name in ("HEAD", "refs", "objects"):
        (tmp_path / "mine" / ".git").mkdir(exist_ok=True)
        source, target = tmp_path / ".git" / name, tmp_path / "mine" / ".git" / name
        if name == what:
            target.symlink_to(source)
        elif source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)

    with pytest.raises(Refused):
        last_commit(tmp_path / "mine")


@pytest.mark.parametrize(
    ("limit", "most", "told"),
    [
        ("READ_LIMIT", 2000, "KiB"),
        ("UNPACKED_LIMIT", 400, "it has more than 1024 KiB"),
        ("PACKS", 1, "there are more than 1 packs"),
    ],
)
def test_what_a_repository_may_cost(tmp_path, monkeypatch, limit, most, told):
    """Each file and each commit is small, all of them together are not."""
    last = commit(tmp_path, NOON)
    for number in range(8):
        last = commit(tmp_path, NOON + number, last)
    (tmp_path / ".git" / "objects" / "pack").mkdir()
    for name in "ab":
        (tmp_path / ".git" / "objects" / "pack" / f"{name}.idx").write_bytes(pack_with(b"")[0])
    commit(tmp_path, NOON + 9, last, b"3" * 40)
    assert last_commit(tmp_path).doubt == ""

    monkeypatch.setattr(repository, limit, most)
    with pytest.raises(Refused, match=told):
        last_commit(tmp_path)


def test_only_the_nearest_commits_are_looked_up(tmp_path, monkeypatch):
    """A long history costs no more than a short one."""
    last = commit(tmp_path, NOON + 9 * 3600)
    for number in range(3):
        last = commit(tmp_path, NOON + number, last)
    assert last_commit(tmp_path).doubt != ""

    monkeypatch.setattr(repository, "COMMITS", 2)
    assert last_commit(tmp_path).doubt == ""


def test_an_object_that_unpacks_to_much(tmp_path):
    """A commit of a gibibyte is given up after a mebibyte."""
    name = commit(tmp_path, NOON).decode()
    packer = zlib.compressobj()
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    (tmp_path / ".git" / "objects" / name[:2] / name[2:]).write_bytes(data)

    with pytest.raises(Refused, match="it has more than 1024 KiB"):
        last_commit(tmp_path)


def pack_with(entry, name=b"\x22" * 20):
    """Return the index and the data of a pack with one entry."""
    index = b"\xfftOc\0\0\0\2" + b"".join(struct.pack(">I", int(n >= name[0])) for n in range(256))
    return index + name + bytes(4) + struct.pack(">I", 12), b"PACK\0\0\0\2\0\0\0\1" + entry


@given(entry=st.binary(max_size=60), delta=st.booleans())
@long_property(60)
def test_any_pack(tmp_path_factory, entry, delta):
    """Random bytes where an entry should be are refused, and nothing else happens."""
    folder = tmp_path_factory.getbasetemp() / "any-pack"
    (folder / ".git" / "objects" / "pack").mkdir(parents=True, exist_ok=True)
    (folder / ".git" / "HEAD").write_bytes(b"22" * 20)
    index, data = pack_with((b"\x70" + b"\x22" * 20 if delta else b"") + entry)
    (folder / ".git" / "objects" / "pack" / "x.idx").write_bytes(index)
    (folder / ".git" / "objects" / "pack" / "x.pack").write_bytes(data)

    with pytest.raises(Refused):
        last_commit(folder)


def test_a_number_that_does_not_end():
    """A pack may consist of it: nobody adds up its megabytes."""
    assert _distance(memoryview(b"\x81\x82\x03rest")) == (((0x81 & 0x7F) + 1 << 7 | 2) + 1 << 7 | 3, 3)
    endless = b"\xff" * 10 + b"\1\1"
    for read in (lambda: _distance(memoryview(endless)), lambda: _end(endless, 0), lambda: _patched(b"", endless)):
        with pytest.raises(ValueError, match="a number that is too long"):
            read()


def test_the_rest_of_a_pack_is_not_copied(tmp_path):
    """Each of hundreds of commits is unpacked from where it begins, with all of the pack behind it."""
    data = memoryview(zlib.compress(b"work" * 5000) + bytes(4 << 20))
    tracemalloc.start()
    try:
        assert _Repository(tmp_path)._inflated(data) == b"work" * 5000
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def encoded(steps):
    """Return a delta of (start, size) copies and of bytes that are inserted."""
    delta = b"\1\1"
    for step in steps:
        if isinstance(step, bytes):
            delta += bytes([len(step)]) + step
        else:
            numbers = step[0].to_bytes(4, "little") + step[1].to_bytes(3, "little")
            which = sum(1 << bit for bit, byte in enumerate(numbers) if byte)
            delta += bytes([0x80 | which]) + bytes(byte for byte in numbers if byte)
    return delta


COPIES = st.tuples(st.integers(0, 70_000), st.integers(1, 0xFFFF))


@given(steps=st.lists(COPIES | st.binary(min_size=1, max_size=127), max_size=6))
@settings(max_examples=50)
def test_every_delta(steps):
    """Copies from anywhere, in any size, and bytes of its own."""
    base = bytes(range(256)) * 300
    made = [step if isinstance(step, bytes) else base[step[0] : sum(step)] for step in steps]

    assert _patched(base, encoded(steps)) == b"".join(made)


@given(base=st.binary(max_size=40), delta=st.binary(max_size=40))
def test_any_delta(base, delta):
    """A delta makes bytes, or is damaged."""
    with contextlib.suppress(IndexError, ValueError, Refused):
        assert isinstance(_patched(base, delta), bytes)
