"""A batch on a Dask cluster: a real scheduler and two workers, as processes on this machine's loopback."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

from grader.batch import grade_batch, read_submissions
from grader.batch.pools import ClusterPool, LocalPool
from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.sandbox.sandbox import IsolationError
from tests.batch.handed_in import batch, bytes_of, hand_in
from tests.conftest import ROOT
from tests.shadows import Shadows

if importlib.util.find_spec("distributed") is None:  # to import it takes every process of a test run half a second
    pytest.skip("Dask is not installed (pip install 'forklab[cluster]')", allow_module_level=True)


class Cluster:
    """Processes of a cluster; `address` as --cluster takes it."""

    def __init__(self, folder, root):
        self.root = root
        self.file = folder / "scheduler.json"
        self.log = open(folder / "cluster.log", "w")  # noqa: SIM115 - closed with the cluster
        self.scheduler = self._run("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.workers = []
        wait_for(lambda: self.file.exists() and self.file.read_text().endswith("}"))  # written in parts
        import json

        self.address = json.loads(self.file.read_text())["address"]

    def add_worker(self, nanny=False, **where):
        limits = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(self.file.parent)]
        self.workers.append(self._run("worker", *limits, "--nanny" if nanny else "--no-nanny", **where))

    def _run(self, what, *options, cwd=None, **environment):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(self.file), *options]
        environment = {**os.environ, **environment}
        return subprocess.Popen(command, cwd=cwd or self.root, env=environment, stdout=self.log, stderr=self.log)

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.log.close()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the cluster does not come up"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path, root):
    """A cluster without workers, of the test's own."""
    made = Cluster(tmp_path, root)
    yield made
    made.close()


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """A cluster with a worker, for tests that leave both as they are."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), ROOT)
    made.add_worker()
    yield made
    made.close()


def ignore(count, name):
    pass


def test_a_worker_that_is_killed_in_the_middle(lab, tmp_path, cluster):
    """Nothing is lost: the other worker does the rest, and every file is what a local batch writes."""
    loaded = load_lab(lab)
    sources = read_submissions(loaded, hand_in(tmp_path / "class", 16))
    grade_batch(loaded, sources, tmp_path / "here", lambda course: LocalPool(1), "auto", ignore)
    cluster.add_worker()
    cluster.add_worker()
    seen = []

    def pool(course):
        made = ClusterPool(cluster.address, course.lab)
        made.client.wait_for_workers(2, timeout=60)
        return made

    def progress(count, name):
        seen.append(name)
        if len(seen) == 4:
            cluster.workers[0].send_signal(signal.SIGKILL)

    outcome = grade_batch(loaded, sources, tmp_path / "there", pool, "auto", progress)

    assert outcome.problems == []
    assert cluster.workers[0].wait() == -signal.SIGKILL
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


def test_the_command_uses_the_cluster(cli, lab, tmp_path, steady):
    """`--cluster ADDRESS`, with the isolation that workers have; nothing is graded in a process of this machine's."""
    hand_in(tmp_path / "class", 4)
    status, _, err = batch(cli, lab, tmp_path / "class", tmp_path / "out", "--cluster", steady.address)

    assert status == 0, err
    assert "tcp" in steady.address


def test_a_scheduler_that_is_killed(lab, tmp_path, cluster):
    """One sentence instead of waiting without end; what was graded is kept, so a local batch does only the rest."""
    loaded = load_lab(lab)
    sources = read_submissions(loaded, hand_in(tmp_path / "class", 16))
    cluster.add_worker()
    seen = []

    def progress(count, name):
        seen.append(name)
        if len(seen) == 3:
            cluster.scheduler.send_signal(signal.SIGKILL)

    with pytest.raises(InputError, match="the scheduler is gone; what was graded is kept: run the command again"):
        grade_batch(loaded, sources, tmp_path / "out", lambda c: ClusterPool(cluster.address, c.lab), "auto", progress)
    rest = grade_batch(loaded, sources, tmp_path / "out", lambda c: LocalPool(1), "auto", ignore)

    assert rest.problems == [] and 0 < rest.graded < 16


def test_nobody_answers(cli, lab, tmp_path, monkeypatch):
    """The address and what is wrong; exit status 2, no traceback."""
    hand_in(tmp_path / "class", 2)
    monkeypatch.setattr("grader.batch.pools.CONNECT_S", 1)
    status, _, err = batch(cli, lab, tmp_path / "class", tmp_path / "out", "--cluster", "tcp://127.0.0.1:9")

    assert status == 2
    assert "--cluster tcp://127.0.0.1:9: no scheduler answers there" in err and "Traceback" not in err


def test_workers_of_another_version(lab, steady, monkeypatch):
    """Grades of two graders are not mixed: the worker is named."""
    monkeypatch.setattr("grader.batch.keys.grader_hash", lambda: "another")

    with pytest.raises(InputError, match="worker .* has another version of the grader, of Python, or of what kernels"):
        ClusterPool(steady.address, load_lab(lab))


def test_workers_in_a_folder_of_submissions(lab, tmp_path, cluster):
    """A worker that searches a folder with a stranger's modules is refused by name; one that does not is used."""
    # Dask imports neither name before we look; `grader` would otherwise come from there.
    hostile = Shadows(tmp_path / "class", ["grader", "this"])
    cluster.add_worker(cwd=hostile.folder, PYTHONSAFEPATH="1", PYTHONPATH="")
    pool = ClusterPool(cluster.address, load_lab(lab))

    cluster.add_worker(cwd=hostile.folder)
    pool.client.wait_for_workers(2, timeout=60)
    pool.close()
    with pytest.raises(IsolationError) as raised:
        ClusterPool(cluster.address, load_lab(lab))

    assert f"{hostile.folder}/this.py takes the place of Python's own module 'this'" in str(raised.value)
    assert "PYTHONSAFEPATH=1" in str(raised.value)
    assert hostile.ran() == []


@pytest.mark.proof
@pytest.mark.parametrize("nanny", [False, True])
def test_workers_in_a_folder_that_shadows_every_module(lab, tmp_path, cluster, nanny):
    """With PYTHONSAFEPATH a worker (also a nanny's) runs no stand-in and writes what a local batch writes."""
    hostile = Shadows(tmp_path / "hostile")
    loaded = load_lab(lab)
    sources = read_submissions(loaded, hand_in(tmp_path / "class", 4))
    cluster.add_worker(nanny, cwd=hostile.folder, PYTHONSAFEPATH="1", PYTHONPATH="")
    there = grade_batch(
        loaded, sources, tmp_path / "there", lambda c: ClusterPool(cluster.address, c.lab), "auto", ignore
    )
    grade_batch(loaded, sources, tmp_path / "here", lambda course: LocalPool(1), "auto", ignore)

    assert (there.problems, hostile.ran()) == ([], [])
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")
