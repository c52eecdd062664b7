"""Work handed to workers that die, fail or leave: everything is done, once, or named."""

import os
import pathlib
import re
import signal
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from grader.batch import pools
from grader.batch.pools import TRIES, LocalPool, completed
from grader.batch.work import Bundle, Done, Work

BUNDLE = Bundle("", b"", "auto")


def work(name):
    return Work(name, "", ())


class Pool:
    """A pool that works at once, in this process. `deadly` kills the worker, and everything else that is out."""

    jobs = 2

    def __init__(self, deadly=(), failing=()):
        self.deadly, self.failing = deadly, failing
        self.performed = []
        self.started = 0

    def check(self):
        pass

    def start(self):
        self.started += 1
        return Executor(self)

    def stop(self, executor):
        pass


class Executor:
    def __init__(self, pool):
        self.pool = pool
        self.dead = False

    def submit(self, function, one, bundle):
        future = Future()
        self.dead = self.dead or one.kernel_digest in self.pool.deadly
        if self.dead:
            future.set_exception(BrokenProcessPool("gone"))
        elif one.kernel_digest in self.pool.failing:
            future.set_exception(OSError("no memory"))
        else:
            self.pool.performed.append(one.kernel_digest)
            future.set_result(Done(one.kernel_digest, {}, {}))
        return future


def outcomes(pool, names):
    return {one.kernel_digest: done for one, done in completed(pool, map(work, names), BUNDLE)}


def test_everything_is_done():
    """A Done for each, and none is performed twice."""
    pool = Pool()
    found = outcomes(pool, "abcdefgh")

    assert sorted(pool.performed) == list("abcdefgh")
    assert all(isinstance(done, Done) for done in found.values())


def test_a_worker_that_dies_costs_the_others_nothing():
    """The work it died of is tried alone, given up and named; all else is done, though it was out at the same time."""
    pool = Pool(deadly="d")
    found = outcomes(pool, "abcdefgh")

    assert found.pop("d") == "the worker that graded it died each time"
    assert sorted(pool.performed) == list("abcefgh")
    assert all(isinstance(done, Done) for done in found.values())


def test_two_deadly_ones_are_told_apart():
    """Even if they are next to each other."""
    found = outcomes(Pool(deadly="cd"), "abcdef")

    assert [name for name, done in sorted(found.items()) if isinstance(done, str)] == ["c", "d"]


def test_a_fault_of_ours_is_tried_again_and_named():
    """Three times, and the reason is told."""
    found = outcomes(Pool(failing="b"), "abc")

    assert found["b"] == "OSError: no memory"
    assert isinstance(found["c"], Done)
    assert TRIES == 3


def test_no_isolation_ends_everything():
    """Where the sandbox is not what was asked for nothing is graded, and nothing is tried again."""
    from grader.sandbox.sandbox import IsolationError

    class Refusing(Executor):
        def submit(self, function, one, bundle):
            future = Future()
            future.set_exception(IsolationError("needs L2"))
            return future

    pool = Pool()
    pool.start = lambda: Refusing(pool)

    with pytest.raises(IsolationError, match="needs L2"):
        outcomes(pool, "abc")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_handed_out_is_handed_out_whole(number):
    """A signal that arrives meanwhile is heard afterwards: a worker whose start is broken off would stay behind."""
    handed = []

    class Disturbed(Executor):
        def submit(self, function, one, bundle):
            signal.raise_signal(number)
            handed.append(one.kernel_digest)
            return super().submit(function, one, bundle)

    def stop(number, frame):
        raise KeyboardInterrupt

    pool = Pool()
    pool.start = lambda: Disturbed(pool)
    before = signal.signal(number, stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            outcomes(pool, "abc")
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)

    assert handed == ["a"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads masks from /proc")
def test_no_process_hears_ctrl_c():
    """Neither the server that workers are forked from, at any moment of its life, nor a worker; this process does."""
    pool = LocalPool(1)
    executor = pool.start()
    try:
        worker = executor.submit(os.getpid).result()
        server = executor.submit(os.getppid).result()
        masks = [masked(pid) for pid in (worker, server, os.getpid())]
    finally:
        pool.stop(executor)

    assert masks == [True, True, False]


def masked(pid):
    """True if the process has ctrl-C in its mask of blocked signals."""
    (mask,) = re.findall(r"^SigBlk:\s+(\w+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(mask, 16) >> signal.SIGINT - 1 & 1)


def test_a_pool_whose_start_is_broken_off_is_gone(monkeypatch):
    """Ctrl-C arrives while the first process starts: the caller gets no pool, so it could stop none."""
    made = []

    class Noted(pools.ProcessPoolExecutor):
        def submit(self, *work):
            made.append(self)
            signal.raise_signal(signal.SIGINT)
            return super().submit(*work)

    monkeypatch.setattr(pools, "ProcessPoolExecutor", Noted)
    with pytest.raises(KeyboardInterrupt):
        LocalPool(1).start()

    with pytest.raises(RuntimeError, match="after shutdown"):
        super(Noted, made[0]).submit(int)


def test_a_stopped_pool_is_gone():
    """Whatever its processes are at: no process and no thread is left that could disturb the end of the program."""
    pool = LocalPool(2)
    executor = pool.start()
    out = [executor.submit(time.sleep, 600) for _ in range(5)]
    processes, thread = list(executor._processes.values()), executor._executor_manager_thread
    pool.stop(executor)

    assert not thread.is_alive() and not any(process.is_alive() for process in processes)
    assert all(future.done() for future in out)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system keeps no process on a processor")
def test_a_worker_stays_on_one_processor():
    """With its sandbox, which takes turns with it; on one of those that the batch itself may use."""
    pool = LocalPool(1)
    executor = pool.start()
    try:
        place = executor.submit(os.sched_getaffinity, 0).result()
    finally:
        pool.stop(executor)

    assert len(place) == 1
    assert place <= os.sched_getaffinity(0)


def test_a_long_temporary_folder_is_named(cli, lab, tmp_path, monkeypatch):
    """The folder, its length and the way out, instead of a socket's "AF_UNIX path too long"; nothing is graded."""
    import tempfile

    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "jane.py").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    status, _, err = cli("batch", lab, tmp_path / "s", "--output", tmp_path / "out", "--isolation", "auto")

    assert status == 2
    assert f"{folder}: the temporary folder's path has {len(str(folder))} bytes" in err
    assert "set TMPDIR to a shorter one" in err
