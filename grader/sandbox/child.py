"""Handles one confined child for the grader. Every wait ends: by an answer, by the death of the child, or by a limit.

An answer that comes at once takes one system call to send and one to receive. Only while a child takes longer than a
moment are its prints and limits checked.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

from grader.protocol import wire
from grader.sandbox import termination
from grader.sandbox.accounts import Account
from grader.sandbox.limits import DRAIN_S
from grader.sandbox.termination import Ending

if TYPE_CHECKING:
    from _socket import socket

    from grader.sandbox.owner import Owner

#: Seconds that an answer is waited for before prints and limits are looked at.
MOMENT = 0.02

#: Seconds between checks of a child that takes long.
TICK = 0.05

#: Part of the limit, and least seconds, of processor time or of none, that a child which prints too much has to report
#: where it is.
FLOOD_SHARE, FLOOD_S = 0.25, 0.05

#: Seconds that a new child may take to confine itself on a busy machine.
HELLO_S = 60

_KINDS = (wire.HELLO, wire.READY, wire.TROUBLE, wire.ANSWER, wire.STATE)
_HELLO_BYTES = 9

#: MSG_DONTWAIT, and MSG_PEEK with it
_AT_ONCE = 0x80 if sys.platform == "darwin" else 0x40
_PEEK = 0x2 | _AT_ONCE
_CHUNK = 1 << 16


class Child:
    """A confined process that runs inside/worker.serve. Made by Sandbox.spawn."""

    #: Whether it can be sent a scenario while it is busy with another.
    takes_more = True

    def __init__(self, owner: Owner, serial: int, channel: socket, output: int) -> None:
        self.limits = owner.limits
        self.pid = 0  # as this process's namespace numbers it, from HELLO on
        self._owner = owner
        self._serial = serial
        self._channel = channel
        self._fd = channel.fileno()
        self._output = output
        self._received = bytearray()
        self._printed = bytearray()
        self._cut = False
        self._ending: Ending | None = None
        self._account = Account()
        self._awaited = self._excused = self._idle_before = 0.0
        self._entered = time.monotonic()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(output, select.POLLIN)
        self.begin_scenario()

    # -- talking ----------------------------------------------------------------------------------------------

    def begin_scenario(self, due: int = 0, step_due: int = 0, owed: int = 1) -> None:
        """Start the budgets of a scenario.

        owed      how many frames are to come from it: an answer for each that it gets
        due       bytes of answers that its own pages may take, in all
        step_due  the same, in one step
        """
        self._idle_before = self.spent()[1]
        self._entered = time.monotonic()
        self._awaited = 0.0  # seconds that this side spent waiting in receive(), those since _entered apart
        self._excused = 0.0  # seconds of these in which an answer was there, and this process got no processor
        self._flooded = False  # True once it has printed too much
        self._placed = False  # True once it has reported something, which may be where it is
        self._further = 0.0  # processor seconds after which the kernel last said that it has come further
        self._volume = 0  # bytes of answers
        self._due_answers = owed
        self._room = self.limits.answers + due
        self._step_room = self.limits.step_answers + step_due
        self._account.begin()
        self._look_at = self._entered + min(self.limits.cpu_s, self.limits.wall_s)

    def spent(self) -> tuple[float, float]:
        """Return what the child has used up in its whole life: processor seconds, and seconds that it let pass."""
        passed = self._awaited - self._excused
        if passed < TICK:
            # The usual case: reading the scheduler's figures is not worth it.
            return self._account.cpu(), self._idle_before
        idle = passed - self._account.used() - self._account.waited()
        return self._account.cpu(), self._idle_before + max(0.0, idle)

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame; see send_frames."""
        self.send_frames(wire.frame(kind, payload))

    def send_frames(self, data: bytes) -> None:
        """Send whole frames. A child that does not read is not waited for longer than its limits say."""
        sent = self._write_some(data)
        if sent < len(data):
            self._send_late(memoryview(data)[sent:])

    def offer(self, data: bytes | memoryview) -> int:
        """Send as much as there is room for, and wait for nothing. Return how many bytes that is.

        All of them if nobody reads: receive() says why.
        """
        try:
            return self._channel.send(data, _AT_ONCE)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def receive(self) -> tuple[int, bytes] | Ending:
        """Return the next frame of the child, or how it ended."""
        if self._received and self._ending is None and not self._flooded:
            # A child that runs ahead sends many answers together, and none of the others is waited for.
            frame = self._frame()
            if frame is not None:
                self._account.answers += 1
                return frame
        if not self.pid and self._ending is None:
            self._greet()
        entered = self._entered = time.monotonic()
        if self._flooded:
            self._end(termination.too_much_output(self.limits))
        if not self._received and self._ending is None:
            self._read()
            now = time.monotonic()
            if now - entered > MOMENT and self._received:
                self._excused += now - entered - MOMENT
            if now >= self._look_at:
                self._check_limits()
        frame = None
        while self._ending is None:
            frame = self._frame()
            if frame is not None:
                self._account.answers += 1
                break
            self._wait(select.POLLIN)
        self._awaited += time.monotonic() - entered
        return frame if frame is not None else self._ending or termination.LOST

    def arrived(self, most: int) -> list[bytes]:
        """Return answers that are here already, `most` at most: as far as nothing else is among them.

        A child that runs ahead sends many together. What receive() would not return as an answer stays for it.
        """
        if self._flooded or self._ending is not None or len(self._received) < wire.HEAD.size:
            return []
        received = bytes(self._received)
        answers: list[bytes] = []
        end, volume = 0, self._volume
        while len(answers) < most and end + wire.HEAD.size <= len(received):
            kind, size = wire.HEAD.unpack_from(received, end)
            start = end + wire.HEAD.size
            volume += size
            fits = size <= self._step_room and volume <= self._room and start + size <= len(received)
            if kind != wire.ANSWER or not fits:
                break
            end = start + size
            answers.append(received[start:end])
            self._volume = volume
        del self._received[:end]
        self._due_answers -= len(answers)
        self._account.answers += len(answers)
        return answers

    def drain(self, owed: int) -> bool:
        """Take the answers that are still owed. Return False if they do not come at once."""
        entered = self._entered = time.monotonic()
        while self._ending is None and self.pid and owed and time.monotonic() < entered + DRAIN_S:
            frame = self._frame()
            if frame is None:
                self._wait(select.POLLIN, DRAIN_S)
            else:
                owed -= frame[0] == wire.ANSWER
        self._awaited += time.monotonic() - entered
        return not owed

    def quiet(self) -> bool:
        """Return True if the child lives and has sent nothing unsolicited, so that it can get the next scenario."""
        if self._ending is not None or self._received:
            return False
        try:
            self._channel.recv(1, _PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def take_output(self) -> tuple[bytes, bool]:
        """Return what was printed since the last call, and whether some of it was cut off."""
        if self._output >= 0:
            self._drain_output()
        printed, cut = bytes(self._printed), self._cut
        self._printed.clear()
        self._cut = False
        return printed, cut

    def close(self) -> None:
        """End the child, if it has not ended, and wait until it is gone. What it printed can still be taken."""
        if self._fd < 0:
            return
        self._owner.reap(self._serial, gently=False)
        self._drain_output()
        self._ending = self._ending or termination.LOST
        self._fd = -1
        self._channel.close()
        os.close(self._output)
        self._output = -1
        self._account.close()
        self._owner.forget(self)

    # -- beginning --------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        """Wait for HELLO, which means that the child is confined, and note its process id."""
        import _socket

        deadline = time.monotonic() + HELLO_S
        data = b""
        size = _socket.CMSG_SPACE(12)
        while len(data) < _HELLO_BYTES and time.monotonic() < deadline:
            self._poll.poll(max(1, int(1000 * (deadline - time.monotonic()))))
            try:
                more, ancillary, _, _ = self._channel.recvmsg(_HELLO_BYTES - len(data), size)
            except BlockingIOError:
                continue
            if not more:
                break
            data += more
            for level, kind, value in ancillary:
                if level == _socket.SOL_SOCKET and kind == getattr(_socket, "SCM_CREDENTIALS", None):
                    # Ask the operating system, because under bwrap the child knows its process id by another number.
                    self.pid = int.from_bytes(value[:4], sys.byteorder)
        if len(data) < _HELLO_BYTES or data[0] != wire.HELLO:
            self._drain_output()
            reason = self._printed.decode("utf-8", "replace") or "no response"
            self._printed.clear()
            self._end(Ending("ungradable", f"the sandbox could not be set up ({reason[:200]}); run it again"))
            return
        self.pid = self.pid or int.from_bytes(data[5:9], "little")
        if hasattr(_socket, "SO_PASSCRED"):
            self._channel.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 0)
        self._account.open(self.pid)

    # -- waiting ----------------------------------------------------------------------------------------------

    def _frame(self) -> tuple[int, bytes] | None:
        """Return the first frame of what was received, if it is complete."""
        received = self._received
        while True:
            if len(received) < wire.HEAD.size:
                return None
            kind, size = wire.HEAD.unpack_from(received)
            if kind != wire.FURTHER or size:
                break
            self._volume += wire.HEAD.size  # it says nothing, but a kernel could send it without end
            self._further = self._account.used()
            del received[: wire.HEAD.size]
        volume = self._volume + size
        if volume > self._room or size > self._step_room or kind not in _KINDS:
            self._end(self._too_much(kind, size))
            return None
        self._placed |= kind == wire.TROUBLE
        if self._flooded and kind != wire.TROUBLE:
            self._end(termination.too_much_output(self.limits))
            return None
        end = wire.HEAD.size + size
        if len(received) < end:
            return None
        self._volume = volume
        self._due_answers -= kind == wire.ANSWER
        payload = bytes(received[wire.HEAD.size : end])
        del received[:end]
        return kind, payload

    def _too_much(self, kind: int, size: int) -> Ending:
        """Return what a frame means that is not one, or larger than an answer may be."""
        if kind != wire.ANSWER or size >= 1 << 30:
            return termination.not_a_frame(kind, size)
        if size > self._step_room:
            return termination.too_many_operations(size, self._step_room, "one step")
        return termination.too_many_operations(self._volume + size, self._room, "one scenario")

    def _wait(self, events: int, seconds: float = 3600.0) -> None:
        """Wait for the channel or a limit, and keep the pipe of prints empty while waiting."""
        self._poll.modify(self._fd, events)
        seconds = min(seconds, TICK, max(0.0, self._look_at - time.monotonic()))
        timeout, began = int(seconds * 1000) + 1, time.monotonic()
        happened = self._poll.poll(timeout)
        late = time.monotonic() - began - timeout / 1000
        if not happened:
            self._account.waited()
        for descriptor, event in happened:
            if descriptor == self._output:
                self._drain_output()
                if event & (select.POLLHUP | select.POLLERR) and not event & select.POLLIN:
                    self._poll.unregister(self._output)
            elif event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._excused += max(0.0, late)
                self._read()
        if time.monotonic() >= self._look_at:
            self._check_limits(sending=bool(events & select.POLLOUT))

    def _read(self) -> None:
        """Take what there is on the channel, waiting a moment for it (SO_RCVTIMEO)."""
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if data:
            self._received += data
        else:
            self._died()

    def _send_late(self, data: memoryview) -> None:
        """Send the rest to a child that is slow to read."""
        if not self.pid:
            # HELLO comes first; without this, the wait below would take it for an answer.
            self._greet()
        entered = self._entered = time.monotonic()
        while data and self._ending is None:
            self._wait(select.POLLIN | select.POLLOUT)
            data = data[self._write_some(data[:_CHUNK]) :]
        self._awaited += time.monotonic() - entered

    def _write_some(self, data: bytes | memoryview) -> int:
        """Write what there is room for, waiting a moment. Return len(data) if nobody reads: receive() says why."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            return len(data)

    def _drain_output(self) -> None:
        while True:
            try:
                data = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                return
            room = self.limits.output - len(self._printed)
            self._printed += data[: max(room, 0)]
            if len(data) > room:
                self._cut = True
                self._flood()
                return

    # -- limits -----------------------------------------------------------------------------------------------

    def _flood(self) -> None:
        """Let a child that prints too much go on for a moment, so that it reports where it is, unless it has done so.

        inside/stack_sampler.py makes it report after two ticks of its clock. A kernel in C is not seen by it.
        """
        if self._placed or self.limits.counted:
            self._end(termination.too_much_output(self.limits))
        elif not self._flooded:
            self._flooded = True
            more = max(self.limits.cpu_s * FLOOD_SHARE, FLOOD_S)
            self.limits = self.limits._replace(cpu_s=self._account.used() + more, wall_s=self.limits.wall_s + more)
            self._look_at = time.monotonic()

    def _check_limits(self, sending: bool = False) -> None:
        """End the child if it has used up a budget, unless all answers of the scenario have arrived.

        Such a child may be busy with the next scenario, which was sent ahead: that time is not this one's.
        A child that is `sending` for is not reading on, so it is ended anyway; then it is not the clock that decides.
        """
        if self._ending is not None:
            return
        crossed = self._crossed()
        if crossed is None:
            return
        if not self._has_answered():
            self._end(crossed)
        elif sending:
            self._end(crossed._replace(by_clock=False))

    def _crossed(self) -> Ending | None:
        """Return the ending for the budget that is used up; None if none is, and then say when to look again."""
        limits = self.limits
        now = time.monotonic()
        passed = self._awaited + now - self._entered - self._excused
        used, waited = self._account.used(), self._account.waited()
        idle = passed - waited - used
        patience = limits.patience_s
        more = min(self._further, limits.more_s)
        if self._flooded and (used > limits.cpu_s or idle > limits.wall_s):
            return termination.too_much_output(limits)
        if used > limits.cpu_s + more and not (more < limits.more_s and self._has_come_further(used)):
            return termination.too_much_time(used, more, limits)
        if idle > limits.wall_s:
            return termination.too_slow(idle, limits)
        if passed > patience:
            return termination.starved(waited, passed)
        self._look_at = now + max(min(limits.cpu_s + more - used, limits.wall_s - idle, patience - passed), 0.005)
        return None

    def _has_answered(self) -> bool:
        """Return True if all answers of this scenario, or a frame that `_frame` will refuse, have arrived.

        The figures were read before this looks, so whatever they count of the next scenario, all answers of this one
        had been sent by then. One answer of several is not enough: a kernel could go on as long as each step is quick.
        """
        for _ in range(2 + self._room // _CHUNK):
            if self._is_whole():
                return True
            before = len(self._received)
            self._read()
            if len(self._received) == before:
                return False
        return self._is_whole()

    def _is_whole(self) -> bool:
        received, at, left = self._received, 0, max(self._due_answers, 1)
        while at + wire.HEAD.size <= len(received):
            kind, size = wire.HEAD.unpack_from(received, at)
            if size > self._step_room:
                return True
            at += wire.HEAD.size + size
            if at > len(received):
                return False
            left -= kind not in (wire.FURTHER, wire.TROUBLE)
            if left <= 0:
                return True
        return False

    def _has_come_further(self, used: float) -> bool:
        """Return True if a frame that was not taken yet says so: this process may have had to wait for a processor."""
        self._read()
        received, at = self._received, 0
        while at + wire.HEAD.size <= len(received):
            kind, size = wire.HEAD.unpack_from(received, at)
            if kind == wire.FURTHER:
                self._further = used
                return True
            at += wire.HEAD.size + size
        return False

    # -- the end ----------------------------------------------------------------------------------------------

    def _end(self, ending: Ending) -> None:
        """End the child because it crossed a limit."""
        if self._ending is None:
            self._ending = ending
            self._owner.reap(self._serial, gently=False)

    def _died(self) -> None:
        """Find out how the child ended after it closed its channel."""
        if self._ending is None:
            death = self._owner.reap(self._serial, gently=True)
            if death is not None:
                self._account.ended(death.cpu)
            self._ending = termination.LOST if death is None else termination.of_death(death, self._owner.walled)
