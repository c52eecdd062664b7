"""A child that gets the source before its turn, so that it has read it by that time.

It never gets a byte of a scenario early. Whatever goes wrong with it decides nothing: the runner then takes a new
child, as it would have without this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.protocol import wire
from grader.protocol.lockstep import WorkerEnded, begin_source, source_answer
from grader.protocol.reenact import Tampered

if TYPE_CHECKING:
    from grader.sandbox.child import Child


class EarlyChild:
    """A child, and the part of the source that it has not been sent yet."""

    def __init__(self, child: Child, message: bytes) -> None:
        """Begin to send a child that has got nothing the source, as the payload of its message."""
        self.child = child
        self._left = memoryview(wire.frame(wire.SOURCE, message))
        self.go_on()

    def go_on(self) -> None:
        """Send as much as the child's channel has room for, and wait for nothing."""
        if self._left:
            self._left = self._left[self.child.offer(self._left) :]

    def is_ready(self) -> bool:
        """Wait until the child has read the source. Return False if it has not, for whatever reason, or is gone."""
        begin_source(self.child)
        if self._left:
            self.child.send_frames(bytes(self._left))
        try:
            return source_answer(self.child) is None and self.child.quiet()
        except (WorkerEnded, Tampered):
            return False
