"""`grader practice`: a real program on this machine's kernel, its rows, its dialogue, and what it leaves behind."""

import io
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from grader.practice import program
from grader.practice.practices import PRACTICES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="practices need a Linux kernel")

ROW = re.compile(r"^  (parent|child) +\d+ +\d+ +\d+ +\d+ +(\d+) +\d+ +(\d+|\?) +(\d+|\?)", re.M)

#: Who, new faults in the buffer, pages there, pages not shared: a row for each process at each stop.
FORKED = [("parent", 0, 1024, 0), ("child", 0, 1024, 0)]
ROWS = [
    ("parent", 0, 0, 0),
    ("parent", 1024, 1024, 1024),
    *FORKED,
    *FORKED,
    ("parent", 0, 1024, 512),
    ("child", 512, 1024, 512),
]
GONE = [("parent", 0, 1024, 1024), ("parent", 1024, 1024, 1024)]
ALIVE = [("parent", 1024, 1024, 1024), ("child", 0, 1024, 1024), ("parent", 0, 1024, 1024)]


def rows(text):
    """Return what the rows say; without a pagemap, the pages are left out."""
    return [(who, int(faults), *(int(n) for n in pages if n != "?")) for who, faults, *pages in ROW.findall(text)]


def assert_rows(text, expected):
    """Compare with or without pages, as the kernel allows."""
    found = rows(text)
    assert found == [row[: len(found[0])] for row in expected]


@pytest.fixture
def practice(cli, root, monkeypatch):
    """practice(input, options): exit status, stdout and stderr of `grader practice fork-faults`."""
    monkeypatch.chdir(root)

    def call(typed="", *options):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return cli("practice", "fork-faults", *options)

    return call


@pytest.mark.parametrize("inside", [False, True])
def test_a_practice_belongs_to_a_lab_whatever_its_folder_is_called(cli, root, monkeypatch, tmp_path, inside):
    """In the folder that `grader start --output` has made, and in the one above it."""
    monkeypatch.chdir(tmp_path)
    cli("start", root / "labs" / "copy-on-write", "--output", "mine")
    monkeypatch.chdir(tmp_path / "mine" if inside else tmp_path)
    status, _, err = cli("practice", "fork-faults", "--no-input")

    assert (status, err) == (0, "")


def test_a_practice_without_its_lab(cli, monkeypatch, tmp_path):
    """The message says where the command works, and how to get there."""
    monkeypatch.chdir(tmp_path)
    status, _, err = cli("practice", "shared-faults")

    assert status == 2
    assert "neither this folder nor one in it or in labs/ has the lab shared-memory" in err
    assert "start shared-memory`" in err


@pytest.fixture(params=["compiled", "in Python"])
def compilers(request, monkeypatch):
    """Run a test with the machine's C compiler, and as if there were none."""
    if request.param == "in Python":
        monkeypatch.setattr(program, "COMPILERS", ())
    elif not any(map(program.find_tool, program.COMPILERS)):
        pytest.skip("no C compiler")
    return request.param


def test_the_buffer_takes_the_faults_of_the_rules(practice, compilers):
    """1024 for the first writes, none for fork and reads, 512 for the child's writes, 1024 for the parent's."""
    status, out, err = practice("", "--no-input")

    assert (status, err) == (0, "")
    assert_rows(out, ROWS + GONE)
    assert ("no C compiler" in out) == (compilers == "in Python")


def test_the_parent_can_write_while_its_child_lives(practice, compilers):
    """The parent faults as often, and afterwards no page of either is shared."""
    status, out, _ = practice("", "--no-input", "--alive")

    assert status == 0
    assert_rows(out, ROWS + ALIVE)


def test_every_line_fits_a_terminal(practice):
    """80 columns are enough."""
    assert max(map(len, practice("", "--no-input")[1].splitlines())) <= 80


def test_a_wrong_prediction_is_answered_with_its_misconception(practice):
    """Predictions are counted, and what was wrong is listed at the end."""
    typed = ["1024", "1024", "", "0", "1024", "", "512", "0", "512", "", "0", "0"]
    status, out, _ = practice("\n".join(typed) + "\n")
    text = " ".join(out.split())

    assert status == 0
    assert "You expected mmap to allocate frames." in text
    assert "You expected fork to copy the buffer" in text
    assert "You expected the child's pages to be absent." in text
    assert "You expected the parent to be able to write again" in text
    assert "Predictions right: 5 of 9." in text
    assert "4. the child reads the first 512 pages (child: predicted 512, was 0)" in text


def test_a_question_is_answered_at_its_place(practice):
    """A wrong choice gets the quiz's reason; something that is not a choice is asked again."""
    _, out, _ = practice("\n\n9\n3\n" + "\n" * 20)

    assert "Expected a number from 1 to 4" in out
    assert "Wrong. Anonymous memory comes from no disk" in " ".join(out.split())


def test_an_input_that_ends_is_reported(practice):
    """A closed stdin ends the practice, with the option that needs no input."""
    status, _, err = practice("0\n")

    assert (status, err) == (2, "grader: the input has ended before the practice did; --no-input asks nothing\n")


def test_another_system_is_told_what_would_work(practice, monkeypatch):
    """macOS has no such counts."""
    monkeypatch.setattr(sys, "platform", "darwin")
    status, _, err = practice("", "--no-input")

    assert status == 2
    assert err.startswith("grader: not here: ")
    assert "WSL 2" in err


def test_a_misspelt_practice_is_guessed(cli):
    """The name of a practice that is nearly right is suggested."""
    _, _, err = cli("practice", "fork-fault")

    assert err == "grader: unknown practice 'fork-fault'; did you mean 'fork-faults' or 'shared-faults'?\n"


def test_a_compiler_that_fails_is_named(practice, monkeypatch, tmp_path):
    """One without headers, say: its own words are shown, and the same program runs in Python."""
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\necho "$5: fatal error: stdio.h: No such file or directory" >&2\nexit 1\n')
    compiler.chmod(0o755)
    monkeypatch.setattr(program, "find_tool", lambda _: str(compiler))
    status, out, _ = practice("", "--no-input")
    told = " ".join(out.split())  # where lines end depends on where the lab lies

    assert status == 0
    assert "cannot compile" in told and "stdio.h" in told and "written in Python" in told
    assert_rows(out, ROWS + GONE)


def test_sections_need_a_pagemap(cli, root, monkeypatch):
    """Without one nothing is known of sharing, so nothing is compared with a prediction."""
    monkeypatch.chdir(root)
    monkeypatch.setattr("grader.practice.sections_guide.buffer_pages", lambda *_: None)
    status, _, err = cli("practice", "sections", "--no-input")

    assert status == 2
    assert "does not show which pages are present" in err


def test_without_madv_populate_the_counts_are_the_same(practice, monkeypatch, tmp_path):
    """Before Linux 5.14 the program in Python touches its memory by hand, before it measures."""
    text = program.FAULTS_IN_PYTHON.read_text()
    (tmp_path / "old.py").write_text(
        text.replace("POPULATE_READ, POPULATE_WRITE = 22, 23", "POPULATE_READ, POPULATE_WRITE = 99, 99")
    )
    monkeypatch.setattr(program, "COMPILERS", ())
    monkeypatch.setattr(program, "FAULTS_IN_PYTHON", tmp_path / "old.py")
    status, out, _ = practice("", "--no-input")

    assert status == 0
    assert_rows(out, ROWS + GONE)


@pytest.mark.parametrize("alive", [False, True])
def test_nothing_is_left_when_the_practice_is_killed(root, compilers, alive):
    """SIGKILL while parent and child wait: both end, as their input does."""
    source = root / "labs" / "copy-on-write" / "practice" / PRACTICES["fork-faults"].source
    script = (
        "import pathlib, signal, sys; from grader.practice import program;"
        f"program.COMPILERS = {program.COMPILERS!r};"
        f"p = program.Program(pathlib.Path({str(source)!r}), {alive}); p.arrive();"
        "[(p.go_on(), p.arrive()) for _ in range(3)];"
        "print(*p.pids.values(), flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True) as killed:
        pids = [int(pid) for pid in killed.stdout.readline().split()]
        handles = [os.pidfd_open(pid) for pid in pids]
        os.kill(killed.pid, signal.SIGKILL)
    ended = [_ends(handle) for handle in handles]

    assert (len(pids), ended) == (2, [True, True])


def _ends(handle):
    """Return True if a process ends within a few seconds."""
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        return bool(poll.poll(5000))
    finally:
        os.close(handle)


def test_a_release_has_the_program(root, tmp_path):
    """Students get the C file and its Makefile."""
    from grader.lab.lab import load_lab
    from grader.publish.release import write_lab

    write_lab(load_lab(root / "labs" / "copy-on-write"), tmp_path / "copy-on-write", hidden=False)

    found = {path.name for path in pathlib.Path(tmp_path, "copy-on-write", "practice").iterdir()}
    assert found == {"Makefile", "fork_faults.c", "sections.c"}


def test_shared_memory_is_seen_and_not_copied(cli, root, monkeypatch, compilers):
    """The child faults by windows where it reads and by pages where it writes; the parent reads what it wrote."""
    monkeypatch.chdir(root)
    status, out, err = cli("practice", "shared-faults", "--no-input")
    faults = [row[1] for row in rows(out)]

    assert (status, err) == (0, "")
    assert faults == [0, 1024, 0, 0, 0, 32, 0, 512, 0, 0]
    assert "512 pages hold what the child wrote" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_heap_and_stack_separate_and_code_stays_shared(cli, root, monkeypatch, compilers):
    """After the child's writes no page of heap and stack is shared, and all of code and constants are."""
    monkeypatch.chdir(root)
    status, out, err = cli("practice", "sections", "--no-input")
    after = out.partition("4. ")[2].partition("5. ")[0]
    unshared = dict(re.findall(r"^  (\S+) +\d+ +\d+ +\d+ +\d+ +(\d+)$", after, re.M))

    assert (status, err) == (0, "")
    assert unshared[".text"] == unshared[".rodata"] == "0"
    assert int(unshared["heap"]) > 0
    assert int(unshared["stack"]) > 0
    assert max(map(len, out.splitlines())) <= 80


def test_a_prediction_about_sections_is_counted(cli, root, monkeypatch):
    """What is not a number is asked again."""
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "stdin", io.StringIO("many\n0\n5\n32\n"))
    _, out, _ = cli("practice", "sections")

    assert "Expected a number, such as 0 or 512" in out
    assert "Predicted 5; it is 0." in out
    assert "Predictions right: 2 of 3." in out


def test_the_sections_have_no_variant(cli, root, monkeypatch):
    """--alive belongs to the practices that count faults."""
    monkeypatch.chdir(root)
    status, _, err = cli("practice", "sections", "--alive")

    assert status == 2
    assert "--alive belongs to the other practices" in err
