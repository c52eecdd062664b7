"""Reports what a child knows of a kernel that does not come back, before the child is ended from outside.

One timer counts processor time: at its tick the child can report which of the student's lines is running. Another goes
by the wall clock, for a kernel that sleeps: at its tick the child sends the answers that it has ready. A confined
process cannot set a timer, so both are started before the layers are installed, run all its life, and are ignored until
there is something to report.
"""

from __future__ import annotations

# The C module that `signal` wraps, because `signal` takes a millisecond to import.
import _signal  # type: ignore[import-not-found]
from collections.abc import Callable
from types import FrameType

#: Seconds between two ticks. A scenario with two of them takes long.
TICK_S = 0.1

#: The same for a hurried kernel, which is ended after 0.05 s of processor time.
HURRIED_TICK_S = 0.01

#: What is called at a tick: with the signal's number, and the running frame.
Tick = Callable[[int, FrameType | None], None]


def start_clock(hurried: bool = False) -> None:
    """Start the timers and ignore their ticks for now. Does nothing on a system without such timers."""
    if hasattr(_signal, "setitimer"):
        for number, timer in ((_signal.SIGPROF, _signal.ITIMER_PROF), (_signal.SIGALRM, _signal.ITIMER_REAL)):
            _signal.signal(number, _signal.SIG_IGN)
            seconds = HURRIED_TICK_S if hurried else TICK_S
            _signal.setitimer(timer, seconds, seconds)


def listen(busy: Tick, late: Tick) -> None:
    """Call `busy` at every tick of the processor time from now on, and `late` at every tick of the wall clock."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGPROF, busy)
        _signal.signal(_signal.SIGALRM, late)
