"""The box: a zygote, the confined children it forks, and the limits on each. The grader's side; trusts nothing inside.

    with Box(isolation="auto") as box:
        child = box.spawn()
        child.begin_scenario()
        child.send(kind, payload)
        child.receive()             (kind, payload), or an Ending

The zygote is started at once and awaited at the first spawn, so that it warms up while the grader reads YAML.
Isolation is `auto` (what this machine gives), `require` (L2, or no grading) or a level that must be reached.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from typing import Any, NamedTuple

from . import wire
from .limits import Limits

LEVELS = ("L0", "L1", "L2S", "L2", "L3")

#: The floor of `require`.
REQUIRED = "L2"

#: Milliseconds between looks at a silent child's processor time.
TICK_MS = 50

#: Seconds that an answer nobody needs any more is waited for, before the child is given up.
DRAIN_S = 0.05

#: Seconds that a zygote may take to become warm, on a busy machine.
WARM_S = 60


class IsolationError(Exception):
    """The level asked for is not to be had here; nothing was graded."""


class Ending(NamedTuple):
    """How a child ended: one of the verdicts, and a sentence for the student."""

    verdict: str
    reason: str


class Box:
    """A zygote and its children. Use as a context manager: leaving it ends everything inside."""

    def __init__(self, isolation: str = "auto", limits: Limits | None = None) -> None:
        if isolation not in ("auto", "require", *LEVELS):
            raise IsolationError(
                f"isolation {isolation!r} is not known; accepted are auto, require, {', '.join(LEVELS)}"
            )
        self.wanted = isolation
        self.limits = limits or Limits()
        self._missing: dict[str, str] = {}
        self._report: dict[str, Any] | None = None
        self._children: list[Child] = []
        self._ended: dict[int, dict[str, Any]] = {}
        self._spawned = 0
        self._buffer = b""
        self._start(jailed=self._wants_jail())

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the zygote -------------------------------------------------------------------------------------------

    def _wants_jail(self) -> bool:
        if self.wanted not in ("auto", "require", "L3") or not sys.platform.startswith("linux"):
            return False
        self._bwrap = shutil.which("bwrap")
        if self._bwrap is None:
            self._missing["bwrap"] = "not installed"
        return self._bwrap is not None

    def _start(self, jailed: bool) -> None:
        """Start a zygote; do not wait for it."""
        self._jailed = jailed
        self._control, inside = socket.socketpair()
        self._control.setblocking(True)
        walls = self.wanted if self.wanted in ("L1", "L2S") else "L2"
        if self.wanted == "L0":
            walls = "L1"
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        python = os.path.realpath(sys.executable)
        command = [python, "-P", "-s", "-S", "-B", "-u", os.path.join(package, "worker", "zygote.py")]
        command += [str(inside.fileno()), walls, str(self.limits.memory_mib), "jailed" if jailed else "free"]
        command.append(os.path.dirname(package))
        self._process = subprocess.Popen(
            [*self._jail(package), *command] if jailed else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            pass_fds=(inside.fileno(),),
            start_new_session=True,
            close_fds=True,
        )
        inside.close()

    def _jail(self, package: str) -> list[str]:
        """bwrap's command line: the interpreter, its libraries and the grader's package, read-only; nothing else."""
        assert self._bwrap is not None
        jail = [self._bwrap, "--die-with-parent", "--new-session", "--dev", "/dev", "--proc", "/proc"]
        for path in ("/usr", "/lib", "/lib64", "/lib32", "/bin"):
            if os.path.islink(path):
                jail += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                jail += ["--ro-bind", path, path]
        for path in {os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix), package}:
            if not path.startswith("/usr/"):
                jail += [*_folders_to(path), "--ro-bind", path, path]
        if os.geteuid() == 0:
            # Children give up root themselves; all that the zygote keeps is the right to let them. A user namespace
            # would have no other user for them to become.
            jail += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
            jail += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        else:
            jail.append("--unshare-all")
        return [*jail, "--"]

    def _warm(self) -> dict[str, Any]:
        """The zygote's report, waiting for it; a zygote that bwrap could not start is started without."""
        if self._report is None:
            report = self._message(time.monotonic() + WARM_S)
            if report is None:
                reason = self._last_words()
                if not self._jailed:
                    raise IsolationError(f"the sandbox did not start: {reason}")
                self._missing["bwrap"] = reason
                self._end_zygote()
                self._start(jailed=False)
                return self._warm()
            self._missing.update(report["missing"])
            if "failed" in report:
                self._missing["walls"] = report["failed"]
            self._report = report
            self._judge(report["level"])
        return self._report

    def _judge(self, got: str) -> None:
        floor = {"auto": "L0", "require": REQUIRED}.get(self.wanted, self.wanted)
        if LEVELS.index(got) < LEVELS.index(floor):
            missing = "; ".join(f"{layer}: {reason}" for layer, reason in self._missing.items()) or "a probe succeeded"
            raise IsolationError(
                f"isolation {self.wanted} needs {floor}, and this machine gives {got} ({missing}). "
                f"To grade your own code all the same, say --isolation {got}"
            )

    @property
    def isolation(self) -> dict[str, Any]:
        """What result files say: wanted, got, missing with reasons, and the version of Landlock."""
        report = self._warm()
        got = report["level"]
        if self.wanted in LEVELS:
            # A level that was asked for is what is reported, though its walls may be higher than that.
            got = LEVELS[min(LEVELS.index(got), LEVELS.index(self.wanted))]
        return {"wanted": self.wanted, "got": got, "missing": self._missing, "landlock_abi": report["landlock_abi"]}

    def _message(self, deadline: float) -> dict[str, Any] | None:
        """The zygote's next line, or None if it is gone or silent until the deadline."""
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._control], [], [], max(0.0, deadline - time.monotonic()))
            data = b""
            if ready:
                with contextlib.suppress(ConnectionResetError):
                    data = self._control.recv(65536)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _last_words(self) -> str:
        self._process.kill()
        assert self._process.stderr is not None
        words = self._process.stderr.read(4096).decode("utf-8", "replace").strip().splitlines()
        return words[-1] if words else f"it ended with status {self._process.wait()}"

    # -- children ---------------------------------------------------------------------------------------------

    def spawn(self) -> Child:
        """A new confined child that has said HELLO. IsolationError if the zygote is not what was asked for."""
        self._warm()
        channel, inside = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        output, printed = os.pipe()
        socket.send_fds(self._control, [b"S"], [inside.fileno(), printed])
        inside.close()
        os.close(printed)
        self._spawned += 1
        child = Child(self, self._spawned, channel, output)
        self._children.append(child)
        child.await_hello()
        return child

    def ending_of(self, serial: int, patience: float) -> dict[str, Any] | None:
        """What the zygote says of a child's end: {"status": …, "cpu": …}, or None if it says nothing in time."""
        deadline = time.monotonic() + patience
        while serial not in self._ended:
            message = self._message(deadline)
            if message is None:
                return None
            self._ended[message["ended"]] = message
        return self._ended[serial]

    def forget(self, child: Child) -> None:
        if child in self._children:
            self._children.remove(child)

    def close(self) -> None:
        """End every child and the zygote; nothing is left running."""
        for child in list(self._children):
            child.close()
        self._end_zygote()

    def _end_zygote(self) -> None:
        self._control.close()
        self._buffer = b""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            # Its end comes when the last process inside has gone, those behind bwrap included.
            while self._process.stderr.read(65536):
                pass
            self._process.stderr.close()


def _folders_to(path: str) -> list[str]:
    """bwrap options that make the folders on the way to a mount, so that every user may pass."""
    options: list[str] = []
    for parent in reversed(list(pathlib.PurePath(path).parents)[:-1]):
        options += ["--perms", "0755", "--dir", str(parent)]
    return options


class Child:
    """One confined process. Every wait has an end: by an answer, by the child's death, or by a limit."""

    def __init__(self, box: Box, serial: int, channel: socket.socket, output: int) -> None:
        self.box = box
        self.limits = box.limits
        self.pid = 0
        self._serial = serial
        self._channel = channel
        self._output = output
        self._received = bytearray()
        self._printed = bytearray()
        self._cut = False
        self._ending: Ending | None = None
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._poll.register(output, select.POLLIN)
        os.set_blocking(output, False)
        channel.setblocking(False)
        self._began = time.monotonic()
        self._cpu_before = 0.0

    def await_hello(self) -> None:
        """Wait until the child is confined; IsolationError if its walls did not stand."""
        size = socket.CMSG_SPACE(struct.calcsize("3i")) if hasattr(socket, "SO_PASSCRED") else 0
        deadline = time.monotonic() + WARM_S
        while len(self._received) < 5:
            ready, _, _ = select.select([self._channel], [], [], max(0.0, deadline - time.monotonic()))
            data, ancillary, _, _ = self._channel.recvmsg(5, size) if ready else (b"", [], 0, None)
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    self.pid = struct.unpack("3i", value[:12])[0]
            if not data:
                self._drain_output()
                raise IsolationError(self._printed.decode("utf-8", "replace") or "a confined child did not start")
            self._received += data
        del self._received[:5]
        if hasattr(socket, "SO_PASSCRED"):
            self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)

    # -- talking ----------------------------------------------------------------------------------------------

    def begin_scenario(self) -> None:
        """Start the budgets of a scenario."""
        self._began = time.monotonic()
        self._cpu_before = self._cpu()

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame. A child that does not read is not waited for longer than its limits say."""
        data = memoryview(bytes((kind,)) + len(payload).to_bytes(4, "little") + payload)
        while data and self._ending is None:
            try:
                data = data[self._channel.send(data) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)
            except (BrokenPipeError, ConnectionResetError):
                return  # receive() says how it ended

    def receive(self) -> tuple[int, bytes] | Ending:
        """The next frame of the child, or how it ended."""
        while self._ending is None:
            frame = self._frame()
            if frame is not None:
                return frame
            self._wait(select.POLLIN)
        return self._ending

    def drain(self) -> bool:
        """Take the answer that is still owed, if it comes at once; False if it does not."""
        deadline = time.monotonic() + DRAIN_S
        while self._ending is None and time.monotonic() < deadline:
            frame = self._frame()
            if frame is not None and frame[0] == wire.ANSWER:
                return True
            if frame is None:
                self._wait(select.POLLIN, 5)
        return False

    def take_output(self) -> tuple[bytes, bool]:
        """What was printed since the last call, and whether some of it was cut off."""
        self._drain_output()
        printed, cut = bytes(self._printed), self._cut
        self._printed.clear()
        self._cut = False
        return printed, cut

    def close(self) -> None:
        """End the child, if it has not ended, and wait until it is gone."""
        if self._channel.fileno() == -1:
            return
        self._kill()
        self.box.ending_of(self._serial, 5)
        self._channel.close()
        os.close(self._output)
        self.box.forget(self)

    # -- waiting ----------------------------------------------------------------------------------------------

    def _frame(self) -> tuple[int, bytes] | None:
        received = self._received
        if len(received) < 5:
            return None
        size = int.from_bytes(received[1:5], "little")
        if size > self.limits.frame:
            self._end(
                Ending(
                    "timed_out",
                    f"one step took {size >> 20} MiB of operations; the limit is {self.limits.frame >> 20} MiB",
                )
            )
            return None
        if len(received) < 5 + size:
            return None
        frame = received[0], bytes(received[5 : 5 + size])
        del received[: 5 + size]
        return frame

    def _wait(self, wanted: int, tick: int = TICK_MS) -> None:
        """Wait for the channel, keep the output pipe empty, and look at the limits."""
        if wanted == select.POLLOUT:
            self._poll.modify(self._channel, select.POLLIN | select.POLLOUT)
        for descriptor, event in self._poll.poll(tick):
            if descriptor == self._output:
                self._drain_output()
                if event & (select.POLLHUP | select.POLLERR) and not event & select.POLLIN:
                    self._poll.unregister(self._output)
            elif event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._read_channel()
        if wanted == select.POLLOUT:
            self._poll.modify(self._channel, select.POLLIN)
        self._check_limits()

    def _read_channel(self) -> None:
        try:
            data = self._channel.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if data:
            self._received += data
        else:
            self._died()

    def _drain_output(self) -> None:
        while True:
            try:
                data = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not data:
                return
            room = self.limits.output - len(self._printed)
            self._printed += data[: max(room, 0)]
            if len(data) > room:
                self._cut = True
                self._end(Ending("timed_out", f"printed more than {self.limits.output >> 10} KiB in one scenario"))
                return

    def _check_limits(self) -> None:
        passed = time.monotonic() - self._began
        limits = self.limits
        if passed <= limits.cpu_s or self._ending is not None:
            return
        used = self._cpu() - self._cpu_before
        if used > limits.cpu_s:
            self._end(Ending("timed_out", f"used {used:.1f} s of processor time; the limit is {limits.cpu_s:g} s"))
        elif passed > limits.wall_s:
            self._end(self._slow(passed))

    def _slow(self, passed: float) -> Ending:
        """Only the clock ran out: was the child asleep, or did it wait for a processor?"""
        waited = self._waited()
        if waited > passed / 2:
            return Ending(
                "ungradable", f"this machine was too busy: the kernel waited {waited:.0f} of {passed:.0f} s for it"
            )
        return Ending(
            "timed_out", f"took {passed:.0f} s without using the processor; the limit is {self.limits.wall_s:g} s"
        )

    def _cpu(self) -> float:
        """Processor seconds of the child so far."""
        try:
            # The clock of another process, as in clock_getcpuclockid(3).
            return time.clock_gettime((~self.pid << 3) | 2) if self.pid else 0.0
        except OSError:
            return self._cpu_before

    def _waited(self) -> float:
        """Seconds that the child was ready to run and did not: the scheduler's own figure."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    # -- endings ----------------------------------------------------------------------------------------------

    def _kill(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        else:
            with contextlib.suppress(OSError):
                self._channel.shutdown(socket.SHUT_RDWR)

    def _end(self, ending: Ending) -> None:
        """A limit was crossed."""
        if self._ending is None:
            self._ending = ending
            self._kill()

    def _died(self) -> None:
        """The child closed its channel, most likely by dying."""
        if self._ending is not None:
            return
        self._kill()
        ended = self.box.ending_of(self._serial, 5)
        if ended is None:
            self._ending = Ending("ungradable", "the sandbox ended, not the kernel; run it again")
        else:
            self._ending = ending_of_status(ended["status"], ended["cpu"])


def ending_of_status(status: int, cpu: float) -> Ending:
    """What a wait status means for a student."""
    from .limits import CPU_BACKSTOP_S
    from .zygote import WALLS_FAILED

    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        if number in (signal.SIGKILL, signal.SIGXCPU) and cpu >= CPU_BACKSTOP_S:
            return Ending("timed_out", f"used {cpu:.0f} s of processor time")
        if number == signal.SIGSYS:
            return Ending("refused", "made a system call that a kernel may not make")
        hint = " (perhaps a recursion without end)" if number == signal.SIGSEGV else ""
        return Ending("crashed", f"the kernel's process was ended by {name}{hint}")
    code = os.WEXITSTATUS(status)
    if code == WALLS_FAILED:
        return Ending("ungradable", "the sandbox could not be set up; run it again")
    return Ending("crashed", f"the kernel ended its own process (exit status {code})")
