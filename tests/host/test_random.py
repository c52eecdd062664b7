"""Random scenarios on the host's own kernel (`grader fuzz --host`)."""

import os

import pytest

from grader.authoring.fuzz.host import find_host_difference, host_words, left_out
from grader.authoring.fuzz.vocabulary import vocabulary
from grader.host.probes import missing
from grader.lab.lab import load_lab
from reference.linux import LinuxKernel

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "count", "seed"), [("copy-on-write", 70, 2), ("file-backed", 70, 1), ("linux", 60, 1)]
)
def test_random_scenarios_are_as_modelled(root, host, name, count, seed):
    """Two hundred, with fixed seeds. labs/README.md has the two differences that other seeds find."""
    search = find_host_difference(load_lab(root / "labs" / name), seed, count)

    assert search.found is None
    assert search.tried.total() == count


def test_a_search_on_the_host_is_reported(cli, root, host):
    """Some random scenarios, all as modelled, with the processor time."""
    status, out, err = cli("fuzz", root / "labs" / "copy-on-write", "--host", "--seed", 1, "--examples", 5)

    assert (status, err) == (0, "")
    assert "this machine is as modelled in 5 random scenarios, seed 1" in out


def test_a_difference_on_the_host_is_found_and_shrunk(cli, root, host, monkeypatch):
    """If every fork were a difference, a scenario that does little but fork is left, with the kernel's version."""

    def forks(step, record, state, seen):
        return ["faults"] if step.verb == "fork" else []

    monkeypatch.setattr("grader.authoring.fuzz.host.differences", forks)
    status, out, _ = cli("fuzz", root / "labs" / "copy-on-write", "--host", "--seed", 1, "--examples", 20)

    assert status == 1
    assert "this machine differs from the model in faults" in out
    assert os.uname().release in out
    assert out.count("\n  - ") == 1


def test_random_scenarios_leave_out_files_that_are_read_on_in_advance(root):
    """A file that is on disk fits into three quarters of what one read brings; beyond, Linux reads on early."""
    words = vocabulary(load_lab(root / "labs" / "linux"))
    longest = {
        pages: max(file.pages for one in host_words(words, pages).hardware for file in one.files if not file.cached)
        for pages in (32, 64)
    }

    assert longest == {32: 5, 64: 40}
    assert left_out(words, host_words(words, 32)) == ["files of 40 pages on the disk, which is read on in advance"]
    assert left_out(words, host_words(words, 64)) == []


def test_little_memory_to_lock_is_reported(root, monkeypatch):
    """Where a process may lock 64 KiB, as on some systems, random scenarios do without mlock, and say so."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (65536, 65536))
    words = vocabulary(load_lab(root / "labs" / "copy-on-write"))
    used = host_words(words, 64)

    assert "mlock" not in used.verbs and "madvise" in used.verbs
    assert left_out(words, used) == ["mlock, which `ulimit -l` limits to less than 4096 KiB"]


def test_a_scenario_on_which_the_profile_fails_is_reported(cli, root, host, monkeypatch):
    """There is nothing to compare with, but a kernel that breaks a rule of its own must not go unnoticed."""

    class Crashes(LinuxKernel):
        def fork(self, parent, child):
            raise RuntimeError

    monkeypatch.setattr("grader.authoring.fuzz.host.linux_kernel", lambda *_: Crashes)
    status, out, _ = cli("fuzz", root / "labs" / "shared-memory", "--host", "--seed", 1, "--examples", 20)

    assert status == 1
    assert "The Linux profile fails on" in out and "the reference crashes in step" in out


def test_students_kernels_never_run_on_the_host(cli, root):
    """A submission together with --host is refused."""
    status, _, err = cli("fuzz", root / "labs" / "copy-on-write", "--host", "--submission", "reference")

    assert status == 2
    assert "only trusted scenarios run on this machine" in err
