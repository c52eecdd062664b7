"""Reports which line is running in a kernel that does not come back.

A child that runs out of time is ended from outside and cannot report anything then. So a timer that counts its
processor time runs all its life, and at a tick the child can report which of the student's lines is running. A confined
process cannot set a timer, so it is started before the layers are installed, and ignored until there is something to
report.
"""

from __future__ import annotations

# The C module that `signal` wraps, because `signal` takes a millisecond to import.
import _signal  # type: ignore[import-not-found]
from collections.abc import Callable
from types import FrameType

#: Processor seconds between two ticks. A scenario with two of them takes long.
TICK_S = 0.1


def start_clock() -> None:
    """Start the timer and ignore its ticks for now. Does nothing on a system without such a timer."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGPROF, _signal.SIG_IGN)
        _signal.setitimer(_signal.ITIMER_PROF, TICK_S, TICK_S)


def listen(tick: Callable[[int, FrameType | None], None]) -> None:
    """Call `tick` with the running frame at every tick from now on."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGPROF, tick)
