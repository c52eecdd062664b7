"""Reads what the scheduler counts for a child: time on a processor, and time ready to run without one.

Nothing here is a sample of what the child happens to be doing when the grader looks. Processor time, run delay and the
number of sleeps are kept by the operating system over the whole time, so a kernel cannot choose its moments.
"""

from __future__ import annotations

import os
import time

#: Number of sleeps that are always allowed, and that each answer explains (the worker sleeps until the next step
#: comes). A kernel that sleeps more often gives up the processor itself, so its waits for one are its own fault.
SLEEPS = 1000
SLEEPS_PER_ANSWER = 3


class Account:
    """The scheduler's figures for one process. All times in seconds; all figures 0 before `open`.

    answers  how many the process has given; the caller counts them
    """

    def __init__(self) -> None:
        self.answers = 0
        self._clock = 0
        self._schedstat = self._status = -1
        self._cpu = 0.0  # the last value; it stays after the process is gone
        self._delay = 0.0
        self._before = 0.0, 0.0
        self._figures = 0.0, 0  # processor time and times on a processor, when it was last seen ready to run
        self._ready_since = 0.0

    def open(self, pid: int) -> None:
        """Read the figures of a process from now on."""
        # The clock of another process, as clock_getcpuclockid(3) makes its number.
        self._clock = (~pid << 3) | 2
        try:
            self._schedstat = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY)
            self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY)
        except OSError:
            return  # not Linux, or the process is gone: no waits are known, so only the clock decides

    def close(self) -> None:
        """Forget the process; its last figures stay."""
        for descriptor in (self._schedstat, self._status):
            if descriptor >= 0:
                os.close(descriptor)
        self._schedstat = self._status = -1
        self._clock = 0

    def begin(self) -> None:
        """Count `used` and `waited` from here."""
        self._before = self.cpu(), self._schedule()[0]
        self._figures = 0.0, 0

    def ended(self, cpu: float) -> None:
        """Take the processor time that the process had when it ended."""
        self._cpu = max(self._cpu, cpu)

    def cpu(self) -> float:
        """Return the processor time of the process's whole life."""
        if self._clock:
            try:
                self._cpu = time.clock_gettime(self._clock)
            except (OSError, AttributeError, OverflowError):
                self._clock = 0
        return self._cpu

    def used(self) -> float:
        """Return the processor time since `begin`."""
        return self.cpu() - self._before[0]

    def waited(self) -> float:
        """Return how long the process has been ready to run without a processor since `begin`.

        The scheduler's run delay counts a wait when it is over. A wait that goes on is known by figures that stand
        still: a process that was ready to run, and has not run since, has waited all that time.
        """
        if self._schedstat < 0:
            return 0.0
        cpu = self.cpu()
        delay, slices = self._schedule()
        if (cpu, slices) == self._figures:
            delay += time.monotonic() - self._ready_since
        else:
            state, sleeps = self._state()
            if sleeps > SLEEPS + SLEEPS_PER_ANSWER * self.answers:
                return 0.0
            # Read after the figures: if it runs in between, the next figures differ, and nothing is counted.
            self._figures = (cpu, slices) if state == b"R" else (0.0, 0)
            self._ready_since = time.monotonic()
        return max(0.0, delay - self._before[1])

    def _schedule(self) -> tuple[float, int]:
        """Return the run delay, and how many times the process got a processor."""
        if self._schedstat >= 0:
            try:
                _, delay, slices = os.pread(self._schedstat, 100, 0).split()
                self._delay = int(delay) / 1e9
                return self._delay, int(slices)
            except (OSError, ValueError):
                pass  # it is gone
        return self._delay, 0

    def _state(self) -> tuple[bytes, int]:
        """Return the state of the process, a letter, and how often it went to sleep."""
        state, sleeps = b"", 0
        try:
            for line in os.pread(self._status, 8192, 0).splitlines():
                if line.startswith(b"State:"):
                    state = line.split()[1]
                elif line.startswith(b"voluntary_ctxt_switches:"):
                    sleeps = int(line.split()[1])
        except (OSError, ValueError, IndexError):
            pass  # it is gone
        return state, sleeps
