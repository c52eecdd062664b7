"""`grader verify`, as a user types it."""

import pathlib
import shlex

import pytest

from grader.cli import main
from grader.scenario.loader import parse_scenario
from tests.labs import kernel_text
from tests.messages import assert_message

COW = str(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")


def test_the_reference_has_no_difference(capsys):
    """The certificate says that it holds for any length, and what it covers."""
    status = main(["verify", COW, "--submission", "reference", "--scope", "execute"])
    out = capsys.readouterr().out

    assert status == 0
    assert "no difference in a scenario of any length" in out
    assert "execute: 1 page; 2 processes; read, write, execute, mprotect, fork" in out


def test_a_mistake_is_shown_with_the_shortest_scenario(capsys, tmp_path):
    """It is explained as in a report, and written as a scenario that loads."""
    path = tmp_path / "found.yaml"
    status = main(["verify", COW, "--submission", "misconception:parent_w", "--output", str(path)])
    out = capsys.readouterr().out

    assert status == 1
    assert "no process may write to a private frame" in out
    assert [step.verb for step in parse_scenario(path.read_text(), "found").steps] == ["mmap", "read", "fork"]


def test_a_lab_without_a_reference(capsys, tmp_path):
    """What `grader start` makes has none: the student reads that, and no traceback."""
    main(["start", COW, "--output", str(tmp_path / "mine")])
    status = main(["verify", str(tmp_path / "mine")])

    assert status == 2
    assert "has no reference kernel (a released lab never has)" in capsys.readouterr().err


def test_a_run_without_a_reference_says_so_before_it_begins(capsys, tmp_path):
    """It was said after the last scenario, in place of the report."""
    main(["start", COW, "--output", str(tmp_path / "mine")])
    capsys.readouterr()
    status = main(["run", str(tmp_path / "mine"), "--verify", "--only", "reading-is-free"])
    out, err = capsys.readouterr()

    assert (status, out) == (2, "")
    assert err == (
        "grader: copy-on-write: --verify compares with the reference kernel, which a released lab never has; "
        "run it without --verify\n"
    )


def test_steps_limit_the_search(capsys):
    """The certificate then names the number of steps."""
    status = main(["verify", COW, "--submission", "reference", "--scope", "three", "--steps", "2"])

    assert status == 0
    assert "scenarios of up to 2 steps" in capsys.readouterr().out


def test_a_submission_is_explored_in_the_sandbox(capsys, tmp_path):
    """The stub has no method yet: nothing can be compared, and that is not called a difference."""
    status = main(["verify", COW, "--scope", "three", "--steps", "1"])
    out = capsys.readouterr().out

    assert status == 1
    assert "nothing can be compared yet" in out


def test_ctrl_c_and_the_same_command_again(capsys, monkeypatch, user_cache):
    """It says what it covered and that it can go on; then it does."""
    from grader.cli.verify import _Progress

    def stop(*so_far):
        if so_far[1] > 20:
            raise KeyboardInterrupt

    command = ["verify", COW, "--submission", "reference", "--scope", "three"]
    monkeypatch.setattr(_Progress, "__call__", lambda self, *so_far: stop(*so_far))
    statuses = [main(command)]
    monkeypatch.setattr(_Progress, "__call__", lambda self, *so_far: None)
    statuses.append(main(command))
    out = " ".join(capsys.readouterr().out.split())

    assert statuses == [130, 0]
    assert "Stopped before it was finished; what is shown above has been covered. The same command goes on" in out
    assert "this one went on from there" in out and "of any length" in out


OOM = """  - name: refused
    mappings: [{by: P, name: h, pages: 1}]
    processes: 1
    verbs: [read, write]
    failures: [allocate]
"""


@pytest.fixture
def stopped_lab(lab, monkeypatch):
    """A lab whose kernel shows a difference before ctrl-C comes. It differs when memory runs out."""
    monkeypatch.chdir(lab.parent)
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + "scope:\n" + OOM)
    old = "        frame = self.hw.frames.allocate()\n"
    new = f"        try:\n    {old}        except Exception:\n            raise SegmentationFault from None\n"
    (lab / "kernel.py").write_text(kernel_text(old, new))
    press_ctrl_c(monkeypatch, "grader.cli.verify._Progress.__call__")
    return lab


def press_ctrl_c(monkeypatch, where):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)


def test_ctrl_c_after_a_difference_word_for_word(cli, stopped_lab):
    """It is shown, with the words that there may be a shorter one, and the exit status is that of a difference."""
    status, out, err = cli("verify", stopped_lab.name)

    assert (status, err) == (1, "")
    assert_message("verify-stopped", out)


def test_ctrl_c_while_a_longer_search_follows(cli, stopped_lab, monkeypatch):
    """A difference whose search is repeated by replay is shown, too, when the user does not wait for that."""
    monkeypatch.undo()
    monkeypatch.setattr("grader.verify.merging._doubt", lambda side: "keeps an iterator")
    press_ctrl_c(monkeypatch, "grader.verify.by_replay._possible")
    status, out, _ = cli("verify", stopped_lab)

    assert status == 1
    assert "FAIL a scenario with a difference" in out and "- fail: {operation: allocate" in out
    assert "There may be a shorter one, because this kernel keeps an iterator. Stopped before" in out.replace("\n", " ")


def test_a_second_ctrl_c_ends_at_once(cli, stopped_lab, monkeypatch):
    """While the difference is graded: nothing more is shown."""
    press_ctrl_c(monkeypatch, "grader.grade.sandbox_runner.SandboxRunner.__call__")

    assert cli("verify", stopped_lab) == (130, "small\n", "grader: stopped\n")


def test_ctrl_c_while_a_run_adds_a_certificate(cli, lab, monkeypatch):
    """The report comes with the status of the points, and does not take what was explored for all that there is."""
    press_ctrl_c(monkeypatch, "grader.verify.explore._Search._continue_level")
    status, out, _ = cli("run", lab, "--submission", "reference", "--verify")

    assert status == 0
    assert "verified until it was stopped: no difference in" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scope", "one-pag"], "lab.yaml names no scope 'one-pag'; did you mean 'one-page'"),
        (["--steps", "-1"], "--steps -1: expected a number, 0 or more"),
    ],
)
def test_a_wrong_option_is_named(capsys, options, message):
    """With the way out."""
    status = main(["verify", COW, "--submission", "reference", *options])

    assert status == 2
    assert message in capsys.readouterr().err


def test_a_run_can_add_a_certificate(capsys):
    """One line says what `grader verify` finds, and the points stay what they are."""
    status = main(
        ["run", COW, "--submission", "misconception:parent_w", "--only", "a-copy-gains-no-rights", "--verify"]
    )
    with_line = capsys.readouterr().out
    main(["run", COW, "--submission", "misconception:parent_w", "--only", "a-copy-gains-no-rights"])
    without = capsys.readouterr().out

    assert status == 1
    assert "verified: a scenario of 3 steps differs" in with_line.replace("\n", " ")
    assert with_line.splitlines()[0] == without.splitlines()[0]
    (line,) = (line for line in with_line.splitlines() if "grader verify " in line)
    assert main(shlex.split(line)[1:]) == 1
    assert "the shortest scenario with a difference" in capsys.readouterr().out


def test_a_reference_that_cannot_do_what_a_scope_says(lab, cli):
    """One line in words, without escapes, from `grader verify` and from `grader check --verify` alike."""
    (lab / "reference" / "other.py").write_text(kernel_text("    def fork(", "    def fork_later("))
    (lab / "lab.yaml").write_text(
        (lab / "lab.yaml").read_text().replace("reference/small.py", "reference/other.py")
        + "scope:\n  - {name: forks, mappings: [{by: P, name: h, pages: 1}], verbs: [fork]}\n"
    )
    told = "scope forks: the reference crashes in fork (NotImplementedError: "
    status, _, err = cli("verify", lab, "--submission", "reference")

    assert (status, err.count("\n"), "\\n" in err) == (2, 1, False)
    assert told in err and "in the last step of: P maps 1 private page rw- as h; P forks C1" in err


@pytest.mark.parametrize("command", ["verify", "fuzz", "test"])
def test_a_kernel_may_stand_after_the_lab(cli, tmp_path, command):
    """As in `grader run`. Two of them are an error."""
    kernel = tmp_path / "kernel.py"
    kernel.write_text(kernel_text())

    assert cli(command, COW, kernel, "--submission", "reference") == (
        2,
        "",
        f"grader: {kernel} and --submission reference: give one of them\n",
    )
    assert cli(command, COW, kernel, kernel)[0] == 2


def test_the_kernel_after_the_lab_is_the_one_that_is_verified(cli, tmp_path):
    """A mistake in it is found, though the lab's own kernel has none."""
    kernel = tmp_path / "kernel.py"
    kernel.write_text(kernel_text())

    assert cli("verify", COW, kernel, "--scope", "execute", "--steps", 1)[0] == 1
