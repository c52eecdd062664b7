"""Replays where the kernel refuses what they would like to use: old versions, containers, systems without counts."""

import ctypes
import errno
import os
import pathlib
import platform
import subprocess
import sys

import pytest

from grader.errors import InputError
from grader.host import machine
from grader.host.machine import AGENT, HostMachine
from grader.host.measure import MANY, Sizes, measure
from grader.host.model import linux_model
from grader.host.probes import Findings, missing, probe
from grader.host.replay import HostReplay, unfit
from grader.host.runs import run
from grader.lab.lab import load_lab
from grader.practice.program import FAULTS_IN_PYTHON
from tests.conftest import ROOT
from tests.host.test_host import scenario_of

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

WRAPPER = pathlib.Path(__file__).with_name("restricted_agent.py")


def without(monkeypatch, *refused):
    """Start agents under a filter that refuses these system calls."""
    if platform.machine() != "x86_64":
        pytest.skip("the filter has the numbers of x86-64")
    start = machine.subprocess.Popen
    monkeypatch.setattr(
        machine.subprocess,
        "Popen",
        lambda command, **given: start([*command[:3], str(WRAPPER), str(AGENT), *refused], **given),
    )


def of_labs(*names):
    """Return (lab, scenario) for LAB/ID."""
    for name in names:
        lab = load_lab(ROOT / "labs" / name.partition("/")[0])
        yield lab, next(s for s in lab.scenarios if s.id == name.partition("/")[2])


@pytest.mark.parametrize("refused", [("pidfd_open",), ("populate_read", "populate_write"), ("prctl", "pidfd_open")])
def test_a_kernel_that_refuses_more_gives_the_same_counts(host, monkeypatch, refused):
    """Without pidfd_open (Linux 5.3), MADV_POPULATE (5.14) or prctl: deaths are noticed, counts are the same."""
    without(monkeypatch, *refused)
    with HostMachine() as restricted:
        found = probe(restricted)
        for lab, scenario in of_labs(
            "copy-on-write/practice-in-small", "file-backed/data-and-bss", "linux/fetch-from-an-untouched-page"
        ):
            assert run(restricted, lab, scenario, linux_model(lab, found.sizes)).odd == []
        wild = scenario_of(("mmap: {by: P, name: h, pages: 1}", "read: {by: P, at: 'h[1]', expect: {outcome: segv}}"))
        deaths = HostReplay(restricted, wild).run()[0]

    assert (found.follows, found.breaks, found.looks) == (host.found.follows, (), True)
    assert found.populates == ("populate_read" not in refused)
    assert deaths[1].outcome == "segv"


@pytest.mark.proof
@pytest.mark.parametrize("program", [AGENT, FAULTS_IN_PYTHON], ids=lambda path: path.stem)
def test_memory_is_touched_by_hand_wherever_it_lies(program):
    """A process that touches the pages of its own stack while it uses them goes on, at every place of the stack."""
    definitions = program.read_text().partition('if __name__ == "__main__":')[0]
    argument = "" if program == AGENT else "0"  # the address of a buffer that is left out
    text = f"{definitions}\npopulates = False\npopulate({argument})\npopulate({argument})\nos._exit(7)\n"
    fixed = ctypes.CDLL(None).personality
    for padding in range(0, os.sysconf("SC_PAGE_SIZE"), 16):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", text],
            env={"PADDING": "x" * padding},
            preexec_fn=lambda: fixed(0x0040000),  # no address is random
            check=False,
        )
        assert done.returncode == 7, padding


def test_a_python_without_pidfd_open_does_without(monkeypatch, tmp_path):
    """One that was built for an older Linux has no such function; deaths are noticed all the same."""
    (tmp_path / "agent.py").write_text(AGENT.read_text().replace("import os\n", "import os\ndel os.pidfd_open\n", 1))
    monkeypatch.setattr(machine, "AGENT", tmp_path / "agent.py")
    monkeypatch.delattr(os, "pidfd_open")
    wild = scenario_of(("mmap: {by: P, name: h, pages: 1}", "read: {by: P, at: 'h[1]', expect: {outcome: segv}}"))

    assert missing() == ""
    with HostMachine() as host:
        assert [step.outcome for step in HostReplay(host, wild).run()[0]] == ["ok", "segv"]


def test_a_scenario_that_populates_needs_a_kernel_that_can():
    """The reason names the version that has it."""
    populating = scenario_of(("mmap: {by: P, name: h, pages: 1}", "madvise: {by: P, at: h, advice: populate_read}"))

    assert unfit(populating) == ""
    assert "from 5.14 on" in unfit(populating, populates=False)


def test_where_we_may_not_look_only_counts_are_compared(cli, monkeypatch):
    """No pagemap (gVisor), or nobody may read another's memory (ptrace_scope 2): it is said, and nothing is guessed."""
    monkeypatch.setattr(machine, "_readable", lambda path: not path.endswith("/mem"))
    status, out, _ = cli("host", ROOT / "labs" / "copy-on-write", "practice-in-small")

    assert status == 0
    assert "only outcomes, faults and values are compared" in " ".join(out.split())
    assert "     ok     8    0     ?" in out


@pytest.mark.parametrize("drawn", [["--pictures"], ["--format", "html"]])
def test_where_we_may_not_look_nothing_is_drawn(cli, monkeypatch, drawn):
    """A picture without pages would show processes that have died."""
    monkeypatch.setattr(machine, "_readable", lambda path: False)
    status, _, err = cli("host", ROOT / "labs" / "copy-on-write", "practice-in-small", *drawn)

    assert status == 2
    assert "there is nothing to draw" in err


def test_a_system_that_counts_no_faults_is_told_what_would_work(cli, monkeypatch):
    """gVisor and WSL 1 count none, so every step would look like a difference."""
    do = HostMachine.do
    monkeypatch.setattr(HostMachine, "do", lambda *given, **values: do(*given, **values)._replace(faults=(0, 0)))
    status, _, err = cli("host", ROOT / "labs" / "copy-on-write")

    assert status == 2
    assert "counts no page faults" in err and "WSL 2" in err


@pytest.mark.parametrize(
    ("line", "other", "words"),
    [
        (
            "            pid = os.fork()\n",
            f"            raise OSError({errno.EAGAIN}, '')\n",
            "allows no more processes",
        ),
        (
            " carry_out(self.operations[name],",
            " (signal.pause() or carry_out)(self,",
            "has not answered",
        ),
        ("    populate()\n    for line", "    raise RuntimeError\n    for line", "ended early"),
    ],
)
def test_a_machine_without_room_or_time_is_no_difference(monkeypatch, tmp_path, line, other, words):
    """A fork that is refused, a process that does not answer, an agent that ends: an error that says so."""
    text = AGENT.read_text()
    assert text.count(line) == 1
    (tmp_path / "agent.py").write_text(text.replace("PATIENCE = 20", "PATIENCE = 1").replace(line, other))
    monkeypatch.setattr(machine, "AGENT", tmp_path / "agent.py")
    scenario = scenario_of(("mmap: {by: P, name: h, pages: 1}", "fork: {by: P, child: C}"))

    with HostMachine() as host, pytest.raises(InputError, match=words):
        HostReplay(host, scenario).run()


def test_pages_of_16_kib_make_the_window_four_pages(root):
    """64 KiB are four pages then: the model maps as many, and a released one, which cannot, excuses its rules."""
    lab = load_lab(root / "labs" / "linux")
    scenario = next(s for s in lab.scenarios if s.id == "one-fault-a-window")
    found = Findings((19, 23), (), True, True, Sizes(8, 4))

    assert linux_model(lab, Sizes(window=4)).run(scenario).steps[-1].faults == (6, 0)
    assert found.with_sizes_of(Sizes(8, 4)).breaks == ()
    assert found.with_sizes_of(Sizes()).breaks == (19, 22, 23)
    assert found._replace(sizes=Sizes(MANY, 16)).with_sizes_of(Sizes()).breaks == ()


def test_sizes_are_measured():
    """On a file of the folder; where it is in memory, nothing is read ahead."""
    with HostMachine() as host:
        sizes = measure(host)
    assert sizes.window in (1, 2, 4, 8, 16, 32, MANY)
    assert sizes.read_ahead is None or sizes.read_ahead >= 1


def test_an_old_python_is_told_what_would_work(monkeypatch):
    """A 32-bit Python, a system without /proc: each has its sentence."""
    monkeypatch.setattr(sys, "maxsize", (1 << 31) - 1)
    assert "64-bit" in missing()

    monkeypatch.setattr(pathlib.Path, "exists", lambda _: False)
    assert "/proc is not mounted" in missing()
