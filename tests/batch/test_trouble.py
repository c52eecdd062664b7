"""What goes wrong around a batch: disks, folders, stores, load, ctrl-C. A clear sentence, and nothing lost."""

import functools
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from grader.batch.store import NAME
from tests.batch.handed_in import ZERO, batch, bytes_of, descendants, hand_in
from tests.labs import kernel_text


@pytest.fixture
def class_of(tmp_path):
    return hand_in(tmp_path / "class", 12)


def command(lab, class_of, output, *options):
    line = [sys.executable, "-m", "grader", "batch", lab, class_of, "--output", output, "--isolation", "auto", *options]
    return [str(part) for part in line]


def run(root, *arguments, **how):
    return subprocess.run(
        command(*arguments, "-q"), cwd=root, capture_output=True, text=True, timeout=120, check=False, **how
    )


@pytest.fixture
def small_disk(tmp_path):
    """small_disk("size=1m"): a file system of its own, mounted anew with these options each time."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(options):
        line = ["mount", "-t", "tmpfs", "-o", f"remount,{options}" if mounted else options, "none", str(folder)]
        if subprocess.run(line, capture_output=True, check=False).returncode:
            pytest.skip("mounting is forbidden here")
        mounted.append(options)
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(root, lab, class_of, tmp_path, small_disk):
    """Exit status 2 and the way out, wherever it fills up; with room again it ends as if nothing had been."""
    calm = run(root, lab, class_of, tmp_path / "calm")
    disk = small_disk("size=32k")
    told = []
    for size in (32, 64, 96, 128):
        small_disk(f"size={size}k")
        done = run(root, lab, class_of, disk / "out")
        told.append((done.returncode, done.stderr))
    small_disk("size=8m")
    last = run(root, lab, class_of, disk / "out")

    assert calm.returncode == last.returncode == 0
    assert {status for status, _ in told} == {2}
    assert [err for _, err in told if "Traceback" in err] == []
    assert any("the disk is full; what was graded so far is kept" in err for _, err in told)
    assert bytes_of(disk / "out") == bytes_of(tmp_path / "calm")


def test_files_that_may_not_grow(root, lab, class_of, tmp_path):
    """A limit on the size of files, which is what a quota looks like: the same."""
    calm = run(root, lab, class_of, tmp_path / "calm")
    for size in (20_000, 60_000):
        limit = (size, resource.RLIM_INFINITY)
        small = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, limit)
        done = run(root, lab, class_of, tmp_path / "out", preexec_fn=small)
        assert done.returncode == 2
        assert "batch.sqlite: " in done.stderr and "Traceback" not in done.stderr
    last = run(root, lab, class_of, tmp_path / "out")

    assert calm.returncode == last.returncode == 0
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "calm")


def test_a_read_only_folder(root, lab, class_of, small_disk):
    """A finished batch and a new one: exit status 2, the path and the way out, and the files stay as they are."""
    disk = small_disk("size=8m")
    run(root, lab, class_of, disk / "out")
    before = bytes_of(disk / "out")
    small_disk("ro")
    again, new = run(root, lab, class_of, disk / "out"), run(root, lab, class_of, disk / "new")

    assert again.returncode == new.returncode == 2
    assert "it cannot be written" in again.stderr and "name an --output that can" in again.stderr
    assert "Read-only file system; name an --output that can be written" in new.stderr
    assert bytes_of(disk / "out") == before


def test_a_corrupt_store(cli, lab, class_of, tmp_path):
    """Exit status 2 and the way out; the store is left for whoever can mend it, and the results as they were."""
    batch(cli, lab, class_of, tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    store = tmp_path / "out" / NAME
    data = bytearray(store.read_bytes())
    data[4096 * 2 : 4096 * 5] = b"\xaa" * (4096 * 3)
    store.write_bytes(data)
    status, _, err = batch(cli, lab, class_of, tmp_path / "out")

    assert status == 2
    assert f"{store}: it is damaged" in err and "move it away, and everything is graded again" in err
    assert store.read_bytes() == data and bytes_of(tmp_path / "out") == before
    store.unlink()
    assert batch(cli, lab, class_of, tmp_path / "out")[0] == 0
    assert bytes_of(tmp_path / "out") == before


@pytest.mark.parametrize("there", [False, True])
def test_a_refused_batch_leaves_nothing(root, lab, class_of, tmp_path, there):
    """Isolation that is not to be had: exit status 3, and no store, no journal and no folder that was not there."""
    output = tmp_path / "new" / "out"
    if there:
        output.mkdir(parents=True)
        (output / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    without_bwrap = os.environ | {"PATH": ""}
    done = run(root, lab, class_of, output, "--isolation", "L3", env=without_bwrap)

    assert done.returncode == 3
    assert "isolation L3 needs L3, and this machine gives" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_two_batches_at_once(root, lab, class_of, tmp_path):
    """Started together on one store: one of them grades everybody, the other says so and touches nothing.

    On a busy machine a kernel may be ungradable, never anything else: the same command again grades that.
    """
    slow = kernel_text(ZERO, f"for _ in range(3_000_000): pass; {ZERO}")
    (class_of / "student-00" / "kernel.py").write_text(slow)
    line = command(lab, class_of, tmp_path / "out", "-q", "--jobs", "1")
    both = [subprocess.Popen(line, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in both]
    statuses = [process.returncode for process in both]

    assert sorted(statuses) in ([0, 2], [2, 3])
    assert "another batch is working on it; wait for that one" in told[statuses.index(2)]
    assert len(list((tmp_path / "out" / "results").iterdir())) == 14
    assert run(root, lab, class_of, tmp_path / "out").returncode == 0


def test_a_loaded_machine_grades_the_same(cli, lab, class_of, tmp_path):
    """--jobs 1 in peace, --jobs 4 beside a dozen processes that want every processor: the same bytes.

    What got no processor for too long may be ungradable, never anything else: the same command again grades that.
    """
    batch(cli, lab, class_of, tmp_path / "calm", "--jobs", "1")
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(12)]
    try:
        statuses = [batch(cli, lab, class_of, tmp_path / "busy", "--jobs", "4")[0]]
    finally:
        for process in load:
            process.kill()
            process.wait()

    statuses.append(batch(cli, lab, class_of, tmp_path / "busy")[0])
    assert statuses in ([0, 0], [3, 0])
    assert bytes_of(tmp_path / "busy") == bytes_of(tmp_path / "calm")


def test_ctrl_c_on_a_terminal(root, lab, class_of, tmp_path):
    """Exit status 130, how to go on, no traceback, nothing left running; then it goes on."""
    for number in (0, 5, 10):
        (class_of / f"student-{number:02}" / "kernel.py").write_text(
            kernel_text(ZERO, "while True: pass") + f"# {number}"
        )
    terminal, inside = pty.openpty()
    termios.tcsetwinsize(inside, (24, 80))
    line = command(lab, class_of, tmp_path / "out", "--jobs", "2")
    running = subprocess.Popen(line, cwd=root, stdin=inside, stdout=inside, stderr=inside, start_new_session=True)
    os.close(inside)
    shown = read_until(terminal, b"grading: ")
    os.killpg(running.pid, signal.SIGINT)
    shown += read_until(terminal, b"to go on")
    status = running.wait(timeout=30)
    deadline = time.monotonic() + 10
    while descendants(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.close(terminal)

    assert status == 130, shown
    assert b"Traceback" not in shown and b"the results so far are saved" in shown
    assert descendants(running.pid) == []


def read_until(terminal, wanted, seconds=30):
    """What a terminal shows up to some bytes, or as long as it may take."""
    shown, deadline = b"", time.monotonic() + seconds
    while wanted not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    return shown
