"""Shared by all tests: the repository's root, small kernels, and machines that run them."""

from __future__ import annotations

import os
import pathlib
import signal
import sys

import pytest
from hypothesis import settings

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Small labs have a folder of this name too; the one of the repository must be known first.
import reference  # noqa: E402, F401
from grader import kept  # noqa: E402
from grader.machine.kernel import Kernel  # noqa: E402
from grader.machine.machine import Machine  # noqa: E402

# On a CI machine the same examples every time: a red run must be somebody's change. Elsewhere they are new each time.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# As in an active environment: commands that messages print then begin with `grader`, wherever the tests run.
os.environ["PATH"] = os.pathsep.join((str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))

# A cache of the tests' own, for all runs of them: their hundreds of folders neither fill the user's, nor drive the
# labs out of it, which are read again and again. Processes that tests start inherit it.
CACHES = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
if CACHES.name != "forklab-tests":
    os.environ["XDG_CACHE_HOME"] = str(CACHES / "forklab-tests")
kept.PACKS = 10_000

# A shell starts what it puts in the background deaf to ctrl-C, and programs that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    """Tell what takes long whether this run is the one for it."""
    from tests import marks

    marks.PROOFS = config.option.markexpr == "proof"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Take one process more than there are processors: tests wait for processes of a sandbox, a batch, a compiler."""
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return len(processors) + 1


def pytest_sessionstart(session):
    """Keep of earlier runs what one run needs."""
    if not hasattr(session.config, "workerinput"):
        for kind in ("answers", "batches", "marks", "recordings", "scenarios", "yaml"):
            folder = kept.folder_of(kind)
            if folder is not None:
                kept._drop_oldest(folder, 100)


@pytest.fixture(autouse=True, scope="session")
def one_wheel():
    """Compress the package once: most releases carry the same wheel, byte for byte. Yields what really does it."""
    from grader.publish import wheel

    made, zipped = {}, wheel.zipped

    def once(members, programs=()):
        key = (*members.items(), programs)
        if key not in made:
            made[key] = zipped(members, programs)
        return made[key]

    wheel.zipped = once
    yield zipped
    wheel.zipped = zipped


@pytest.fixture
def root() -> pathlib.Path:
    """The repository."""
    return ROOT


@pytest.fixture
def bare():
    """bare(frames=…): the handle and a process of a machine whose kernel does nothing; the test plays the kernel."""

    def make(**machine: object):
        booted = Machine(Kernel, **machine)
        return booted, booted.hw, booted.spawn()

    return make


@pytest.fixture
def boot():
    """boot(frames=…): a machine that runs SmallKernel, or the kernel given, and its first process."""
    from tests.kernels import SmallKernel

    def make(kernel=SmallKernel, **machine: object):
        booted = Machine(kernel, **machine)
        return booted, booted.spawn()

    return make


@pytest.fixture
def lab(tmp_path):
    """The folder of a small lab, recorded."""
    from tests.labs import recorded

    return recorded(tmp_path)


@pytest.fixture
def user_cache(tmp_path, monkeypatch):
    """The cache folder of forklab, one of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "forklab"


@pytest.fixture
def cli(capsys):
    """cli("run", …): exit status, stdout and stderr of the program, in this process."""
    import gc

    from grader.cli import main

    def call(*arguments: object):
        capsys.readouterr()
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as left:
            status = left.code
        finally:
            gc.enable()
        out, err = capsys.readouterr()
        return status, out, err

    return call
