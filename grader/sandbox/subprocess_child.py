"""Level L0 where nothing can be forked (Windows): a plain subprocess, a clock, and limits on its output.

Nothing is confined by the system, and the processor time of another process cannot be read: a child is ended when its
answer does not come within the wall limit. Written for Windows, but tested only on Linux.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from grader.protocol import wire
from grader.sandbox import launch, termination
from grader.sandbox.inside import stack_sampler
from grader.sandbox.launch import OPTIONS, ROOT, environment, interpreter
from grader.sandbox.limits import DRAIN_S
from grader.sandbox.termination import Ending

if TYPE_CHECKING:
    from grader.sandbox.owner import Owner

_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from grader.sandbox.subprocess_child import inside; inside(*sys.argv[2:5])"
)


class PlainChild:
    """A subprocess that runs inside/worker.serve. The same interface as child.Child."""

    #: The time limit is that of one answer, and cannot be divided between two scenarios.
    takes_more = False

    def __init__(self, owner: Owner, entry: str, polite: bool, runtime: str = "") -> None:
        self.limits = owner.limits
        self._owner = owner
        self._ending: Ending | None = None
        self._printed = bytearray()
        self._cut = False
        self._frames: queue.SimpleQueue[tuple[int, bytes] | Ending] = queue.SimpleQueue()
        self._unsent: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()  # None: there is no more
        self._process = subprocess.Popen(
            [interpreter(), *OPTIONS, "-c", _PROGRAM, ROOT, entry, "polite" if polite else "rude", runtime],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(), **{n: os.environ[n] for n in ("SYSTEMROOT",) if n in os.environ}},
        )
        self.pid = self._process.pid
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._hear, self._collect, self._write)]
        self._idle = 0.0
        self._left = self._limit_s = self.limits.wall_s
        self.begin_scenario()
        for thread in self._threads:
            thread.start()

    def begin_scenario(self, due: int = 0, step_due: int = 0, owed: int = 1) -> None:
        """Start the budgets of a scenario. The bytes of answers that its own pages may take: `due` in all, `step_due`
        in one step."""
        self._idle = self.spent()[1]
        self._limit_s = self.limits.wall_s
        self._left = self.limits.wall_s
        self._room = self.limits.answers + due
        self._step_room = self.limits.step_answers + step_due
        self._volume = 0

    def spent(self) -> tuple[float, float]:
        """Return processor seconds, which nobody knows here, and the seconds that the child was waited for."""
        return 0.0, self._idle + self._limit_s - self._left

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame."""
        self.send_frames(wire.frame(kind, payload))

    def send_frames(self, data: bytes) -> None:
        """Send whole frames, in the order of these calls. A child that does not read is not waited for."""
        self._unsent.put(data)

    def receive(self) -> tuple[int, bytes] | Ending:
        """Return the next frame of the child, or how it ended."""
        began = time.monotonic()
        while self._ending is None:
            try:
                frame = self._frames.get(timeout=max(0.0, self._left))
            except queue.Empty:
                self._left = 0.0
                self._end(termination.too_slow(self.limits.wall_s, self.limits))
                break
            if isinstance(frame, Ending):
                self._end(frame)
            else:
                self._left -= time.monotonic() - began
                return frame
        return self._ending or termination.LOST

    def arrived(self, most: int) -> list[bytes]:
        """Return nothing: frames are received one by one here."""
        return []

    def drain(self, owed: int) -> bool:
        """Take the answers that are still owed. Return False if they do not come at once."""
        deadline = time.monotonic() + DRAIN_S
        while owed:
            try:
                frame = self._frames.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return False
            if isinstance(frame, Ending):
                return False
            owed -= frame[0] == wire.ANSWER
        return True

    def quiet(self) -> bool:
        """Return True if the child lives and has sent nothing unsolicited, so that it can get the next scenario."""
        return self._ending is None and self._frames.empty() and self._process.poll() is None

    def take_output(self) -> tuple[bytes, bool]:
        """Return what was printed since the last call, and whether some of it was cut off."""
        # Prints travel through a separate pipe and may arrive after the answer.
        time.sleep(0.005)
        printed, cut = bytes(self._printed), self._cut
        del self._printed[: len(printed)]
        self._cut = False
        return printed, cut

    def close(self) -> None:
        """End the child, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._ending = self._ending or termination.LOST
        self._unsent.put(None)
        for thread in self._threads:
            thread.join(1)
        for file in (self._process.stdin, self._process.stdout, self._process.stderr):
            if file is not None:
                try:
                    file.close()
                except OSError:
                    continue
        self._owner.forget(self)

    def _end(self, ending: Ending) -> None:
        if self._ending is None:
            self._ending = ending
            self._process.kill()

    def _hear(self) -> None:
        """Put the child's frames into the queue, and at last how it ended."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        greeted = False
        while True:
            try:
                kind, size = wire.HEAD.unpack(wire.read_exactly(descriptor, wire.HEAD.size))
                if kind == wire.HELLO and not greeted:
                    greeted = bool(wire.read_exactly(descriptor, size))
                    continue
                # With the head: a kernel could send frames without contents forever.
                self._volume += wire.HEAD.size + size
                if kind not in (wire.READY, wire.TROUBLE, wire.ANSWER, wire.STATE, wire.FURTHER):
                    self._frames.put(termination.not_a_frame(kind, size))
                    return
                if size > self._step_room:
                    self._frames.put(termination.too_many_operations(size, self._step_room, "one step"))
                    return
                if self._volume > self._room:
                    self._frames.put(termination.too_many_operations(self._volume, self._room, "one scenario"))
                    return
                payload = wire.read_exactly(descriptor, size) if size else b""
                if kind != wire.FURTHER:  # here no scenario has more time than another
                    self._frames.put((kind, payload))
            except (EOFError, OSError, ValueError):
                code = self._process.wait()
                self._frames.put(Ending("crashed", f"the kernel ended its own process (exit status {code})"))
                return

    def _write(self) -> None:
        """Write what is to be sent, one after the other: two frames at once would be mixed."""
        assert self._process.stdin is not None
        descriptor = self._process.stdin.fileno()
        while (data := self._unsent.get()) is not None:
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:
                return  # receive() reports how it ended

    def _collect(self) -> None:
        """Keep what the child prints, up to the cap."""
        assert self._process.stderr is not None
        descriptor = self._process.stderr.fileno()
        while True:
            try:
                data = os.read(descriptor, 1 << 16)
            except (OSError, ValueError):
                return
            if not data:
                return
            room = max(0, self.limits.output - len(self._printed))
            self._printed += data[:room]
            if len(data) > room:
                self._cut = True
                self._frames.put(termination.too_much_output(self.limits))
                return


def inside(entry: str, polite: str, runtime: str) -> None:
    """Live the whole life of a child. Frames leave by what was standard output; prints go where errors go."""
    from importlib import import_module

    module, _, function = entry.partition(":")
    serve: Any = getattr(import_module(module), function)
    out = os.dup(1)
    os.dup2(2, 1)
    if os.name == "nt":
        import msvcrt

        for descriptor in (0, out):
            msvcrt.setmode(descriptor, os.O_BINARY)  # type: ignore[attr-defined]
    launch.load_language(runtime)
    sys.path.remove(sys.argv[1])
    if polite == "polite":
        from grader.sandbox.inside import audit_hook

        audit_hook.teach([os.path.dirname(os.path.realpath(os.__file__)), sys.base_prefix])
    stack_sampler.start_clock()
    wire.write_frame(out, wire.HELLO, os.getpid().to_bytes(4, "little"))
    serve(0, out)
    os._exit(0)
