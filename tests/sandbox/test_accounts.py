"""What the scheduler accounts for a process, and what a process cannot do about it."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

from grader.sandbox.accounts import SLEEPS, Account

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the scheduler's figures are Linux's")


def running(code):
    process = subprocess.Popen([sys.executable, "-c", code])
    account = Account()
    account.open(process.pid)
    account.begin()
    return process, account


def ended(process, account):
    process.kill()
    process.wait()
    account.close()


def test_time_in_sleep_is_neither_used_nor_waited():
    """A process that sleeps has used nothing, and no part of that was a wait for a processor."""
    process, account = running("import time; time.sleep(60)")
    while account.cpu() < 0.005:
        time.sleep(0.01)
    time.sleep(0.1)
    account.begin()
    for _ in range(10):
        time.sleep(0.03)
        account.waited()
    used, waited = account.used(), account.waited()
    ended(process, account)

    assert used < 0.05
    assert waited < 0.05


def test_a_spin_that_is_seen_each_time_is_no_wait():
    """A process that runs whenever it is looked at, and sleeps in between, has waited for next to nothing."""
    spin = "import time\nwhile True:\n    time.sleep(0.0495)\n    t = time.perf_counter()\n"
    process, account = running(spin + "    while time.perf_counter() - t < 0.0035: pass")
    began = time.monotonic()
    while time.monotonic() - began < 0.6:
        account.waited()
        time.sleep(0.005)
    scheduled = int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
    waited = account.waited()
    ended(process, account)

    # What stands still for as long as a look may be one wait that goes on; nothing else is added.
    assert waited <= scheduled + 0.2


def test_a_wait_that_goes_on_is_counted():
    """A process that is ready to run and does not run has waited, before the scheduler says so."""
    account = Account()
    account._schedstat = account._status = 0
    figures = iter([(1.0, 5), (1.0, 5), (1.0, 5)])
    account._schedule = lambda: next(figures)
    account._state = lambda: (b"R", 0)
    first = account.waited()
    time.sleep(0.05)
    second = account.waited()
    account._state = lambda: (b"S", 0)

    assert first == 1.0
    assert second >= 1.05


def test_a_process_that_ran_in_between_has_not_waited():
    """Figures that moved are of a process that ran: only the scheduler's own word counts."""
    account = Account()
    account._schedstat = account._status = 0
    figures = iter([(1.0, 5), (1.0, 6), (1.0, 7)])
    account._schedule = lambda: next(figures)
    account._state = lambda: (b"R", 0)
    waited = [account.waited()]
    time.sleep(0.02)
    waited.append(account.waited())

    assert waited == [1.0, 1.0]


def test_waits_after_very_many_sleeps_are_a_process_s_own():
    """Who gives the processor away thousands of times is not excused by the waits that follow."""
    account = Account()
    account._schedstat = account._status = 0
    account._schedule = lambda: (20.0, 5)
    account._state = lambda: (b"S", SLEEPS + 1)

    assert account.waited() == 0.0
    account.answers = 1
    assert account.waited() == 20.0


def test_figures_stay_when_the_process_is_gone():
    """Nothing raises, and processor time is the last that was known, or what its parent was told."""
    process, account = running("while True: pass")
    while account.cpu() < 0.05:
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = account.cpu()
    waited = account.waited()
    account.ended(7.5)
    account.close()

    assert before >= 0.05 and waited >= 0.0
    assert account.cpu() == 7.5
    assert account.waited() == 0.0


def test_a_process_that_never_was_has_no_figures():
    """Where there is no such process, or no /proc, all figures are 0."""
    account = Account()
    account.open(2**22 + os.getpid())

    assert (account.cpu(), account.used(), account.waited()) == (0.0, 0.0, 0.0)
