"""Where a kernel is that does not come back.

Whoever runs out of time is ended from outside and has no last word. So a clock that counts the child's processor time
ticks all its life, and at a tick the child can say which of the student's lines is under way. Behind the walls no clock
can be set: it is started before they go up, and listened to once there is something to tell.
"""

from __future__ import annotations

# What the module signal wraps: that one takes a millisecond to import.
import _signal  # type: ignore[import-not-found]
from collections.abc import Callable
from types import FrameType

#: Processor seconds between two ticks. A call that sees two of them is a long one.
TICK_S = 0.1


def start_clock() -> None:
    """Let the clock tick; nobody listens yet. Nothing happens on a system without such a clock."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGPROF, _signal.SIG_IGN)
        _signal.setitimer(_signal.ITIMER_PROF, TICK_S, TICK_S)


def listen(tick: Callable[[int, FrameType | None], None]) -> None:
    """Call `tick` with what is under way, from now on."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGPROF, tick)
