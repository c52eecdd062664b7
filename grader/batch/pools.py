"""Starts who does the work of a batch: processes of this machine, or a Dask cluster, both as Executors.

`completed` hands out work and takes back results, whatever dies meanwhile: a worker that is gone costs nothing but
time, and work that a worker dies of three times, alone, is given up for this run and named.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from itertools import islice
from typing import Any

from grader.batch.sweeper import Sweeper
from grader.batch.work import Bundle, Done, Work, perform
from grader.errors import InputError
from grader.lab.lab import Lab

#: How often work is tried that a worker dies of, or that fails for a reason of ours.
TRIES = 3

#: Seconds that a cluster's scheduler has to answer.
CONNECT_S = 15

#: Seconds between two looks at whether a cluster is still there, and for saying goodbye to it.
PATIENCE_S = 2.0
CLOSE_S = 3

#: Work that waits with each worker, so that none is ever idle.
AHEAD = 2


#: Bytes of an address of a Unix socket on Linux, and those that multiprocessing adds to the temporary folder:
#: /pymp-xxxxxxxx/listener-xxxxxxxx, and a zero byte.
_ADDRESS = 108
_ADDED = 33


def refuse_long_tmpdir() -> None:
    """InputError if the temporary folder's path is too long for the sockets of worker processes."""
    import tempfile

    folder = tempfile.gettempdir()
    length, most = len(os.fsencode(folder)), _ADDRESS - _ADDED
    if length > most:
        problem = f"the temporary folder's path has {length} bytes, the sockets of worker processes allow {most}"
        raise InputError([f"{folder}: {problem}; set TMPDIR to a shorter one, such as TMPDIR=/tmp"])


class LocalPool:
    """Processes of this machine. They die with this process, and are deaf to ctrl-C, which is for us to hear."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._sweeper: Sweeper | None = None

    def start(self) -> Executor:
        import multiprocessing

        from grader.sandbox.inside.confine.libc import same_layout

        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        isolate_helpers()
        if method == "forkserver":
            context.set_forkserver_preload(["grader.batch.warm"])
            self._sweeper = self._sweeper or Sweeper()
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        own = random.sample(processors, min(self.jobs, len(processors)))
        executor = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_settle, initargs=(own,))
        # A worker and its sandbox take turns some thousand times a submission, on one processor, and are one program:
        # laid out alike, what the processor has learned of one serves the other, which saves a sixth of the time. No
        # wall is built on addresses: the sandbox holds nothing that a kernel may not see, and this side is Python.
        try:
            with same_layout(), whole(), born_deaf():
                executor.submit(int).result()  # starts the server that all workers are forked from
        except BaseException:
            self.stop(executor)  # the caller never gets it
            raise
        return executor

    def check(self) -> None:
        """Raise nothing: a process that died is noticed by the executor."""

    def stop(self, executor: Executor) -> None:
        """End the processes, whatever they are at."""
        for process in list((getattr(executor, "_processes", None) or {}).values()):
            process.kill()
        # With them dead this waits for no work, only for the executor's thread. Left alone, that may close its pipe
        # just when the interpreter, about to exit, writes to it (_python_exit): a traceback that has nothing to say.
        executor.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """From here on this process tidies up at its end, as nothing of a pool is in use."""
        if self._sweeper is not None:
            self._sweeper.close()
            self._sweeper = None


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Let ctrl-C and SIGTERM wait for the end of the block.

    Handing out work may start a process. One whose start is broken off is in nobody's list: `stop` would leave it
    behind, and it prints a traceback when it finds that the batch, and with it its semaphores, is gone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for told, handler in before.items():
            signal.signal(told, handler)
        for number in dict.fromkeys(came):
            signal.raise_signal(number)


@contextlib.contextmanager
def born_deaf() -> Iterator[None]:
    """Start processes that never hear ctrl-C, which a terminal sends to all: still importing, they print a traceback.

    They could only ignore it after that. A mask is inherited, and this process hears what came meanwhile at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it ends every mask of ctrl-C when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def isolate_helpers() -> None:
    """Make multiprocessing start its interpreters (fork server, resource tracker, spawned workers) with -I.

    It starts them as `python -c`, which searches the working folder first: there a submission called `random.py` would
    run in place of Python's own module. All three take their options from this one function; no public setting reaches
    them in every case, because an environment variable (PYTHONSAFEPATH) is without effect under `python -E`.
    """
    from multiprocessing import util

    given: Any = util._args_from_interpreter_flags  # type: ignore[attr-defined]
    if getattr(given, "isolated", False):
        return

    def options() -> list[str]:
        return ["-I", *(option for option in given() if option not in ("-I", "-E", "-s", "-P"))]

    options.isolated = True  # type: ignore[attr-defined]
    util._args_from_interpreter_flags = options  # type: ignore[attr-defined]


def _settle(processors: list[int]) -> None:
    """Make a new process of the pool one that leaves when it should, and does not when it should not.

    processors: those of this pool. A worker stays on one of them with its sandbox, which takes turns with it: waking it
    on another one costs more than the two could gain by overlapping. Others' processes can move away, and do.
    """
    import multiprocessing

    if processors:
        number = int(multiprocessing.current_process().name.rpartition("-")[2])
        os.sched_setaffinity(0, {processors[number % len(processors)]})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """Wait for the batch's own process to end, however it does, and end with it; the box goes when its pipe closes."""
    import multiprocessing

    batch = multiprocessing.parent_process()
    if batch is not None:
        batch.join()
        os._exit(1)


class ClusterPool:
    """The workers of a Dask scheduler at an address. Its own retries come first, ours after."""

    def __init__(self, address: str, lab: Lab) -> None:
        """Connect. InputError if nobody answers, if there is no worker, or if workers have another grader."""
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise InputError(["--cluster needs Dask: pip install 'forklab[cluster]'"]) from None
        try:
            self.client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError([f"--cluster {address}: no scheduler answers there ({type(error).__name__})"]) from None
        try:
            self._check(address, lab)
        except BaseException:
            self.client.close()
            raise
        self.jobs = sum(self.client.nthreads().values())
        self.address = address

    def check(self) -> None:
        """InputError if the scheduler is gone: work that is out would be waited for without end."""
        if self.client.status != "running":
            raise InputError(
                [f"--cluster {self.address}: the scheduler is gone; what was graded is kept: run the command again"]
            )

    def _check(self, address: str, lab: Lab) -> None:
        from grader.batch.keys import graders
        from grader.sandbox.sandbox import IsolationError

        try:
            self.client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            raise InputError(
                [f"--cluster {address}: the scheduler has no worker; start some (dask worker {address})"]
            ) from None
        reasons = self._restrict()
        if reasons:
            raise IsolationError("\n".join([f"--cluster {address}: nothing was graded", *reasons]))
        try:
            found = self.client.run(graders, lab.languages, lab.kernel.name)
        except ModuleNotFoundError as error:
            raise InputError(
                [f"--cluster {address}: the workers have no {error.name}; pip install forklab there"]
            ) from None
        for worker, version in found.items():
            if version != graders(lab.languages, lab.kernel.name):
                raise InputError(
                    [
                        f"--cluster {address}: worker {worker} has another version of the grader, of Python, or of "
                        "what kernels in C need; install those that are here"
                    ]
                )

    def _restrict(self) -> list[str]:
        """Take untrusted folders off the path of scheduler and workers. Returns why they must not be used, if so.

        The code is sent, not only its name: looking for it there would already import from those folders.
        """
        import cloudpickle  # type: ignore[import-untyped]

        from grader import search_path
        from grader.escape import printable

        cloudpickle.register_pickle_by_value(search_path)
        try:
            answers = {"scheduler": self.client.run_on_scheduler(search_path.restrict)}
            answers |= self.client.run(search_path.restrict)
        finally:
            cloudpickle.unregister_pickle_by_value(search_path)
        found = [
            f"{printable(str(who))}: {printable(reason)}" for who, reasons in answers.items() for reason in reasons
        ]
        return [*found, "start them in an empty folder, with PYTHONSAFEPATH=1 and no PYTHONPATH"] if found else []

    def start(self) -> Executor:
        self.check()
        return self.client.get_executor(pure=False)

    def stop(self, executor: Executor) -> None:
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing left to stop
            executor.shutdown(wait=False)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.client.close(timeout=CLOSE_S)


Pool = LocalPool | ClusterPool


def completed(pool: Pool, works: Iterable[Work], bundle: Bundle) -> Iterator[tuple[Work, Done | str]]:
    """Return each work with what came of it, as they are done: a Done, or the reason why it could not be done here.

    IsolationError as soon as a worker has it: nothing would be graded then.
    """
    hand = _Hand(pool, bundle)
    try:
        yield from hand.work_off(_Waiting(works))
    finally:
        pool.stop(hand.executor)


class _Waiting:
    """Work that nobody has begun. It is asked for one at a time: all kernels together would fill the memory."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._more = iter(works)
        self._next: deque[Work] = deque()
        self._again: deque[Work] = deque()

    def __bool__(self) -> bool:
        if not self._next:
            self._next.extend(islice(self._more, 1))
        return bool(self._next or self._again)

    def popleft(self) -> Work:
        return self._next.popleft() if self and self._next else self._again.popleft()

    def append(self, work: Work) -> None:
        """Put back what is to be tried once more, after everything else."""
        self._again.append(work)


class _Hand:
    """Holds what is out with workers at the moment."""

    def __init__(self, pool: Pool, bundle: Bundle) -> None:
        self.pool = pool
        self.bundle = bundle
        self.executor = pool.start()
        self.out: dict[Future[Done], Work] = {}
        self.suspects: deque[Work] = deque()  # were out when a worker died: tried one at a time
        self.tries: dict[Work, int] = {}

    def work_off(self, waiting: _Waiting) -> Iterator[tuple[Work, Done | str]]:
        while waiting or self.suspects or self.out:
            self.hand_out(waiting)
            alone = len(self.out) == 1
            done, _ = wait(self.out, timeout=PATIENCE_S, return_when=FIRST_COMPLETED)
            self.pool.check()
            dead: list[Work] = []
            for future in done:
                work = self.out.pop(future)
                try:
                    yield work, future.result()
                except (BrokenExecutor, CancelledError):
                    dead.append(work)
                except Exception as error:
                    if type(error).__name__ == "IsolationError":
                        raise
                    yield from self.again(work, waiting, error)
            if dead:
                yield from self.renew(dead, alone)

    def hand_out(self, waiting: _Waiting) -> None:
        room = 1 if self.suspects else max(1, self.pool.jobs) * AHEAD
        while len(self.out) < room and (self.suspects or waiting):
            work = self.suspects.popleft() if self.suspects else waiting.popleft()
            try:
                with whole():
                    self.out[self.executor.submit(perform, work, self.bundle)] = work
            except BrokenExecutor:
                self.suspects.append(work)
                self.executor = self.pool.start()
                return

    def again(self, work: Work, waiting: _Waiting, error: Exception) -> Iterator[tuple[Work, Done | str]]:
        """Try once more what failed for no reason of the submission's, or give it up."""
        self.tries[work] = self.tries.get(work, 0) + 1
        if self.tries[work] < TRIES:
            waiting.append(work)
        else:
            yield work, f"{type(error).__name__}: {error}"

    def renew(self, dead: list[Work], alone: bool) -> Iterator[tuple[Work, Done | str]]:
        """Replace the pool that died. Everything that was out is suspect, and what was out alone did it."""
        self.suspects.extend([*dead, *self.out.values()])
        self.out.clear()
        if alone:
            (work,) = dead
            self.tries[work] = self.tries.get(work, 0) + 1
            if self.tries[work] >= TRIES:
                self.suspects.remove(work)
                yield work, "the worker that graded it died each time"
        self.pool.stop(self.executor)
        self.executor = self.pool.start()
