"""A warm interpreter that forks confined children. Started by launch.py with an empty environment; holds no answer.

On the control socket the grader sends commands of five bytes, a letter and the child's number:

    S   a new child; two descriptors come along: its channel, and the pipe for what it prints
    H   the same, for a hurried kernel: with less memory, and a faster clock for inside/stack_sampler.py
    W   wait a moment for a child that is dying, then end it
    K   end a child

The zygote reports, in JSON lines, which layers work once it is warm, and in answer to W and K how a child ended. It
never reaps a child by itself: until the grader asks, a dead child keeps its process id, so that no other process gets
it.
"""

from __future__ import annotations

import _socket
import contextlib
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from grader.protocol import wire
from grader.sandbox.inside import interpreter_state, probes, stack_sampler
from grader.sandbox.inside.confine import rlimits
from grader.sandbox.launch import CONTROL, load_language, make_host
from grader.sandbox.limits import hurried_memory

#: Seconds that a dying child is waited for.
GENTLE_S = 0.2

_SIGKILL = 9


class WallDown(Exception):
    """Raised if a layer could be prepared but cannot be installed here."""

    def __init__(self, layer: str, reason: str) -> None:
        super().__init__(f"{layer}: {reason}")
        self.layer = layer


class Walls:
    """The layers that every child puts around itself, prepared once."""

    def __init__(self, level: str, memory_mib: int, libraries: list[str]) -> None:
        self.memory_mib = memory_mib
        self.limited = level != "L0"
        self.missing: dict[str, str] = {}
        self.abi = 0
        self.another_user = self.limited
        self._ruleset = self._filter = None
        if level in ("L0", "L1"):
            return
        try:
            from grader.sandbox.inside.confine import landlock, libc, seccomp
        except (ImportError, OSError, AttributeError) as error:
            self.missing["seccomp"] = self.missing["landlock"] = f"not on this system ({error})"
            return
        self._libc, self._landlock = libc, landlock
        try:
            self._filter = seccomp.Filter()
        except OSError as error:
            self.missing["seccomp"] = error.strerror or str(error)
        if level == "L2S":
            return
        self.abi = landlock.abi()
        try:
            self._ruleset = landlock.make_ruleset(rlimits.readable(libraries))
        except OSError as error:
            self.missing["landlock"] = error.strerror or str(error)

    def put_up(self, parent: int, keep: tuple[int, ...]) -> None:
        """Confine the calling process. Before a student byte is compiled; WallDown, or OSError, if a wall does not
        stand."""
        rlimits.close_all_but({*keep, *(() if self._ruleset is None else (self._ruleset,))})
        os.umask(0o077)
        if self.limited:
            rlimits.limit_resources(self.memory_mib)
        try:
            if self.another_user:
                rlimits.become_nobody()
        except OSError as error:
            raise WallDown("user", f"root cannot switch to another user here ({error.strerror})") from None
        rlimits.die_with(parent)
        if self._ruleset is None and self._filter is None:
            return
        layer = "no_new_privs"
        try:
            self._libc.prctl(self._libc.PR_SET_NO_NEW_PRIVS, 1)
            if self._ruleset is not None:
                layer = "landlock"
                self._landlock.restrict(self._ruleset)
                os.close(self._ruleset)
            if self._filter is not None:
                layer = "seccomp"
                self._filter.install()
        except OSError as error:
            raise WallDown(layer, error.strerror or str(error)) from None

    def refused(self, layer: str, error: str) -> None:
        """Note that children do without a layer that cannot be installed here, for the report."""
        self.missing[layer] = error
        if layer == "user":
            self.another_user = False
        elif layer == "landlock":
            self._ruleset = None
        else:
            self._filter = None


class Zygote:
    """Forks children on demand, ends them, and reports how they ended."""

    def __init__(self, control: _socket.socket, walls: Walls, polite: bool, entry: str) -> None:
        module, _, function = entry.partition(":")
        self.serve = getattr(import_module(module), function)
        self.control = control
        self.walls = walls
        self.polite = polite
        self.pids: dict[int, int] = {}  # the grader's number of a child -> its process id

    def say(self, message: dict[str, object]) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def loop(self) -> None:
        """Serve until the grader closes the control socket."""
        from array import array

        size = _socket.CMSG_SPACE(2 * array("i").itemsize)
        while True:
            command, ancillary, _, _ = self.control.recvmsg(5, size)
            if len(command) < 5:
                return
            descriptors = array("i")
            for _, _, data in ancillary:
                descriptors.frombytes(data)
            serial = int.from_bytes(command[1:], "little")
            if command[:1] in (b"S", b"H"):
                self.spawn(serial, descriptors[0], descriptors[1], hurried=command[:1] == b"H")
            else:
                self.end(serial, gently=command[:1] == b"W")

    def spawn(self, serial: int, channel: int, output: int, hurried: bool) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            os.write(output, f"fork: {error.strerror}".encode())
            pid = -1
        if pid == 0:
            if hurried:
                self.walls.memory_mib = hurried_memory(self.walls.memory_mib)
            self.be_child(parent, channel, output, hurried)
        os.close(channel)
        os.close(output)
        if pid > 0:
            self.pids[serial] = pid

    def end(self, serial: int, gently: bool) -> None:
        """Wait for the end of a child and report it to the grader."""
        pid = self.pids.pop(serial, None)
        if pid is None:
            self.say({"ended": serial, "status": None})
            return
        deadline = time.monotonic() + (GENTLE_S if gently else 0.0)
        found, status, usage = os.wait4(pid, os.WNOHANG)
        while not found and time.monotonic() < deadline:
            time.sleep(0.0005)
            found, status, usage = os.wait4(pid, os.WNOHANG)
        if not found:
            os.kill(pid, _SIGKILL)
            _, status, usage = os.wait4(pid, 0)
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        cpu = round(usage.ru_utime + usage.ru_stime, 3)
        self.say(
            {"ended": serial, "status": status, "cpu": cpu, "memory": usage.ru_maxrss // unit, "killed": not found}
        )

    def leave(self) -> NoReturn:
        """End all children, wait until they are gone, and exit."""
        for pid in self.pids.values():
            os.kill(pid, _SIGKILL)
        for pid in self.pids.values():
            os.waitpid(pid, 0)
        os._exit(0)

    def be_child(self, parent: int, channel: int, output: int, hurried: bool) -> None:
        """Live the whole life of a child."""
        confined = False
        try:
            os.dup2(output, 1)
            os.dup2(output, 2)
            stack_sampler.start_clock(hurried)
            self.walls.put_up(parent, (channel,))
            _open_prints()
            if self.polite:
                import_module("grader.sandbox.inside.audit_hook").teach(rlimits.folders_for_modules())
            confined = True
            wire.write_frame(channel, wire.HELLO, os.getpid().to_bytes(4, "little"))
            self.serve(channel, channel)
        except BaseException as error:
            if not confined:
                os.write(2, f"{type(error).__name__}: {error}".encode())
            os._exit(1)
        finally:
            os._exit(0)


def _open_prints() -> None:
    """Send prints out line by line, so that what a kernel prints before it dies is not lost in a buffer."""
    # Stay open for the child's whole life.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115


def preflight(walls: Walls, jailed: bool, meanwhile: Callable[[], object]) -> dict[str, Any]:
    """Fork a child that only tries what must fail: {"level", "possible"}, or {"layer", "failed"} if a wall fell.

    meanwhile  is called while that child is busy
    """
    inp, out = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            walls.put_up(parent, (out,))
            possible = probes.run_probes()
            report = {"possible": possible, "level": probes.level_of(possible, jailed)}
        except WallDown as down:
            report = {"layer": down.layer, "failed": str(down)}
        except Exception as error:
            report = {"layer": "walls", "failed": f"{type(error).__name__}: {error}"}
        os.write(out, json.dumps(report).encode())
        os._exit(0)
    os.close(out)
    meanwhile()
    told = os.read(inp, 65536)
    os.close(inp)
    _, status = os.waitpid(pid, 0)
    return (
        json.loads(told) if told else {"layer": "walls", "failed": f"the pre-flight child ended with status {status}"}
    )


def stand(walls: Walls, jailed: bool, meanwhile: Callable[[], object] = lambda: None) -> dict[str, object]:
    """Find the walls that stand here: those that fail in the pre-flight child are left out, one after another."""
    report = preflight(walls, jailed, meanwhile)
    while "failed" in report and report["layer"] in ("user", "landlock", "seccomp"):
        walls.refused(report["layer"], report["failed"])
        report = preflight(walls, jailed, lambda: None)
    if "failed" in report:
        raise OSError(0, f"the sandbox cannot be set up: {report['failed']}")
    return report


def main() -> None:
    """Run the zygote until the grader closes the control socket."""
    root, level, memory, jailed, polite, entry, libraries, runtime, core = sys.argv[1:10]
    control = _socket.socket(fileno=CONTROL)
    with contextlib.suppress(OSError):  # launch.py or bwrap has done it already
        os.setsid()
    rlimits.close_all_but({CONTROL})
    walls = Walls(level, int(memory), libraries.split(os.pathsep) if libraries else [])
    if core:
        import_module("grader.machine.core").load_file(core)
    zygote = Zygote(control, walls, polite == "polite", entry)
    for module in ("random", "grader.sandbox.inside.audit_hook"):
        import_module(module)
    load_language(runtime)
    sys.path.remove(root)
    rlimits.keep_modules_within_reach()
    interpreter_state.state()
    gc.freeze()
    gc.enable()
    # A child lives only for a moment, so it collects garbage rarely, not every seven hundred objects.
    gc.set_threshold(50_000)
    report = stand(walls, jailed == "jailed", make_host if runtime else lambda: None)
    zygote.say({**report, "missing": walls.missing, "landlock_abi": walls.abi})
    try:
        zygote.loop()
    finally:
        zygote.leave()
