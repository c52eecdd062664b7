"""Watches the places where an attack could leave traces, and keeps the secrets that it must not get."""

from __future__ import annotations

import os
import pathlib
import re
import time
from collections.abc import Iterator

#: Seconds that processes have to end after their parent.
ORPHAN_S = 0.3


class Yard:
    """The secrets that attacks must not get, and the places where an attack could leave traces.

    A secret, new for each run, is in a file that everybody may read, in one that everybody may write, in the
    environment, in this process's memory, and in steps and expected outputs of the scenario being graded.
    """

    #: Folders to watch. Other programs, including other self-tests, use them at the same time. So whatever an attack
    #: leaves behind has PLANTED in its name, or KEY in System V's tables. Both are replaced by values unique to this
    #: run before an attack is graded, so that no other program's files are mistaken for an attack's.
    WATCHED = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/", ".", os.path.dirname(os.__file__))
    PLANTED, KEY = "planted", "0x7313"

    #: The path that attacks in C read at; replaced by the file with the secret, which everybody may read.
    SECRET = "/forklab/secret"

    def __init__(self) -> None:
        import secrets
        import tempfile

        self.secret = f"canary{secrets.token_hex(8)}"
        self.planted = f"{self.PLANTED}{secrets.token_hex(8)}"
        self.key = secrets.randbits(30) | 1
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="forklab-selftest-", dir="/tmp" if os.path.isdir("/tmp") else None)
        )
        self.folder.chmod(0o777)
        (self.folder / "answers.txt").write_text(self.secret, encoding="utf-8")
        (self.folder / "answers.txt").chmod(0o644)
        self.victim = self.folder / "victim.txt"
        self.victim.write_text(self.secret, encoding="utf-8")
        self.victim.chmod(0o666)
        os.environ["FORKLAB_SECRET"] = self.secret
        self.before = self.traces()

    def close(self) -> None:
        """Remove the files of the yard."""
        import shutil

        os.environ.pop("FORKLAB_SECRET", None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def marked(self, source: str) -> str:
        """Return an attack's source, with the names and keys of this run in place of the general ones."""
        source = source.replace(self.PLANTED, self.planted).replace(self.KEY, str(self.key))
        return source.replace(self.SECRET, str(self.folder / "answers.txt"))

    def traces(self) -> dict[str, set[str]]:
        """Return the processes of a sandbox, files and shared memory that exist now."""
        seen = {folder: {name for name in _names(folder) if self.planted in name} for folder in self.WATCHED}
        seen[str(self.folder)] = {name for name in _names(str(self.folder)) if not self._planted_by_others(name)}
        seen["processes"] = set(_processes())
        for kind in ("shm", "msg", "sem"):
            rows = [line.split() for line in _lines(f"/proc/sysvipc/{kind}")]
            seen[f"System V {kind}"] = {" ".join(row) for row in rows if row[:1] == [str(self.key)]}
        return seen

    def _planted_by_others(self, name: str) -> bool:
        """Return True for a file that an attack of another self-test on this machine has left in every open folder."""
        return re.fullmatch(rf"{self.PLANTED}[0-9a-f]{{16}}.*", name) is not None and self.planted not in name

    def left_behind(self) -> list[str]:
        """Return, in words, what exists now but not before, and whether the victim file was changed."""
        wrong = []
        for place, names in self.traces().items():
            wrong += [f"left behind in {place}: {name}" for name in sorted(names - self.before.get(place, set()))]
        try:
            if self.victim.read_text(encoding="utf-8") != self.secret:
                wrong.append("a file that everybody may write was changed")
        except OSError:
            wrong.append("a file that everybody may write was removed")
        return wrong


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _lines(path: str) -> list[str]:
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _processes() -> Iterator[str]:
    """Return the processes inside this process's sandbox, and those that left one (their parent is not ours any more).

    They are recognised by the command line of the zygote that forked them, which they keep. Those of another grader
    on this machine are not counted.
    """
    parents = {int(pid): _parent(pid) for pid in _names("/proc") if pid.isdigit()}
    for pid in parents:
        try:
            command = pathlib.Path("/proc", str(pid), "cmdline").read_bytes()
        except OSError:
            continue
        if b"grader.sandbox.inside.zygote" in command and os.getpid() in _ancestors(pid, parents):
            yield f"process {pid}"
        elif b"grader.sandbox.inside.zygote" in command and parents[pid] == 1 and _stays(pid):
            yield f"process {pid}, which has no parent"


def _stays(pid: int) -> bool:
    """Return True if an orphaned process survives a short wait. One of another, killed grader is about to end."""
    time.sleep(ORPHAN_S)
    status = _lines(f"/proc/{pid}/stat")
    return bool(status) and status[0].rpartition(")")[2].split()[0] != "Z"


def _parent(pid: str) -> int:
    status = _lines(f"/proc/{pid}/stat")
    return int(status[0].rpartition(")")[2].split()[1]) if status else 0


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid:
        pid = parents.get(pid, 0)
        yield pid
