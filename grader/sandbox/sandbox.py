"""The sandbox as the grader sees it: a zygote and the confined children that it forks. Trusts nothing inside.

    with Sandbox(isolation="auto") as box:
        child = box.spawn()
        child.begin_scenario()
        child.send(kind, payload)
        child.receive()             (kind, payload), or an Ending

The zygote is started at once and awaited at the first spawn, so that it warms up while the grader reads YAML.
Isolation is `auto` (the best this machine gives), `require` (that, but L2 or no grading) or a level, which is then
what children get: no less and, for comparing levels, no more.

A kernel in C runs in the WebAssembly runtime, which is a wall of its own. Where the system confines nothing, that wall
is all there is, and the level is called W.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, cast

from grader.sandbox.isolation import LEVELS, WASM, Isolation, Report, floor, rank
from grader.sandbox.limits import Limits
from grader.sandbox.termination import Death, Ending

if TYPE_CHECKING:
    from _socket import socket

    from grader.sandbox.child import Child
    from grader.sandbox.launch import Zygote
    from grader.sandbox.subprocess_child import PlainChild

__all__ = ["Ending", "IsolationError", "Sandbox"]

#: Seconds that a zygote may take to become warm, and to answer, on a busy machine.
WARM_S = 60
ANSWER_S = 20

#: Seconds that a zygote has to end by itself.
LEAVE_S = 0.5

#: True if processes can be forked here. Elsewhere (Windows) children are plain subprocesses: see subprocess_child.py.
POSIX = os.name == "posix"

_SIGKILL = 9


class IsolationError(Exception):
    """The requested level is not available here; nothing was graded."""


class Sandbox:
    """A zygote and its children. Use as a context manager: leaving it ends everything inside."""

    #: The reason why bwrap does not work on this machine, once known, so that later sandboxes need not try.
    _no_jail: str = ""

    def __init__(
        self,
        isolation: str = "auto",
        limits: Limits | None = None,
        *,
        polite: bool = True,
        entry: str = "grader.sandbox.inside.worker:serve",
        runtime: str = "",
    ) -> None:
        """Start a zygote. `polite`, `entry`, `runtime`: see launch.start; tests of the layers switch the audit hook
        off."""
        if isolation not in ("auto", "require", *LEVELS):
            raise IsolationError(f"unknown isolation {isolation!r}; use auto, require, {', '.join(LEVELS)}")
        if isolation == WASM and not runtime:
            raise IsolationError("isolation W is that of kernels in C, which run in WebAssembly; this one is in Python")
        self.wanted = isolation
        self.limits = limits or Limits()
        self._polite, self._entry, self._runtime = polite, entry, runtime
        self._missing: dict[str, str] = {}
        self._report: Report | None = None
        self._children: dict[int, Child | PlainChild] = {}
        self._deaths: dict[int, Death] = {}
        self._spawned = 0
        self._lost = 0  # number of the last child whose zygote is gone
        self._zygote: Zygote | None = None
        self._prepared: Child | None = None  # a child that nobody has asked for yet
        self._start(self._wants_jail())

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the zygote -------------------------------------------------------------------------------------------

    def _wants_jail(self) -> str | None:
        """Return the path of bwrap if it is wanted and not known to fail."""
        if self.wanted not in ("auto", "require", "L3"):
            return None
        if not sys.platform.startswith("linux"):
            self._missing["bwrap"] = "Linux only"
            return None
        from grader.sandbox.launch import find_bwrap

        bwrap = find_bwrap()
        if bwrap is None or Sandbox._no_jail:
            self._missing["bwrap"] = Sandbox._no_jail if bwrap else "not installed"
            return None
        return bwrap

    def _start(self, jail: str | None) -> None:
        """Start a zygote; do not wait for it."""
        if not POSIX:
            reason = f"not on this system ({os.name})"
            self._missing["walls"] = reason
            self._report = self._judged({"level": "L0", "possible": {}, "landlock_abi": 0})
            return
        from grader.sandbox import launch

        self._jail = jail
        self._buffer = b""
        walls = {"L0": "L0", "L1": "L1", WASM: "L0", "L2S": "L2S"}.get(self.wanted, "L2")
        self._zygote = launch.start(walls, self.limits, jail, self._polite, self._entry, self._runtime)
        self._control = self._zygote.control

    def _warm(self) -> Report:
        """Wait for the report of the zygote and return it; if bwrap could not start one, start one without."""
        if self._zygote is None and POSIX:
            self._report = None
            self._start(self._jail)
        while self._report is None:
            message = self._message(WARM_S)
            if message is not None:
                report = cast("Report", message)
                self._missing.update(report["missing"])
                self._report = self._judged(report)
                break
            reason = self._last_words()
            if self._jail is None:
                raise IsolationError(f"the sandbox did not start: {reason}")
            Sandbox._no_jail = self._missing["bwrap"] = reason
            self._start(jail=None)
        return self._report

    def _judged(self, report: Report) -> Report:
        """Return a report with the level's name. IsolationError if the probes show less than was asked for."""
        if self._runtime and report["level"] in ("L0", "L1"):
            report = {**report, "level": WASM}
        got = report["level"]
        least = floor(self.wanted)
        if rank(got) < rank(least):
            reasons = self._missing or {"probes": ", ".join(k for k, v in report["possible"].items() if v) + " worked"}
            missing = "; ".join(f"{layer}: {reason}" for layer, reason in reasons.items())
            raise IsolationError(
                f"isolation {self.wanted} needs {least}, and this machine gives {got} ({missing}). "
                f"To grade your own code anyway, use --isolation {got}"
            )
        return report

    @property
    def isolation(self) -> Isolation:
        """Return what result files contain: wanted, got, missing with reasons, and the version of Landlock."""
        report = self._warm()
        got = report["level"]
        if self.wanted in LEVELS:
            # Report the level that was asked for: stronger layers were left out on purpose.
            least = WASM if self._runtime else "L0"
            got = LEVELS[max(LEVELS.index(least), min(LEVELS.index(got), LEVELS.index(self.wanted)))]
        return {"wanted": self.wanted, "got": got, "missing": self._missing, "landlock_abi": report["landlock_abi"]}

    @property
    def walled(self) -> bool:
        """Return True if children cannot send signals (L2S and up)."""
        return rank(self.isolation["got"]) >= rank("L2S")

    def _message(self, patience: float) -> dict[str, Any] | None:
        """Return the next line of the zygote, or None if it is gone, or silent for that many seconds."""
        import json
        import select

        deadline = time.monotonic() + patience
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while b"\n" not in self._buffer:
            ready = poll.poll(max(0, int(1000 * (deadline - time.monotonic()))))
            try:
                data = self._control.recv(65536) if ready else b""
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _last_words(self) -> str:
        """End a zygote that failed. Return the last line that it, or bwrap, wrote."""
        log = self._end_zygote()
        lines = log.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it ended without a message"

    def _end_zygote(self) -> bytes:
        """End the zygote and everything inside, and wait until all of it is gone. Return what it wrote to stderr."""
        if self._zygote is None:
            return b""
        zygote, self._zygote = self._zygote, None
        zygote.control.close()
        log, gone = _read_to_end(zygote.log, LEAVE_S)
        if not gone:
            os.kill(zygote.pid, _SIGKILL)
            log += _read_to_end(zygote.log, LEAVE_S)[0]
        os.waitpid(zygote.pid, 0)
        os.close(zygote.log)
        self._lost = self._spawned
        self._drop_prepared()  # it is gone as well
        return log

    # -- children ---------------------------------------------------------------------------------------------

    def spawn(self, hurried: bool = False) -> Child | PlainChild:
        """Return a new child, which may still be putting up its walls. IsolationError if there is less than was asked
        for. `hurried`: with less memory, for a kernel that has overrun limits."""
        if not POSIX:
            from grader.sandbox.subprocess_child import PlainChild

            self._spawned += 1
            self._children[self._spawned] = PlainChild(self, self._entry, self._polite, self._runtime)
            return self._children[self._spawned]
        self._warm()
        prepared = None if hurried else self.take_prepared()
        return prepared if prepared is not None else self._fork(hurried)

    def prepare(self) -> None:
        """Let the next child be forked and put up its walls now. It gets no byte of a submission before it is taken.

        The zygote does it as soon as it is warm; nothing is waited for.
        """
        if POSIX and self._zygote is not None and self._prepared is None:
            self._prepared = self._fork(hurried=False)
            if self._zygote is None:  # it died before it was asked
                self._drop_prepared()

    def take_prepared(self) -> Child | None:
        """Return the child that is prepared, or None if there is none; nothing is waited for."""
        prepared, self._prepared = self._prepared, None
        return prepared

    def has_lost(self, child: Child) -> bool:
        """Return True if the zygote of a child is gone: the child is, too, or will be in a moment."""
        return all(known is not child for serial, known in self._children.items() if serial > self._lost)

    def _drop_prepared(self) -> None:
        if self._prepared is not None:
            self._prepared.close()
            self._prepared = None

    def _fork(self, hurried: bool) -> Child:
        """Ask the zygote for a child and return our end of it."""
        import _socket
        from array import array

        from grader.sandbox.child import Child

        channel, inside = _socket.socketpair()
        output, printed = os.pipe()
        os.set_blocking(output, False)
        _enlarge(output, self.limits.output)
        _prepare(channel)
        self._spawned += 1
        try:
            command = (b"H" if hurried else b"S") + self._spawned.to_bytes(4, "little")
            descriptors = array("i", [inside.fileno(), printed])
            self._control.sendmsg([command], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
        except OSError:
            # The zygote is gone. The child reports at its first use that it is dead; the next one gets a new zygote.
            self._end_zygote()
        finally:
            inside.close()
            os.close(printed)
        child = Child(self, self._spawned, channel, output)
        self._children[self._spawned] = child
        return child

    def reap(self, serial: int, gently: bool) -> Death | None:
        """End a child and wait until it is gone. Return how it died, or None if the zygote does not report it.

        gently  it is dying already, so it is given a moment to do so by itself
        """
        if serial in self._deaths or self._zygote is None:
            return self._deaths.get(serial)
        try:
            self._control.sendall((b"W" if gently else b"K") + serial.to_bytes(4, "little"))
            told = self._message(ANSWER_S)
        except OSError:
            told = None
        if told is None or told.get("ended") != serial:
            self._end_zygote()
            return None
        if told["status"] is None:
            return None  # a child of a zygote that is gone
        death = Death(told["status"], told["cpu"], told["memory"], told["killed"])
        self._deaths[serial] = death
        return death

    def forget(self, child: object) -> None:
        """Forget a child that was closed."""
        for serial, known in list(self._children.items()):
            if known is child:
                del self._children[serial]
                self._deaths.pop(serial, None)

    def dismiss(self) -> None:
        """Let everything inside end, and do not wait for it: `close` does."""
        if self._zygote is not None:
            self._zygote.control.close()

    def close(self) -> None:
        """End every child and the zygote; nothing is left running."""
        self._end_zygote()  # and it ends its children, all at once
        for child in list(self._children.values()):
            child.close()


def _enlarge(pipe: int, size: int) -> None:
    """Let a pipe hold all that a kernel may print: a full one makes the kernel wait, which looks like sleep."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, size)
    except (ImportError, AttributeError, OSError):
        pass  # not Linux, or this user's pipes hold too much already


def _prepare(channel: socket) -> None:
    """Let every read and write on a channel end after a moment, and the first message say who sent it."""
    import _socket
    import struct

    from grader.sandbox.child import MOMENT

    moment = struct.pack("@ll", 0, int(MOMENT * 1e6))
    channel.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, moment)
    channel.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, moment)
    if hasattr(_socket, "SO_PASSCRED"):
        channel.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)


def _read_to_end(descriptor: int, patience: float) -> tuple[bytes, bool]:
    """Return what comes out of a pipe (its last 64 KiB), and whether its end came in time."""
    import select

    deadline = time.monotonic() + patience
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    data = b""
    while poll.poll(max(0, int(1000 * (deadline - time.monotonic())))):
        more = os.read(descriptor, 65536)
        if not more:
            return data, True
        data = (data + more)[-65536:]
    return data, False
