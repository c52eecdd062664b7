"""A box without walls: `serve` of inside/worker.py in a plain subprocess, for tests of the protocol alone."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import NamedTuple

from grader.protocol import wire


class PlainEnding(NamedTuple):
    verdict: str
    reason: str
    by_output: bool = False


class PlainChild:
    """The Child that lockstep.py drives."""

    def __init__(
        self,
        program: str = "from grader.sandbox.inside.worker import serve; import sys; serve(*map(int, sys.argv[1:]))",
        folder: pathlib.Path | None = None,
    ):
        worker_in, self._out = os.pipe()
        self._inp, worker_out = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(worker_in), str(worker_out)],
            pass_fds=(worker_in, worker_out),
            stdout=subprocess.PIPE,
            cwd=folder,
        )
        os.close(worker_in)
        os.close(worker_out)

    def begin_scenario(self, due: int = 0, step_due: int = 0, owed: int = 1) -> None:
        pass

    def spent(self) -> tuple[float, float]:
        return 0.0, 0.0

    def send(self, kind: int, payload: bytes) -> None:
        wire.write_frame(self._out, kind, payload)

    def receive(self):
        try:
            return wire.read_frame(self._inp)
        except EOFError:
            return PlainEnding("crashed", f"the worker ended with status {self.process.wait()}")

    def arrived(self, most: int) -> list[bytes]:
        return []

    def send_frames(self, data: bytes) -> None:
        os.write(self._out, data)

    def drain(self, owed: int) -> bool:
        while owed and self.process.poll() is None:
            received = self.receive()
            if type(received) is not tuple:
                return False
            owed -= received[0] == wire.ANSWER
        return not owed

    def quiet(self) -> bool:
        return self.process.poll() is None

    def take_output(self) -> tuple[bytes, bool]:
        return b"", False

    def close(self) -> None:
        os.close(self._out)
        os.close(self._inp)
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


class PlainBox:
    """spawn() and nothing else. `folder`: where its children work, and from where they import what is no library."""

    def __init__(self, folder: pathlib.Path | None = None) -> None:
        self.children: list[PlainChild] = []
        self.folder = folder

    def spawn(self, hurried: bool = False) -> PlainChild:
        self.children.append(PlainChild(folder=self.folder))
        return self.children[-1]
