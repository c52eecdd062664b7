"""The box: levels, limits, endings, and that nothing survives it."""

import functools
import os
import pathlib
import signal
import sys
import time

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.reference import reference_output
from grader.sandbox.inside.probes import level_of
from grader.sandbox.isolation import LEVELS
from grader.sandbox.launch import ROOT
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import IsolationError, Sandbox
from tests.kernels import SmallKernel
from tests.labs import kernel_text
from tests.marks import proofs_but
from tests.scenario.test_loader import parse

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="confinement is Linux's")

SCENARIO = parse("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", "write: {by: C, at: 'h[0]', value: 2}")
EXPECTED = reference_output(SCENARIO, SmallKernel)[0].traces[0]
FORK = "    def fork(self, parent, child):\n"
QUICK = Limits(cpu_s=0.5, wall_s=0.8, output=10_000, memory_mib=512)


@functools.cache
def _isolation():
    """What this machine gives."""
    with Sandbox() as box:
        return box.isolation


def reached(level):
    """Skip, with the reason, where this machine does not give a level."""
    isolation = _isolation()
    if LEVELS.index(isolation["got"]) < LEVELS.index(level):
        pytest.skip(f"this machine gives {isolation['got']}: {isolation['missing']}")


@pytest.fixture
def attempt():
    """attempt(line, level): the attempt of a kernel whose fork begins with that line, and what it printed.

    polite  as in Sandbox: without manners, the walls are on their own
    """

    def make(line, level="auto", limits=QUICK, polite=True):
        text = kernel_text(FORK, f"{FORK}        {line}\n")
        with Sandbox(isolation=level, limits=limits, polite=polite) as box:
            examiner = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
            result = examiner(SCENARIO, EXPECTED)
            printed = examiner.printed()
            # A scenario cannot change the verdict of the next: an honest submission in the same box passes.
            honest = SandboxRunner(box, KernelSource({"kernel": kernel_text()}, "kernel", "SmallKernel"))
            assert honest(SCENARIO, EXPECTED).verdict == "passed"
        return result, printed

    return make


@pytest.mark.parametrize("level", ["L1", "L2S", "L2", "L3"])
def test_an_honest_kernel_passes_at_every_level(attempt, level):
    """Walls do not change verdicts; imports from the standard library work behind them."""
    reached(level)

    assert attempt("import dataclasses, random, json", level)[0].verdict == "passed"


@pytest.mark.parametrize(
    ("line", "verdict", "words"),
    [
        ("while True: pass", "timed_out", "of processor time; the limit is 0.5 s"),
        ("import time; time.sleep(60)", "timed_out", "without using the processor"),
        ("while True: print('x' * 1000)", "timed_out", "printed more than 9 KiB"),
        ("[0] * 10**10", "crashed", "ran out of the memory"),
        ("import os; os._exit(0)", "crashed", "ended its own process (exit status 0)"),
        ("import ctypes; ctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("import os; os.write(3, b'x' * 100)", "crashed", ""),
    ],
)
def test_limits_and_endings(attempt, line, verdict, words):
    """Each way to misbehave has its verdict, with figures, and leaves the box usable."""
    result, _ = attempt(line)

    assert result.verdict == verdict
    assert words in result.message


@pytest.mark.parametrize(
    "line",
    [
        "open('/etc/passwd')",
        "open('/tmp/forklab-test', 'w')",
        "import os; os.open('/tmp/forklab-test', os.O_RDWR | os.O_CREAT)",
        "import socket; socket.socket()",
        "import os; os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.kill(os.getppid(), 9)",
        "import threading; threading.Thread(target=print).start()",
        "import os; os.listdir('/')",
        "import os; os.mkdir('/tmp/forklab-test')",
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))",
        "import os; open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    ],
)
def test_what_a_kernel_may_not_do_is_stopped_by_the_walls(attempt, line):
    """At L2 files, the network, processes and signals are out of reach; the kernel gets an exception, and no points."""
    reached("L2")

    assert attempt(line, "L2", polite=False)[0].verdict in ("refused", "crashed")
    assert not pathlib.Path("/tmp/forklab-test").exists()


@pytest.mark.parametrize("level", proofs_but("L2", ["L0", "L1", "L2"]))
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("open('/etc/passwd')", "PermissionError: a kernel may not read files ('/etc/passwd')"),
        ("open('/tmp/forklab-test', 'w')", "a kernel may not write files ('/tmp/forklab-test')"),
        ("import socket; socket.socket()", "a kernel may not use the network"),
        ("import threading; threading.Thread(target=print).start()", "a kernel may not start threads"),
    ],
)
def test_a_refusal_sounds_the_same_at_every_level(attempt, level, line, words):
    """What CI refuses behind its walls, a laptop without walls refuses too, in the same words."""
    reached(level)

    result = attempt(line, level)[0]

    assert result.verdict == "refused"
    assert words in result.message
    assert not pathlib.Path("/tmp/forklab-test").exists()


def test_without_landlock_files_can_be_read(attempt):
    """The negative control: with seccomp alone the same kernel reads a world-readable file."""
    reached("L2S")

    assert attempt("open('/etc/passwd').read()", "L2S", polite=False)[0].verdict == "passed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has anything to give up")
def test_root_is_given_up_with_every_right_to_read(attempt):
    """A child of root's grader cannot read what only root may, even where Landlock is missing."""
    reached("L2S")

    assert attempt("open('/etc/shadow').read()", "L2S", polite=False)[0].verdict == "refused"


def test_prints_are_kept_apart_and_harmless_to_the_verdict(attempt):
    """What a kernel prints arrives beside its verdict."""
    result, printed = attempt("print('hello'); import sys; print('there', file=sys.stderr)")

    assert result.verdict == "passed"
    assert sorted(printed.text.split()) == ["hello", "there"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this system's pipes have one size")
def test_a_kernel_never_waits_until_its_prints_are_read():
    """The pipe takes all that may be printed: waiting would look like sleep, of which a hurried kernel has 0.1 s."""
    import fcntl

    with Sandbox("auto") as box:
        child = box.spawn()
        assert fcntl.fcntl(child._output, fcntl.F_GETPIPE_SZ) >= box.limits.output
        child.close()


def test_the_environment_holds_nothing(attempt, monkeypatch):
    """No variable of the grader's reaches a kernel."""
    monkeypatch.setenv("FORKLAB_CANARY", "canary-7313")
    _, printed = attempt("import os; print(dict(os.environ))")

    assert "canary" not in printed.text and "LC_ALL" in printed.text


REMAINS = {
    "answers nobody asked for": """
        import os, contextlib
        for number in range(3, 64):
            with contextlib.suppress(OSError):
                os.write(number, bytes([13, 4, 0, 0, 0, 0, 0, 0, 0]))
""",
    "a death after the answer": """
        import os, sys
        sys.setprofile(lambda frame, event, _: frame.f_code.co_name == "reply" and event == "return" and os._exit(0))
""",
}


@pytest.mark.parametrize("lines", REMAINS.values(), ids=REMAINS)
def test_a_scenario_does_not_begin_with_the_remains_of_another(lines):
    """A child that said more than it was asked, or died at the end, is replaced: the next scenario is unharmed."""
    code = KernelSource({"kernel": kernel_text(FORK, FORK + lines)}, "kernel", "SmallKernel")
    calm = parse("write: {by: P, at: h, value: 1}")
    expected = reference_output(calm, SmallKernel)[0].traces[0]
    with Sandbox(limits=QUICK, polite=False) as box:
        examiner = SandboxRunner(box, code)
        first = examiner(calm, expected).verdict
        examiner(SCENARIO, EXPECTED)
        after = [examiner(calm, expected).verdict for _ in range(2)]

    assert first == "passed"
    assert after == ["passed", "passed"]


def test_no_process_is_left(attempt):
    """A moment after the box is closed there is no zygote and no child."""
    before = set(os.listdir("/proc"))
    attempt("import time; time.sleep(60)")
    for _ in range(20):
        new = [pid for pid in set(os.listdir("/proc")) - before if pid.isdigit()]
        left = [pid for pid in new if _of_a_box(pid) and not _of_another_grader(pid)]
        if not left:
            break
        time.sleep(0.05)

    assert left == []


def _of_a_box(pid):
    return "zygote" in _command(pid) and ROOT in _command(pid)


def _of_another_grader(pid):
    """Whether another Python program started it and is still there: tests run side by side. An orphan has none."""
    while _of_a_box(pid):
        try:
            stat = pathlib.Path("/proc", pid, "stat").read_text()
        except OSError:
            return True  # it has just ended
        pid = stat.rpartition(")")[2].split()[1]
    return "python" in _command(pid) and pid != str(os.getpid())


def _command(pid):
    try:
        return pathlib.Path("/proc", pid, "cmdline").read_text()
    except OSError:
        return ""


def test_a_level_that_is_not_to_be_had_says_what_is_missing(monkeypatch):
    """Where bwrap is missing, L3 is refused with the reason and the way on."""
    monkeypatch.setenv("PATH", "/nowhere")

    with (
        Sandbox(isolation="L3") as box,
        pytest.raises(IsolationError, match="needs L3, and this machine gives .*bwrap: not"),
    ):
        box.spawn()


def test_an_unknown_level_is_refused():
    """Isolation is auto, require, or one of the levels."""
    with pytest.raises(IsolationError, match="unknown isolation 'L9'; use auto, require, L0"):
        Sandbox(isolation="L9")


def test_what_is_reported_is_what_was_asked_for_and_what_the_probes_show():
    """A result says wanted, got, and why more was not had."""
    with Sandbox(isolation="L1") as box:
        assert box.isolation["wanted"] == "L1" and box.isolation["got"] == "L1"


@pytest.mark.parametrize(
    ("possible", "jailed", "level"),
    [
        ({}, False, "L2"),
        ({"read"}, False, "L2S"),
        ({"fork"}, True, "L1"),
        ({"read", "write", "socket", "fork", "thread", "signal"}, False, "L1"),
    ],
)
def test_the_level_is_what_probes_show(possible, jailed, level):
    """A wall is believed in when its probe fails, not when a call returned 0."""
    probes = {name: name in possible for name in ("read", "write", "socket", "fork", "thread", "signal")}

    assert level_of(probes, jailed) == level


@pytest.mark.parametrize("level", proofs_but("L2", ["L0", "L1", "L2"]))
def test_an_endless_loop_is_told_with_the_students_own_lines(attempt, level):
    """Out of time: the step, and where the kernel was."""
    reached(level)
    result, _ = attempt("while True: level = 0", level)

    assert result.verdict == "timed_out"
    assert result.lines[0] == "step 3 of 4: P forks C"
    assert "      while True: level = 0" in result.lines


def test_a_kernel_that_takes_long_and_comes_back_passes(attempt):
    """Where a kernel is, told in the middle of a long call, is forgotten when the call ends."""
    line = "import time; [0 for _ in iter(lambda: time.process_time() < 0.3, False)]"

    assert attempt(line)[0].verdict == "passed"


def pids_of(box):
    """The process ids of a sandbox's children, from the oldest on, as the zygote's are in /proc."""
    zygote = box._zygote.pid
    return [int(pid) for pid in pathlib.Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()]


def test_a_prepared_child_is_the_one_that_is_spawned():
    """It is there, behind its walls, before it is asked for; the next one is another."""
    with Sandbox("L1", QUICK) as box:
        box.prepare()
        box.prepare()
        assert box.isolation["got"] == "L1"
        waiting = until_there(box)
        first, second = box.spawn(), box.spawn()
        for child in (first, second):
            child.begin_scenario()
            child._greet()

        assert [first.pid] == waiting
        assert second.pid != first.pid


def test_a_prepared_child_is_taken_once():
    """Without waiting for anything, and by one submission only; none is there unless it was prepared."""
    with Sandbox("L1", QUICK) as box:
        before = box.take_prepared()
        box.prepare()
        taken, again = box.take_prepared(), box.take_prepared()
        spawned = box.spawn()

        assert before is again is None
        assert spawned is not taken and not box.has_lost(taken)


def test_children_of_a_zygote_that_is_gone_are_lost():
    """Those of the next one are not."""
    with Sandbox("L1", QUICK) as box:
        child = box.spawn()
        child._greet()
        os.kill(box._zygote.pid, signal.SIGKILL)
        child.receive()
        following = box.spawn()

        assert box.has_lost(child) and not box.has_lost(following)


def test_a_hurried_child_is_not_the_prepared_one():
    """It has less memory, so it is forked when it is asked for; the prepared one waits for its turn."""
    with Sandbox("L1", QUICK) as box:
        box.prepare()
        hurried, usual = box.spawn(hurried=True), box.spawn()
        for child in (hurried, usual):
            child._greet()

        assert usual.pid < hurried.pid


def test_a_prepared_child_that_nobody_asks_for_is_ended(attempt):
    """Whether the sandbox was warm by then or not, nothing is left."""
    for warm in (False, True):
        box = Sandbox("L1", QUICK)
        zygote = box._zygote.pid
        box.prepare()
        pids = until_there(box) if warm and box.isolation else []
        box.close()

        assert not [pid for pid in (zygote, *pids) if pathlib.Path(f"/proc/{pid}/cmdline").exists()]


def test_a_prepared_child_is_not_used_once_its_zygote_is_gone(attempt):
    """The loss of a zygote costs the scenario that runs, and not the hidden ones that follow."""
    with Sandbox("L1", QUICK) as box:
        child = box.spawn()
        child._greet()
        box.prepare()
        os.kill(box._zygote.pid, signal.SIGKILL)
        lost = child.receive()
        following = box.spawn()
        following._greet()

        assert lost.verdict == "ungradable"
        assert following.quiet()


def until_there(box):
    """Return the children of a warm sandbox once there is one."""
    deadline = time.monotonic() + 20
    while not pids_of(box):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return pids_of(box)


def test_what_is_dismissed_ends_by_itself():
    """The zygote and its child go at once, and close finds nothing to wait for; a later spawn gets a new zygote."""
    with Sandbox("L1", QUICK) as box:
        zygote = box._zygote.pid
        child = box.spawn()
        child._greet()
        box.dismiss()
        deadline = time.monotonic() + 20
        while pathlib.Path(f"/proc/{child.pid}/cmdline").exists():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        again = SandboxRunner(box, KernelSource({"kernel": kernel_text()}, "kernel", "SmallKernel"))

        assert again(SCENARIO, EXPECTED).verdict in ("passed", "ungradable")
        assert again(SCENARIO, EXPECTED).verdict == "passed"
        assert box._zygote.pid != zygote
