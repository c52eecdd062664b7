"""A batch that is ended, however that is done, leaves nothing of multiprocessing's behind."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from tests.batch.handed_in import ZERO, descendants, hand_in
from tests.batch.test_trouble import command
from tests.labs import kernel_text


def semaphores_of(batch):
    """Beginning of the path of a batch's semaphores: the last argument of its sweeper."""
    for pid in pathlib.Path(f"/proc/{batch}/task/{batch}/children").read_text().split():
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"sweeper" in words:
            return pathlib.Path(os.fsdecode(words[-2]))
    raise AssertionError("it has no sweeper")


@pytest.fixture
def place():
    """A folder for temporary files with a short path: the fork server's socket is in it, and such paths are limited."""
    with tempfile.TemporaryDirectory(prefix="fl-", dir="/tmp") as folder:
        yield pathlib.Path(folder)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /dev/shm")
@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_batch_that_is_killed_leaves_nothing(root, lab, tmp_path, place, how, group):
    """No folder and no semaphore; SIGTERM ends it in order, with status 143 and how to go on."""
    class_of = hand_in(tmp_path / "class", 2)
    for number in range(2):
        loop = kernel_text(ZERO, "while True: pass")
        (class_of / f"student-{number:02}" / "kernel.py").write_text(f"{loop}# {number}")
    running = subprocess.Popen(
        command(lab, class_of, tmp_path / "out", "--jobs", "2"),
        cwd=root,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    wait_for(lambda: len(descendants(running.pid)) > 4 and any(place.iterdir()))
    own = semaphores_of(running.pid)
    seen, named = [path.name for path in place.iterdir()], list(own.parent.glob(f"{own.name}*"))
    (os.killpg if group else os.kill)(running.pid, how)
    _, err = running.communicate(timeout=30)
    wait_for(lambda: not any(place.iterdir()) and not any(own.parent.glob(f"{own.name}*")))

    assert [name[:5] for name in seen] == ["pymp-"]
    assert list(place.iterdir()) == []
    assert named != []
    assert list(own.parent.glob(f"{own.name}*")) == []
    if how == signal.SIGTERM:
        assert running.returncode == 143
        assert "the results so far are saved" in err and "Traceback" not in err


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
