"""A warm interpreter that forks confined children. Started by box.py with an empty environment; holds no answer.

    python -P -s -S -B -u zygote.py CONTROL LEVEL MEMORY_MIB JAILED PACKAGE_ROOT

CONTROL is a stream socket. The zygote says one line when it is warm, and one when a child has ended:

    {"level": "L2", "possible": {…}, "missing": {…}, "landlock_abi": 7}
    {"ended": 3, "status": 9, "cpu": 0.21}

The grader says `S` for a new child, with two descriptors: the child's channel, and the pipe for what it prints.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from importlib import import_module
from typing import Any

#: Exit status of a child whose walls could not be put up: our fault, never the student's.
WALLS_FAILED = 97


# Only a name until main() has found the package.
basics: Any = None


class Walls:
    """The layers that every child puts around itself, prepared once."""

    def __init__(self, level: str, memory_mib: int) -> None:
        self.memory_mib = memory_mib
        self.missing: dict[str, str] = {}
        self.abi = 0
        self._ruleset = self._filter = None
        self._keep_reading = os.geteuid() == 0 and not basics.anybody_may_enter(os.path.dirname(os.__file__))
        if level == "L1":
            return
        try:
            from grader.worker.confine import landlock, libc, seccomp
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
        library = [path for path in sys.path[:-1] if os.path.isabs(path)]  # the last is the grader's package
        try:
            self._ruleset = landlock.make_ruleset(library)
        except OSError as error:
            self.missing["landlock"] = error.strerror or str(error)

    def put_up(self, parent: int, keep: set[int]) -> None:
        """Confine the calling process. Before a student byte is compiled; OSError if a wall does not stand."""
        basics.close_all_but(keep | ({self._ruleset} if self._ruleset is not None else set()))
        os.umask(0o077)
        basics.become_nobody(self._keep_reading)
        basics.die_with(parent)
        basics.limit_resources(self.memory_mib)
        if self._ruleset is None and self._filter is None:
            return
        import ctypes

        self._libc.prctl(self._libc.PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))
        if self._ruleset is not None:
            self._landlock.restrict(self._ruleset)
            os.close(self._ruleset)
        if self._filter is not None:
            self._filter.install()


class Zygote:
    """Forks children on demand, and tells how they ended."""

    def __init__(self, control: socket.socket, walls: Walls) -> None:
        self.control = control
        self.walls = walls
        self.children: dict[int, int] = {}  # descriptor to wait on -> pid
        self.serial: dict[int, int] = {}  # pid -> which child it is, counted from 1
        self.spawned = 0

    def say(self, message: dict) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def preflight(self, jailed: bool) -> None:
        """Fork one child that only tries what must fail, and tell the grader what it found."""
        from grader.worker.probes import level_of, run_probes

        inp, out = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self.walls.put_up(parent, {out})
                possible = run_probes()
                report = {"possible": possible, "level": level_of(possible, jailed)}
            except OSError as error:
                report = {"level": "L0", "possible": {}, "failed": str(error)}
            os.write(out, json.dumps(report).encode())
            os._exit(0)
        os.close(out)
        report = json.loads(
            os.read(inp, 65536) or b'{"level": "L0", "possible": {}, "failed": "the pre-flight child died"}'
        )
        os.close(inp)
        os.waitpid(pid, 0)
        self.say({**report, "missing": self.walls.missing, "landlock_abi": self.walls.abi})

    def loop(self) -> None:
        """Serve until the grader closes the control socket."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self.control.fileno():
                    if not self.command(poll):
                        return
                else:
                    poll.unregister(descriptor)
                    self.reap(descriptor)

    def command(self, poll: select.poll) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self.control, 1, 2)
        if not data:
            return False
        channel, output = descriptors
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self.be_child(parent, channel, output)
        os.close(channel)
        os.close(output)
        self.spawned += 1
        self.serial[pid] = self.spawned
        waiting = os.pidfd_open(pid)
        self.children[waiting] = pid
        poll.register(waiting, select.POLLIN)
        return True

    def reap(self, waiting: int) -> None:
        pid = self.children.pop(waiting)
        os.close(waiting)
        _, status, usage = os.wait4(pid, 0)
        cpu = usage.ru_utime + usage.ru_stime
        self.say({"ended": self.serial.pop(pid), "status": status, "cpu": round(cpu, 3)})

    def be_child(self, parent: int, channel: int, output: int) -> None:
        """The child's whole life."""
        from grader.worker import student, wire

        try:
            os.dup2(output, 1)
            os.dup2(output, 2)
            self.walls.put_up(parent, {channel})
            # Stay open for the child's whole life.
            sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
            wire.write_frame(channel, wire.HELLO)
        except BaseException as error:
            os.write(2, f"the walls did not stand: {error}".encode())
            os._exit(WALLS_FAILED)
        try:
            student.serve(channel, channel)
        except BaseException:
            os._exit(1)
        os._exit(0)


def main() -> None:
    descriptor, level, memory, jailed, root = sys.argv[1:6]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.append(root)
    # Everything a child needs, warm before anything forks: later the package's files are out of reach.
    for module in ("probes", "student", "wire"):
        import_module(f"grader.worker.{module}")
    global basics  # noqa: PLW0603 - the one thing that every child needs and that cannot be imported at the top
    basics = import_module("grader.worker.confine.basics")
    control = socket.socket(fileno=int(descriptor))
    walls = Walls(level, int(memory))
    sys.path.remove(root)
    gc.collect()
    gc.freeze()
    zygote = Zygote(control, walls)
    zygote.preflight(jailed == "jailed")
    zygote.loop()
    for pid in zygote.children.values():
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
