"""Limits do not depend on load, floods do not reach the grader's memory, and nothing survives the grader."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.lab import load_lab
from grader.lab.reference import reference_output
from grader.protocol.messages import ScenarioMessages
from grader.replay.simulated import replay
from grader.sandbox.budget import Budget
from grader.sandbox.isolation import LEVELS
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import IsolationError, Sandbox
from tests.kernels import SmallKernel
from tests.labs import kernel_text
from tests.marks import proofs_but
from tests.reference.alternatives import PageByPage
from tests.scenario.test_loader import HEAD, parse

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the scheduler's figures are Linux's")

SCENARIO = parse("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", "write: {by: C, at: 'h[0]', value: 2}")
EXPECTED = reference_output(SCENARIO, SmallKernel)[0].traces[0]
FORK = "    def fork(self, parent, child):\n"
PAGE_FAULT = "    def page_fault(self, process, fault):\n"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

#: Kernels of every kind that time could tell apart.
KERNELS = {
    "honest": "pass",
    "busy for a while": "x = sum(i * i for i in range(300_000))",
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(60)",
    "exit": "import os; os._exit(0)",
}


def examined(box, line):
    code = KernelSource({"kernel": kernel_text(FORK, f"{FORK}        {line}\n")}, "kernel", "SmallKernel")
    examiner = SandboxRunner(box, code)
    attempt = examiner(SCENARIO, EXPECTED)
    examiner.discard()
    return attempt


def verdicts(limits):
    with Sandbox(limits=limits) as box:
        return {name: examined(box, line).verdict for name, line in KERNELS.items()}


def loops(count, **options):
    """That many processes that do nothing but loop."""
    command = [sys.executable, "-c", "while True: pass"]
    return [subprocess.Popen(command, start_new_session=True, **options) for _ in range(count)]


@pytest.fixture
def all_cores_busy():
    """Two loops on each processor."""
    busy = loops(2 * (os.cpu_count() or 1))
    time.sleep(0.2)
    yield
    _stop(busy)


@contextlib.contextmanager
def one_core_crowded():
    """Thirty loops on one processor, each in a session of its own: the scheduler shares between sessions."""
    [core, *_] = os.sched_getaffinity(0)
    busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"], start_new_session=True) for _ in range(30)]
    for loop in busy:
        os.sched_setaffinity(loop.pid, {core})
    try:
        yield core
    finally:
        _stop(busy)


def _stop(processes):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


@pytest.mark.proof  # of a whole batch, test_trouble.py shows the same in a second
def test_verdicts_on_a_busy_machine_are_those_of_an_idle_one(request):
    """With all processors loaded, and two graders side by side, every verdict is what it was before."""
    limits = Limits(cpu_s=0.3, wall_s=1.0)
    idle = verdicts(limits)
    request.getfixturevalue("all_cores_busy")
    code = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.sandbox.test_limits import Limits, verdicts
print(json.dumps(verdicts(Limits(cpu_s=0.3, wall_s=1.0))))
"""
    beside = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    busy = [json.loads(grader.communicate(timeout=60)[0]) for grader in beside]

    assert idle["honest"] == idle["busy for a while"] == "passed"
    assert idle["loop"] == idle["sleep"] == "timed_out"
    assert busy == [idle, idle]


@pytest.mark.parametrize("level", proofs_but("L2", LEVELS))
def test_verdicts_are_the_same_at_every_level(level):
    """Walls are not noticed by a kernel that does not run into them, nor do they change how a limit is told."""
    limits = Limits(cpu_s=0.3, wall_s=1.0)
    try:
        with Sandbox(isolation=level, limits=limits) as box:
            told = {name: examined(box, line)[:3] for name, line in KERNELS.items() if name != "loop"}
    except IsolationError as error:
        pytest.skip(str(error))
    with Sandbox(isolation="L0", limits=limits) as box:
        plain = {name: examined(box, KERNELS[name])[:3] for name in told}

    assert told == plain
    assert told["honest"][0] == "passed" and told["sleep"][0] == "timed_out" and told["exit"][0] == "crashed"


def test_a_kernel_that_gets_no_processor_is_ungradable():
    """A kernel that was ready to run and was not let is nobody's fault but the machine's."""
    with Sandbox(limits=Limits(cpu_s=1, wall_s=0.2)) as box, one_core_crowded() as core:
        box.isolation  # noqa: B018 - waits until it is warm
        # What the zygote has its children inherit; this side needs no crowd.
        for pid in _of(box):
            os.sched_setaffinity(pid, {core})
        loop = examined(box, "while True: pass")
        sleep = examined(box, "import time; time.sleep(60)")

    assert loop.verdict == "ungradable"
    assert loop.message.startswith("this machine was too busy: the kernel waited ")
    assert sleep.verdict == "timed_out"


def test_the_figures_are_in_the_reason():
    """Used and allowed seconds; a limit counts for one scenario, not for all that a child runs."""
    with Sandbox(limits=Limits(cpu_s=0.3, wall_s=1.0)) as box:
        loop = examined(box, "while True: pass")
        code = KernelSource(
            {"kernel": kernel_text(FORK, f"{FORK}        x = sum(i for i in range(1_500_000))\n")},
            "kernel",
            "SmallKernel",
        )
        examiner = SandboxRunner(box, code)
        many = [examiner(SCENARIO, EXPECTED).verdict for _ in range(8)]

    assert loop.message == "used 0.3 s of processor time; the limit is 0.3 s"
    assert many == ["passed"] * 8


def test_source_that_is_nested_too_deeply_is_called_that():
    """What Python's compiler reports as memory or recursion is told as what it is."""
    with Sandbox() as box:
        for text in ("-" * 9000 + "1", "if 0: pass\n" + "elif 0: pass\n" * 20_000):
            attempt = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "K"))(SCENARIO, EXPECTED)

            assert attempt.verdict == "crashed"
            assert "nested too deeply" in attempt.message


def test_a_large_source_waits_for_a_child_that_is_slow_to_begin():
    """A source larger than a socket holds, sent while the child has not begun to run, is read once it does."""
    text = kernel_text(FORK, f"{FORK}        pass\n") + "# filled up\n" * 20_000
    with Sandbox(isolation="L2S") as box:
        box.isolation  # noqa: B018 - waits until it is warm
        inside = _of(box)
        for pid in inside:
            os.kill(pid, signal.SIGSTOP)
        later = threading.Timer(0.2, lambda: [os.kill(pid, signal.SIGCONT) for pid in inside])
        later.start()
        attempt = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))(SCENARIO, EXPECTED)
        later.join()

    assert attempt.verdict == "passed", attempt.message


def test_a_kernel_killed_from_outside_is_ungradable():
    """Behind walls no kernel can send a signal; so a SIGKILL that is not ours was the machine's, and is regraded."""
    with Sandbox() as box:
        if not box.walled:
            pytest.skip(f"this machine gives {box.isolation['got']}: {box.isolation['missing']}")
        child = box.spawn()
        child._greet()
        os.kill(child.pid, signal.SIGKILL)
        ending = child.receive()

    assert ending.verdict == "ungradable"


def test_a_box_survives_the_end_of_its_zygote():
    """A zygote that was killed takes its children along as ungradable; the next child gets a new one."""
    with Sandbox() as box:
        child = box.spawn()
        child._greet()
        for pid in _of(box):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        lost = child.receive()
        honest = examined(box, "pass")

    assert lost.verdict == "ungradable"
    assert honest.verdict == "passed"


def test_one_zygote_serves_a_whole_batch():
    """Children come and go; the zygote stays."""
    with Sandbox() as box:
        box.isolation  # noqa: B018 - waits until it is warm
        before = box._zygote
        for _ in range(5):
            assert examined(box, "pass").verdict == "passed"

        assert box._zygote is before


# -- memory ---------------------------------------------------------------------------------------------------

_LINES = "{}\n        {}\n        {}"

#: What the buffers of one flood may take, and the tables of the most entries that one answer has room for.
FLOOD_MIB = 24

FLOODS = {
    "prints": "while True: print('x' * 4000)",
    "errors": "import os\n        while True: os.write(2, b'x' * 4000)",
    "operations": "while True: self.hw.frames.free(self.hw.frames.allocate())",
    "exception": "raise RuntimeError('x' * (200 << 20))",
    "long name": "type('x' * (100 << 20), (), {})().y",
    "forged": _LINES.format(
        "import contextlib, os",
        "for channel in [*range(3, 64)] * 10_000:",
        "    with contextlib.suppress(OSError): os.write(channel, b'\\x0d\\xff\\xff\\x00\\x00' + b'x' * 60000)",
    ),
    "forged progress": _LINES.format(
        "import contextlib, os",
        "for channel in [*range(3, 64)] * 10_000:",
        "    with contextlib.suppress(OSError): os.write(channel, b'\\x0f\\x00\\x00\\x00\\x00' * 10_000)",
    ),
    "entries": _LINES.format(
        "entry = parent.page_table.get(parent.page_table.pages()[0])",
        "for page in range(10**6, 10**6 + 1_100_000):",
        "    child.page_table.map(page, entry.frame, entry.protection)",
    ),
    "entries that one answer has room for": _LINES.format(
        "entry = parent.page_table.get(parent.page_table.pages()[0])",
        "for page in range(10**6, 10**6 + 13_000):",
        "    child.page_table.map(page, entry.frame, entry.protection)",
    ),
}


def test_floods_do_not_reach_the_grader_s_memory():
    """Whatever a kernel pours out, the grader's own memory grows by no more than its buffers are allowed to hold."""
    code = f"""
import json, resource, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.sandbox.test_limits import FLOODS, Sandbox, Limits, examined
with Sandbox(limits=Limits(cpu_s=0.5, wall_s=2)) as box:
    examined(box, "pass")
    told = {{}}
    for name, line in FLOODS.items():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdict = examined(box, line).verdict
        told[name] = (verdict, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
print(json.dumps(told))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(done.stdout)

    assert {name: verdict for name, (verdict, _) in told.items() if verdict == "passed"} == {}
    assert told["forged"][0] == "tampered"
    assert {name: grown for name, (_, grown) in told.items() if grown > FLOOD_MIB} == {}
    assert sum(grown for _, grown in told.values()) < 2 * FLOOD_MIB


# -- the end --------------------------------------------------------------------------------------------------


def _of(box):
    """Process ids of a sandbox. This process may have started others, like multiprocessing's tracker of resources."""
    zygote = box._zygote.pid
    return {zygote, *_inside(zygote)}


def _inside(grader):
    """Process ids of all that a grader has started, itself not counted."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, more = set(), {grader}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in found} - found
    return found - {grader}


def _gone(pids, seconds):
    deadline = time.monotonic() + seconds
    alive = set(pids)
    while alive and time.monotonic() < deadline:
        alive = {pid for pid in alive if _lives(pid)}
        time.sleep(0.01)
    return alive


def _lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("level", proofs_but("L2", ["L1", "L2", "auto"]))
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_grader_is_the_end_of_everything(tmp_path, lab, how, level):
    """Ctrl-C, a polite and an impolite kill end the grader and all it has started, within a second."""
    (tmp_path / "kernel.py").write_text(kernel_text(FORK, f"{FORK}        while True: pass\n"))
    command = ["run", str(lab), "--submission", str(tmp_path / "kernel.py"), "--isolation", level]
    grader = subprocess.Popen(
        [sys.executable, "-m", "grader", *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    inside: set[int] = set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not _looping(inside):
        inside = _inside(grader.pid)
        time.sleep(0.01)
    began = time.monotonic()
    # To the whole group, as a terminal does.
    os.killpg(grader.pid, how)
    _, err = grader.communicate(timeout=10)
    alive = _gone(inside, 1.0 - (time.monotonic() - began))

    assert inside
    assert alive == set()
    assert time.monotonic() - began < 1.0
    if how == signal.SIGINT:
        assert (grader.returncode, err) == (130, "grader: stopped\n")


def _looping(pids):
    """Whether some process has used a noticeable time already: the child in its loop."""
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[11]) > 30:  # clock ticks in user mode
            return True
    return False


def test_nothing_is_open_after_a_box():
    """Descriptors, threads and processes are as before."""
    others = _inside(os.getpid())
    with Sandbox() as box:
        examined(box, "pass")
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with Sandbox() as box:
            examined(box, "pass")
            examined(box, "while True: print('x' * 4000)")

    assert sorted(os.listdir("/proc/self/fd")) == before
    # A grader that is process 1 of a container inherits what others leave dead; dead is all that counts.
    assert _gone(_inside(os.getpid()) - others, 1.0) == set()


def test_a_box_may_be_closed_twice_and_unused():
    """Closing is always safe, and quick."""
    began = time.monotonic()
    box = Sandbox()
    box.close()
    box.close()

    assert time.monotonic() - began < 1.0


def test_descriptors_0_to_3_may_be_missing():
    """A grader that was started without standard streams starts its zygote all the same."""
    code = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        result = os.dup(1)
        os.closerange(0, 3)
        from tests.sandbox.test_limits import Sandbox, examined
        with Sandbox() as box:
            verdict = examined(box, "pass").verdict
        os.write(result, verdict.encode())
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)

    assert done.stdout == b"passed"


def test_the_slowest_correct_kernel_is_far_from_the_limit():
    """It searches all page tables at every fault. Counted, not measured: the limit leaves 2 us for each entry seen."""
    looks = 0

    class Counted(PageByPage):
        def users(self, frame):
            nonlocal looks
            looks += sum(len(table.pages()) for table in self.tables.values())
            return super().users(frame)

    lab = load_lab(ROOT / "labs" / "copy-on-write")
    [scenario] = [one for one in lab.scenarios if one.id == "fork-faults"]
    replay(scenario, Counted)
    budget = Budget(Limits())
    limits = budget.limits(0, ScenarioMessages(scenario).entries)

    assert looks > 1_000_000
    assert limits.more_s >= looks * 2e-6
    assert limits.cpu_s + limits.more_s < Limits().all_cpu_s


#: A large scenario: 1200 entries, for which a kernel may take 2.9 s more if it comes further.
LARGE = parse(
    "mmap: {by: P, name: large, pages: 400}",
    "write: {by: P, at: large, value: 1}",
    head=HEAD.replace("processes: [P]", "processes: [P, Q, R]\nmachine: {frames: 400}"),
)


def in_a_large_scenario(line):
    text = kernel_text(PAGE_FAULT, f"{PAGE_FAULT}        {line}\n")
    with Sandbox(limits=Limits(cpu_s=0.2)) as box:
        trying = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
        attempt = trying(LARGE, reference_output(LARGE, SmallKernel)[0].traces[0], known=True)
        trying.discard()
    return attempt


def test_a_slow_kernel_gets_more_time_in_a_large_scenario():
    """400 calls of 0.7 ms, more than twice what a single call may take, pass: each of them returns."""
    work = "import time\n        t = time.process_time()\n        while time.process_time() - t < 0.0007: pass"

    assert in_a_large_scenario(work).verdict == "passed"


def test_a_loop_in_a_large_scenario_ends_as_it_does_in_a_small_one():
    """The time that a large scenario adds is for kernels that come further: one call gets no more than anywhere."""
    loop = in_a_large_scenario("while fault.address > 200 * 8: process.page_table.get(1)")

    assert loop.verdict == "timed_out"
    assert loop.message.endswith(" s of processor time in one call; the limit is 0.2 s")
    assert loop.overrun.method == "page_fault"


def test_a_small_scenario_has_the_plain_limit():
    """What its size adds is nothing, however small the limit is."""
    for limits in (Limits(), Limits(cpu_s=0.02)):
        assert Budget(limits).limits(0, ScenarioMessages(SCENARIO).entries) == limits
