"""Removes what multiprocessing leaves behind when a batch is killed.

A pool has a folder (`pymp-*`, with the socket of its fork server) and named semaphores, and removes them when the
process exits. A process that is killed removes nothing, and if its whole group is killed, neither does the tracker of
multiprocessing. So a shell in a session of its own waits for the end of the batch, which closes its standard input.
"""

from __future__ import annotations

import os
import secrets

_SHELL = "/bin/sh"
_SWEEP = 'read line; rm -rf -- "$1"; rm -f -- "$2"*'
_SIGKILL = 9


class Sweeper:
    """Waits for this process to be killed. `close` ends it; then multiprocessing tidies up by itself at exit."""

    def __init__(self) -> None:
        """Start it. Call this before the first pool: semaphores get their names from here on."""
        import multiprocessing
        from multiprocessing import util

        # Only here can multiprocessing's names be changed; without that, nobody could tell whose semaphores are whose.
        config = multiprocessing.current_process()._config  # type: ignore[attr-defined]
        prefix = config["semprefix"] = f"/forklab-{secrets.token_hex(8)}"
        read, self._write = os.pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, read, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        command = [_SHELL, "-c", _SWEEP, "sweeper", util.get_temp_dir(), f"/dev/shm/sem.{prefix[1:]}"]
        try:
            environment = {"PATH": "/usr/bin:/bin"}
            self._pid = os.posix_spawn(_SHELL, command, environment, file_actions=actions, setsid=True)
        except (OSError, NotImplementedError):
            self._pid = 0  # no such shell, or no sessions here: a killed batch leaves an empty folder
        finally:
            os.close(read)

    def close(self) -> None:
        """End the shell before it sweeps."""
        if self._pid:
            os.kill(self._pid, _SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
            os.close(self._write)
