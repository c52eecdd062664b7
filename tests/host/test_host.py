"""Scenarios on the host's own kernel: agreement with the Linux profile, alarms, refusals, and what is left behind."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import pytest

from grader.host.compare import Side, compare, differences
from grader.host.machine import HostMachine, folder_on_disk, in_memory
from grader.host.measure import Sizes
from grader.host.model import PROFILE, LinuxModel, linux_kernel, linux_model, with_profile
from grader.host.probes import missing, probe
from grader.host.replay import HostReplay, unfit
from grader.host.rules import lab_differences
from grader.host.runs import run
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from grader.scenario.model import LINUX
from grader.scenario.profile import on_linux
from grader.trace.state import State
from reference.linux import LinuxKernel
from tests.reference.test_linux import CASES, HEAD

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

LABS = ("copy-on-write", "demand-paging", "file-backed", "kernel-access", "shared-memory", "tlb", "linux")

#: Scenarios in which a step of the lab ends otherwise for want of frames, of which Linux has enough.
SMALL = ("buffer-larger-than-memory", "kernel-write-without-a-frame")


def scenario_of(steps, files="", profile=True):
    """Return a scenario of these steps."""
    machine = "machine: {profile: linux, frames: 64}\n" if profile else ""
    text = f"format: 1\ntitle: T\ntask: t\n{machine}{files}processes: [P]\nsteps:\n"
    return parse_scenario(text + "".join(f"  - {step}\n" for step in steps), "t")


def lab_of(root, name):
    """Return one of the project's labs."""
    return load_lab(root / "labs" / name)


def odd_steps(host, scenario):
    """Return in which steps, and in which respects, this machine differs from the profile."""
    expected = replay(scenario, LinuxKernel)
    state, odd = State(scenario), {}
    for step, record, seen in zip(scenario.steps, expected.steps, HostReplay(host, scenario).run()[0], strict=True):
        state.follow(record)
        if found := differences(step, record, state, seen):
            odd[step.number] = found
    return odd


def played(host, *steps, files=""):
    """Return (outcome, faults, values) of each step on the host."""
    return [(step.outcome, step.faults, step.values) for step in HostReplay(host, scenario_of(steps, files)).run()[0]]


def test_a_child_copies_what_it_writes(host):
    """Values, faults and sharing are those of real processes."""
    steps = (
        "mmap: {by: P, name: h, pages: 2}",
        "write: {by: P, at: h, value: 5}",
        "fork: {by: P, child: C}",
        'write: {by: C, at: "h[0]", value: 6}',
        "read: {by: P, at: h}",
        "read: {by: C, at: h}",
    )
    done, _ = HostReplay(host, scenario_of(steps)).run()

    assert [step.faults for step in done] == [(0, 0), (2, 0), None, (1, 0), (0, 0), (0, 0)]
    assert [step.values for step in done[4:]] == [[5, 5], [6, 5]]
    assert done[5].frames["P", 17] == done[5].frames["C", 17]
    assert done[5].frames["P", 16] != done[5].frames["C", 16]


def test_a_process_dies_and_its_faults_are_still_seen(host):
    """A write beyond its rights ends it with SIGSEGV, after pages that it could write."""
    done = played(
        host,
        "mmap: {by: P, name: h, pages: 2}",
        'mprotect: {by: P, at: "h[1]", protection: r--}',
        "fork: {by: P, child: C}",
        "write: {by: C, at: h, value: 1}",
        "read: {by: P, at: h}",
        "read: {by: C, at: h}",
    )

    assert done[3] == ("segv", (1, 0), [])
    assert done[4] == ("ok", (2, 0), [0, 0])
    assert done[5][0] == "skipped"


def test_an_access_can_survive(host):
    """The kernel makes it for the process, and a fetch is made by a task that shares its memory."""
    done = played(
        host,
        "mmap: {by: P, name: h, pages: 1, protection: r--}",
        "write: {by: P, at: h, value: 1, survives: true}",
        "execute: {by: P, at: h, survives: true}",
        "read: {by: P, at: h}",
    )

    assert done[1:] == [("segv", (0, 0), []), ("segv", (1, 0), []), ("ok", (0, 0), [0])]


@pytest.mark.parametrize("survives", ["", ", survives: true"])
def test_execution_ends_at_the_first_page_that_may_not_be_executed(host, survives):
    """The pages before it have been fetched; that page itself is faulted in and then refused (rule 47)."""
    done = played(
        host,
        "mmap: {by: P, name: h, pages: 3}",
        'mprotect: {by: P, at: "h[0]", protection: r-x}',
        f"execute: {{by: P, at: h, expect: {{outcome: segv}}{survives}}}",
    )

    assert done[2] == ("segv", (2, 0), [0])


def test_a_file_that_is_not_cached_costs_a_major_fault(host):
    """One read brings its neighbours."""
    files = "files: {f: {pages: 3, contents: [7, 8, 9]}}\n"
    done = played(host, "mmap: {by: P, name: m, pages: 3, file: f}", "read: {by: P, at: m}", files=files)

    assert done[1] == ("ok", (0, 1), [7, 8, 9])


def test_pages_that_mprotect_makes_writable_are_no_zeros(host):
    """Locked pages become the process's own when it may write them; a fork shares these, and not the page of zeros."""
    steps = (
        "mmap: {by: P, name: h, pages: 2, protection: r--}",
        "mlock: {by: P, at: h}",
        "mprotect: {by: P, at: h, protection: rw-}",
        "mremap: {by: P, at: h, name: k, pages: 3}",
        "fork: {by: P, child: C}",
    )
    done, _ = HostReplay(host, scenario_of(steps)).run()
    labels = {page: label for page, label in done[4].frames.items() if page[0] == "P"}

    assert ("zeros",) not in labels.values()
    assert len(set(labels.values())) == 3
    assert all(done[4].frames["C", page] == label for (_, page), label in labels.items())


@pytest.mark.parametrize(("at", "rights"), [("h[0:4]", ["rwx", "rwx", "rwx"]), ("h[0:3]", ["rwx", "r--", "rw-"])])
def test_an_mprotect_that_fails_is_followed_as_far_as_it_got(host, at, rights):
    """Up to a hole, or to a file that may only be read (rule 45): the pages before it have the new rights."""
    steps = ["mmap: {by: P, name: h, pages: 3}", "read: {by: P, at: h}"]
    if at == "h[0:3]":
        steps.insert(
            1, "mmap: {by: P, name: m, pages: 1, file: f, shared: true, protection: r--, at: 'h[1]', fixed: true}"
        )
    steps.append(f"mprotect: {{by: P, at: '{at}', protection: rwx, expect: {{outcome: error}}}}")
    done, _ = HostReplay(host, scenario_of(steps, "files: {f: {pages: 1, writable: false}}\n")).run()

    assert done[-1].outcome == "error"
    assert [str(right) for _, right in sorted(done[-1].rights.items())] == rights


def test_what_is_mapped_anew_goes_to_children_again(host):
    """MADV_DONTFORK was about the memory that was there before; a page that stays kept back is not looked for."""
    steps = (
        "mmap: {by: P, name: h, pages: 2}",
        "madvise: {by: P, at: h, advice: dontfork}",
        "mmap: {by: P, name: k, pages: 1, at: 'h[1]', fixed: true}",
        "write: {by: P, at: k, value: 1}",
        "fork: {by: P, child: C}",
    )
    frames = HostReplay(host, scenario_of(steps)).run()[0][-1].frames

    assert [name for name, _ in sorted(frames)] == ["C", "P"]


def test_sides_differ_in_sharing_whatever_frames_are_called():
    """Labels mean nothing but equality; faults that were not measured are not compared."""
    one = Side("ok", (1, 0), [], {("P", 1): "a", ("C", 1): "a"})

    assert compare(one, Side("ok", None, [], {("P", 1): 7, ("C", 1): 7})) == []
    assert compare(one, Side("ok", (0, 0), [], {("P", 1): 7, ("C", 1): 8})) == ["faults", "shared"]
    assert compare(one, Side("segv", (1, 0), [3], {("P", 1): 7})) == ["outcome", "values", "present"]
    assert compare(one, Side("ok", (1, 0), [], None)) == []


@pytest.mark.parametrize(
    ("lab", "name", "reason"),
    [
        ("copy-on-write", "no-frame-for-the-copy", "exactly its number of frames"),
        ("copy-on-write", "fork-fails-at-once", "makes a call of the kernel fail"),
        ("copy-on-write", "no-room-for-a-third-child", "fills the process table"),
        ("swapping", None, "needs swap"),
    ],
)
def test_a_scenario_that_cannot_be_replayed_has_its_reason(root, lab, name, reason):
    """Frames, failures, processes and swap are not at an ordinary user's command."""
    scenarios = [s for s in lab_of(root, lab).scenarios if (s.id == name if name else s.machine.swap)]

    assert reason in unfit(scenarios[0])


def test_each_side_and_each_rule_is_shown(cli, root, host):
    """A scenario in which Linux differs names the rule in the words of the table."""
    status, out, err = cli("host", root / "labs" / "demand-paging", "read-then-write")

    assert (status, err) == (0, "")
    assert "Linux differs from the lab here: rule 3." in out
    assert "Rule 3: On Linux, a read of an untouched anonymous page" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_difference_to_the_model_is_an_alarm(cli, root, host, monkeypatch):
    """With the textbook's reference in place of the model, the machine is not as modelled; a report is asked for."""
    lab = lab_of(root, "copy-on-write")
    textbook = LinuxModel(lambda scenario: replay(with_profile(scenario), reference_kernel(lab)), PROFILE)
    monkeypatch.setattr("grader.host.model.linux_model", lambda *_: textbook)
    status, out, _ = cli("host", lab.path, "writable-only-after-the-fork")

    assert status == 1
    assert "ALARM: this machine differs from the model in" in out
    assert os.uname().release in out.partition("Please report it")[2]


@pytest.mark.parametrize(
    ("lab", "name", "breaks", "excused"),
    [
        ("demand-paging", "read-then-write", (3,), True),
        ("demand-paging", "read-then-write", (17,), False),
        ("linux", "read-then-write", (17,), True),
        ("linux", "read-then-write", (), False),
    ],
)
def test_a_rule_that_the_kernel_does_not_follow_is_no_alarm(root, host, lab, name, breaks, excused):
    """If the scenario shows that rule; one with the profile does not tell which it shows, so any rule will do."""
    lab = lab_of(root, lab)
    runs = run(host, lab, next(s for s in lab.scenarios if s.id == name), linux_model(lab))
    odd = runs._replace(steps=[step._replace(odd=("faults",)) for step in runs.steps])

    assert odd.odd == list(range(1, len(odd.steps) + 1))
    assert odd.alarms(breaks) == ([] if excused else odd.odd)


def test_the_real_machine_can_be_drawn(cli, root, host):
    """As text and as a page."""
    _, out, _ = cli("host", root / "labs" / "copy-on-write", "three-sections", "--pictures")
    _, page, _ = cli("host", root / "labs" / "copy-on-write", "three-sections", "--format", "html")

    assert "h[0]" in out
    assert "rw-" in out
    assert page.startswith("<!DOCTYPE html>")
    assert all(title in page for title in ("the lab&#39;s rules", "Linux, as modelled", "this machine"))
    assert "Rule 14: " in page


def test_shared_memory_that_nobody_maps_is_no_difference_in_frames(cli, root, host):
    """The writer is gone and its memory still there: this machine does not show that frame, so it is not counted."""
    _, page, _ = cli("host", root / "labs" / "shared-memory", "writer-gone", "--format", "html")

    assert "This machine does not show: copies, frames in use." in page
    assert "<strong>≠" not in page.partition("<footer>")[2]


def test_a_disk_that_reads_less_than_the_model_raises_no_alarm(cli, root, host, monkeypatch):
    """A released model reads 32 pages ahead. Where the disk brings fewer, steps that show rule 22 are no alarm."""
    lab = load_lab(root / "labs" / "linux")
    monkeypatch.setattr("grader.host.probes.measure", lambda _: Sizes(8, 4))
    monkeypatch.setattr("grader.host.model.linux_kernel", lambda *_: None)
    monkeypatch.setattr("grader.host.model._released", lambda _: linux_model_of(lab))
    status, out, _ = cli("host", lab.path, "read-ahead-is-one-major-fault")

    assert status == 0
    assert "one read from the disk brings 8 pages, and a read fault maps up to 4; in the model" in " ".join(out.split())


def linux_model_of(lab):
    """Return the model that a release of the lab linux has: its recorded outputs."""
    return LinuxModel(lambda scenario: load_recording(lab, scenario).traces[0], PROFILE)


def test_a_lab_without_a_model_is_compared_with_nothing(cli, lab, host):
    """The small lab has no reference/linux.py two folders up, and no file: its column is empty, nothing is an alarm."""
    status, out, _ = cli("host", lab, "touch")

    assert status == 0
    assert "no model of Linux" in " ".join(out.split())


def test_a_misspelt_scenario_is_guessed(cli, root, host):
    """The nearest public scenario is suggested."""
    status, _, err = cli("host", root / "labs" / "copy-on-write", "fork-fault")

    assert status == 2
    assert "did you mean 'fork-faults'" in err


def test_another_system_is_told_what_would_work(cli, root, monkeypatch):
    """macOS and Windows."""
    monkeypatch.setattr(sys, "platform", "darwin")
    status, _, err = cli("host", root / "labs" / "copy-on-write")

    assert status == 2
    assert err.startswith("grader: grader host: not here: ")
    assert "WSL 2" in err


def test_without_a_pagemap_the_counts_are_compared(root, host, monkeypatch):
    """gVisor has none: no page is called present or absent."""
    monkeypatch.setattr(host, "pages", lambda *_: None)
    lab = lab_of(root, "copy-on-write")
    scenario = next(s for s in lab.scenarios if s.id == "practice-in-small")
    runs = run(host, lab, scenario, linux_model(lab))

    assert runs.odd == []
    assert all(step.host.frames is None for step in runs.steps)


def test_files_in_memory_show_as_a_rule_that_is_not_followed():
    """On tmpfs a file is never read from a disk, which the self-test notices."""
    if not pathlib.Path("/dev/shm").is_dir() or os.statvfs("/dev/shm").f_bavail == 0:
        pytest.skip("no /dev/shm")
    with HostMachine("/dev/shm") as machine:
        assert {22, 23, 44} <= set(probe(machine).breaks)


def test_files_are_on_a_disk_where_there_is_one(monkeypatch):
    """If the folder for temporary files is in memory, another one is taken; with none on a disk, that one stays."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/dev/shm")
    monkeypatch.setattr("os.access", lambda folder, mode: folder != "/var/tmp")
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setattr("grader.host.machine.in_memory", lambda folder: folder == "/dev/shm")
    assert folder_on_disk() == "/"

    monkeypatch.setattr("grader.host.machine.in_memory", lambda _: True)
    assert folder_on_disk() == "/dev/shm"


@pytest.mark.parametrize("folder", ["/nonexistent", __file__])
def test_a_folder_that_cannot_be_written_to_is_named(cli, root, folder):
    """Before anything is started."""
    status, _, err = cli("host", root / "labs" / "copy-on-write", "--folder", folder)

    assert status == 2
    assert f"{folder}: not a folder that can be written to" in " ".join(err.split())


def test_a_folder_in_memory_is_named(cli, root):
    """Scenarios that need a disk are left out, with the reason and the way out."""
    if not pathlib.Path("/dev/shm").is_dir() or os.statvfs("/dev/shm").f_bavail == 0:
        pytest.skip("no /dev/shm")
    assert in_memory("/dev/shm") and not in_memory("/proc")
    status, out, _ = cli("host", root / "labs" / "file-backed", "--folder", "/dev/shm")
    out = " ".join(out.split())

    assert status == 0
    assert "Files in /dev/shm are in memory and not on a disk, so scenarios with files cannot be replayed." in out
    assert "private-first-write: it needs files on a disk" in out
    assert "does not follow" not in out


def test_nothing_is_left_when_the_grader_is_killed(root):
    """SIGKILL in the middle of a scenario: the agent and its processes end."""
    script = (
        "import signal; from grader.host.machine import HostMachine; h = HostMachine(); h.begin(2, 3, []);"
        "h.do(0, 'fork', 2); print(h._process.pid, *h.pids.values(), flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True) as killed:
        handles = [os.pidfd_open(int(pid)) for pid in killed.stdout.readline().split()]
        os.kill(killed.pid, signal.SIGKILL)
    ended = [_ends(handle) for handle in handles]

    assert ended == [True] * 4


def _ends(handle):
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        return bool(poll.poll(5000))
    finally:
        os.close(handle)


@pytest.mark.proof
@pytest.mark.parametrize("name", LABS)
def test_this_machine_is_as_modelled(root, host, name):
    """Every step of every public scenario that can be replayed."""
    lab = lab_of(root, name)
    odd = {s.id: run(host, lab, s, linux_model(lab)).odd for s in lab.scenarios if not unfit(s)}

    assert odd
    assert {id: steps for id, steps in odd.items() if steps} == {}


@pytest.mark.proof
@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_this_machine_follows_each_rule(host, steps):
    """The small scenarios by which the profile itself is tested, but for those that need swap."""
    text = HEAD.replace(", swap: 8", "") + "".join(f"  - {step}\n" for step in steps)
    if "pageout" in text:
        pytest.skip("needs swap")
    scenario = parse_scenario(text, "t")
    assert odd_steps(host, scenario) == {}


@pytest.mark.proof
@pytest.mark.parametrize("name", LABS[:-1])
def test_every_difference_to_the_lab_has_its_rule(root, name):
    """No step differs for a reason that the table of rules does not have."""
    lab = lab_of(root, name)
    for scenario in lab.scenarios:
        if unfit(scenario) or scenario.machine.profile == LINUX:
            continue
        plain = on_linux(scenario)
        recorded = load_recording(lab, scenario).traces[0]
        found = lab_differences(scenario, recorded, plain, replay(plain, linux_kernel(lab)))
        unexplained = [number for number, (_, rules) in found.items() if not rules]
        assert unexplained == [] or scenario.id in SMALL, (scenario.id, unexplained)


def test_an_output_file_is_for_the_page(cli, root, tmp_path):
    """--output without --format html would otherwise be ignored."""
    status, _, err = cli("host", root / "labs" / "copy-on-write", "three-sections", "--output", tmp_path / "page.html")

    assert status == 2
    assert "add --format html" in err
