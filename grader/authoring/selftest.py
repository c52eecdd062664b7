"""Attack this machine's sandbox with the hostile submissions of tests/hostile, and report which were contained.

Each attack is graded like a submission, on three scenarios: one before the attack, one in which it strikes (usually in
`fork`), and one after. It is contained if each verdict is one that its file lists, if no secret appears in its output,
if it leaves no process, file or shared memory behind, and if an honest kernel, graded right after it through the same
zygote, gets its usual verdicts. Python's audit hook (sandbox/inside/audit_hook.py) is switched off, because an attack
could disable it: only the layers that the operating system enforces are tested.
"""

from __future__ import annotations

import fnmatch
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import ClassAt, Lab
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import LEVELS, Sandbox

#: The folder of the attacks. They belong to the repository, not to the grader's package.
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "hostile"

#: The kernel that attacks are built on, also used as the honest control. It is not an attack.
HONEST = "honest.py"

#: Small limits, so that an attack that must run into one does so soon. The layers are the usual ones.
LIMITS = Limits(
    cpu_s=0.3,
    wall_s=0.6,
    memory_mib=256,
    output=64 << 10,
    answers=4 << 20,
    all_cpu_s=0.45,
    all_wall_s=0.9,
)

#: Seconds that processes have to end after their parent.
ORPHAN_S = 0.3

#: An attack that succeeded prints this word, if the sandbox lets it print anything.
ESCAPED = "ESCAPED"

_TOP = "format: 1\ntitle: {title}\ntask: attack\nprocesses: [P]\nsteps:\n  - mmap: {{by: P, name: h, pages: 2}}\n"
_CALM = _TOP + "  - write: {{by: P, at: h, value: 1}}\n  - read: {{by: P, at: h}}\n"
_STRUCK = (
    _CALM
    + "  - fork: {{by: P, child: C}}\n  - write: {{by: C, at: 'h[0]', value: 2}}\n  - read: {{by: P, at: h}}\n"
    + "  - mmap: {{by: C, name: {canary}, pages: 3}}\n  - write: {{by: C, at: {canary}, value: 3}}\n"
)


class Attack(NamedTuple):
    """A hostile submission.

    about     what it tries, in one sentence
    level     the lowest level that contains it
    verdicts  the accepted verdicts of the three scenarios: before, during and after the attack
    source    the whole submission; its kernel class is called `Attack`
    machine   the processor architecture that it is written for, or "" for any
    """

    name: str
    about: str
    level: str
    verdicts: tuple[frozenset[str], ...]
    source: str
    machine: str


class Outcome(NamedTuple):
    """The outcome of an attack: the verdicts, what was wrong (nothing, if it was contained), and the seconds it took.

    skipped  why the attack was not run, or ""
    """

    attack: Attack
    verdicts: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    seconds: float = 0.0
    skipped: str = ""


# -- attacks --------------------------------------------------------------------------------------------------


def read_attacks(folder: pathlib.Path = FOLDER, pattern: str = "*") -> list[Attack]:
    """Return the attacks of a folder, by name. InputError if there are none, or if the head of one is incomplete."""
    if not (folder / HONEST).is_file():
        raise InputError(
            [f"{folder}: no hostile submissions here; they are in the folder tests/hostile of the repository"]
        )
    paths = [p for p in sorted(folder.glob("*.py")) if p.name != HONEST and fnmatch.fnmatch(p.stem, pattern)]
    if not paths:
        raise InputError([f"{folder}: no attack matches {pattern}"])
    honest = (folder / HONEST).read_text(encoding="utf-8")
    return [read_attack(path.stem, path.read_text(encoding="utf-8"), honest) for path in paths]


def read_attack(name: str, text: str, honest: str) -> Attack:
    """Parse an attack file: a comment that says what it tries, then `# level:` and `# verdicts:`."""
    head = re.match(r"(?:#.*\n)+", text)
    lines = [line[1:].strip() for line in head.group().splitlines()] if head else []
    fields = dict(line.split(":", 1) for line in lines if re.match(r"(level|verdicts|machine|alone):", line))
    about = " ".join(line for line in lines if line and line.partition(":")[0] not in fields)
    verdicts = tuple(frozenset(word.split("|")) for word in fields.get("verdicts", "").split())
    level = fields.get("level", "").strip()
    if not about or level not in LEVELS or len(verdicts) != 3:
        raise InputError(
            [f"{name}: the comments at its head must give what the attack tries, its level, and three verdicts"]
        )
    source = text if "alone" in fields else f"{honest}\n\n{text}"
    return Attack(name, about, level, verdicts, source, fields.get("machine", "").strip())


# -- the yard -------------------------------------------------------------------------------------------------


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
        return source.replace(self.PLANTED, self.planted).replace(self.KEY, str(self.key))

    def traces(self) -> dict[str, set[str]]:
        """Return the processes of a sandbox, files and shared memory that exist now."""
        seen = {folder: {name for name in _names(folder) if self.planted in name} for folder in self.WATCHED}
        seen[str(self.folder)] = set(_names(str(self.folder)))
        seen["processes"] = set(_processes())
        for kind in ("shm", "msg", "sem"):
            rows = [line.split() for line in _lines(f"/proc/sysvipc/{kind}")]
            seen[f"System V {kind}"] = {" ".join(row) for row in rows if row[:1] == [str(self.key)]}
        return seen

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


# -- the test -------------------------------------------------------------------------------------------------


class Selftest:
    """A session with three scenarios, and the yard that is watched while it runs. Use it as a context manager."""

    def __init__(self, isolation: str = "auto", *, folder: pathlib.Path = FOLDER, polite: bool = False) -> None:
        self.honest = (folder / HONEST).read_text(encoding="utf-8")
        self.yard = Yard()
        try:
            sandbox = Sandbox(isolation, LIMITS, polite=polite)
            self.level: str = sandbox.isolation["got"]
        except BaseException:
            self.yard.close()
            raise
        self.session = self._prepare(folder, sandbox)

    def __enter__(self) -> Selftest:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        self.yard.close()

    def _prepare(self, folder: pathlib.Path, sandbox: Sandbox) -> Session:
        """Return a session for a lab of three scenarios, recorded with the honest kernel."""
        from grader.lab.reference import reference_output
        from grader.scenario.loader import parse_scenario

        module: dict[str, Any] = {}
        exec(compile(self.honest, HONEST, "exec"), module)
        scenarios, recordings = [], {}
        for id, text in (("before", _CALM), ("struck", _STRUCK), ("after", _CALM)):
            scenario = parse_scenario(text.format(title=self.yard.secret, canary=self.yard.secret), id)
            recordings[id], problems = reference_output(scenario, module["Honest"])
            assert not problems, problems
            scenarios.append(scenario)
        kernel = ClassAt(folder / HONEST, "Honest")
        lab = Lab(folder, "selftest", "Self-test", kernel, None, None, (), tuple(scenarios), ())
        return Session(lab, sandbox=sandbox, recordings=recordings)

    def run(self, attack: Attack) -> Outcome:
        """Run one attack, and the honest kernel after it."""
        skipped = self._not_tried(attack)
        if skipped:
            return Outcome(attack, skipped=skipped)
        began = time.monotonic()
        with_processes = self.yard.traces()["processes"]
        self.yard.before["processes"] = with_processes
        verdicts, said = self._grade(self.yard.marked(attack.source), "Attack")
        wrong = [
            f"{scenario.id}: {verdict}, not {' or '.join(sorted(wanted))}"
            for scenario, verdict, wanted in zip(self.session.lab.scenarios, verdicts, attack.verdicts, strict=True)
            if verdict not in wanted
        ]
        if self.yard.secret in said:
            wrong.append("a secret leaked")
        wrong += [f"the attack printed: {line[:200]}" for line in said.splitlines() if ESCAPED in line]
        wrong += self.yard.left_behind()
        control, _ = self._grade(self.honest, "Honest")
        if control != ("passed",) * 3:
            wrong.append(f"an honest kernel graded after it got: {', '.join(control)}")
        return Outcome(attack, verdicts, tuple(wrong), time.monotonic() - began)

    def _not_tried(self, attack: Attack) -> str:
        if LEVELS.index(self.level) < LEVELS.index(attack.level):
            return f"needs {attack.level}; this sandbox is {self.level}"
        if attack.machine and attack.machine != os.uname().machine:
            return f"only for {attack.machine}"
        return ""

    def _grade(self, source: str, class_name: str) -> tuple[tuple[str, ...], str]:
        """Return the verdicts, and everything that the submission could show: prints, messages, explanations."""
        runner = self.session.runner(Submission("", KernelSource({"kernel": source}, "kernel", class_name)))
        verdicts, said = [], []
        for scenario in self.session.lab.scenarios:
            # The title, which the grader itself may show, is a secret too: a kernel must not learn it.
            attempt = self.session.attempt(runner, scenario)
            verdicts.append(attempt.verdict)
            said += [runner.printed().text, attempt.message if attempt.divergence is None else ""]
        runner.discard()
        said.append(runner.printed().text)
        return tuple(verdicts), "\n".join(said)


def run_selftest(selftest: Selftest, attacks: list[Attack], tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Run all attacks, one after another; call `tell` with the outcome of each."""
    outcomes = []
    for attack in attacks:
        outcomes.append(selftest.run(attack))
        tell(outcomes[-1])
    return outcomes
