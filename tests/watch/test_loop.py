"""The whole of `grader watch`: lines without a terminal, and a student's hour in a real one."""

import pathlib
import re
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from grader.grade.session import open_session
from grader.watch import loop
from grader.watch.regrade import Regrader
from grader.watch.screen import View
from tests.labs import kernel_text, recorded
from tests.messages import assert_message

GRADER = str(pathlib.Path(sys.executable).with_name("grader"))

COPIES_NOTHING = ("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)")

#: Seconds to wait for something to appear on a busy machine.
PATIENCE = 30


def test_lines_without_a_terminal(lab):
    """A report for each save, as plain lines; ctrl-C ends it and leaves no process behind."""
    (lab / "kernel.py").write_text(kernel_text(*COPIES_NOTHING))
    process = subprocess.Popen([GRADER, "watch", lab], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = until(process.stdout, r"^\d\d:\d\d:\d\d")
        (lab / "kernel.py").write_text(kernel_text())
        second = until(process.stdout, r"^\d\d:\d\d:\d\d")
    finally:
        process.send_signal(2)
        err = process.communicate(timeout=PATIENCE)[1]

    assert "FAIL  share/fork (1 of 1)" in first and "\x1b" not in first
    assert "Since the last save: 1 more passes: fork" in second and "90 of 100 points" in second
    assert (process.returncode, err) == (130, "grader: stopped\n")


class Scripted:
    """Stands for a regrader of so many steps a save, and for its saves: one for each given number of looks."""

    def __init__(self, steps, saves):
        self.begun, self.steps, self.left = 0, steps, 0
        self.saves, self.note, self.looks = set(saves), "", 0

    @property
    def busy(self):
        return self.left > 0

    def begin(self):
        self.begun, self.left = self.begun + 1, self.steps
        return True

    def step(self):
        self.left -= 1

    def wait(self, seconds):
        pass

    def due(self):
        self.looks += 1
        if self.looks > 20:
            raise KeyboardInterrupt
        return self.looks in self.saves

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


@pytest.mark.parametrize(("steps", "saves", "begun", "reports"), [(3, [2], 2, 1), (3, [8], 2, 2), (0, [], 1, 1)])
def test_no_save_is_lost(monkeypatch, capsys, steps, saves, begun, reports):
    """A save in the middle of grading begins again, a later one is graded too, and what cannot be graded is told."""
    scripted = Scripted(steps, saves)
    monkeypatch.setattr(loop, "Regrader", lambda session, what: scripted)
    monkeypatch.setattr(loop, "_saves", lambda session, what: scripted)
    monkeypatch.setattr(loop, "_view", lambda regrader, width: View("a lab", problem="no kernel"))
    with pytest.raises(KeyboardInterrupt):
        loop.watch_lines(None, None)

    assert scripted.begun == begun
    assert capsys.readouterr().out.count("no kernel") == reports


@pytest.mark.parametrize(("problem", "told"), [("", "1 more passes: fork"), ("kernel.py: missing", "")])
def test_an_earlier_change_does_not_stand_above_a_problem(problem, told):
    """The last save could not be graded, so what the one before it changed is no news."""
    before, after = (
        {"points": 0, "scenarios": [{"id": "fork", "verdict": verdict, "visibility": "public"}]}
        for verdict in ("failed", "passed")
    )
    lab = SimpleNamespace(name="small", title="A small lab", learnt="", path=pathlib.Path("small"))
    session = SimpleNamespace(lab=lab)
    regrader = SimpleNamespace(
        session=session, before=before, result=after, busy=False, first=None, took=0.1, problem=problem, refused=""
    )

    assert loop._view(regrader, 80).change == told


def picture_of(lab, kernel):
    """Return the lines that key p shows of the scenario `fork` for a kernel of this source."""
    (lab / "kernel.py").write_text(kernel)
    with open_session(lab, "auto") as session:
        regrader = Regrader(session, None)
        assert regrader.begin()
        while regrader.busy:
            regrader.step()
        watch = loop._Watch.__new__(loop._Watch)
        watch.session, watch.regrader, watch.size = session, regrader, (80, 24)
        failure = next(one for one in regrader.result["scenarios"] if one["id"] == "fork")
        return watch.picture(failure)


@pytest.mark.parametrize(("mistake", "ends"), [("return", "no_progress"), ("raise KeyError", "crashed")])
def test_a_run_that_was_stuck_or_crashed_has_a_picture(lab, mistake, ends):
    """The step in which it ended, with the state after it, and the reference's."""
    first = "        if old is not None and self.users[old.frame] == 1:"
    lines = picture_of(lab, kernel_text(first, f"        if old is not None:\n            {mistake}\n{first}"))

    assert any(line.startswith(f"      -> {ends}") for line in lines) and "  4   on the reference:" in lines
    assert not any(line.startswith("  3   ") for line in lines)


def test_a_leak_has_a_picture_of_the_state_after_the_last_step(lab):
    """It is found when all processes have exited, which is no step with a state of its own."""
    lines = picture_of(lab, kernel_text("            self.users[old.frame] -= 1\n", ""))

    assert "  4   C writes 2 to h" in lines and any("->[a]    [b]<-" in line for line in lines)
    assert any("1 frame still in use" in line for line in lines)


def test_recorded_outputs_and_the_quiz_are_watched_too(tmp_path):
    """They lie outside a course's labs; an author who changes one of them need not touch the lab."""
    outputs, quiz = tmp_path / "reference" / "outputs" / "small", tmp_path / "quizzes" / "small.yaml"
    lab = SimpleNamespace(path=tmp_path / "labs" / "small", outputs=outputs, quiz=quiz)
    for folder in (lab.path, outputs, quiz.parent):
        folder.mkdir(parents=True)
    with loop._saves(SimpleNamespace(lab=lab), None) as saves:
        for path in (outputs / "touch.json", quiz):
            path.write_text("{}")
            deadline = time.monotonic() + PATIENCE
            while not saves.due():
                assert time.monotonic() < deadline
                time.sleep(loop.IDLE_S)


def until(stream, pattern):
    """Return the lines up to one that begins as a pattern says."""
    lines = []
    while not re.match(pattern, lines[-1] if lines else ""):
        lines.append(stream.readline())
        assert lines[-1], "".join(lines)
    return "".join(lines)


class Student:
    """A student at a terminal of 80 columns and 24 rows."""

    def __init__(self, lab, *command):
        pexpect = pytest.importorskip("pexpect")
        pyte = pytest.importorskip("pyte")
        self.kernel = lab / "kernel.py"
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        environment = {
            "TERM": "linux",
            "PATH": f"{pathlib.Path(GRADER).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        arguments = list(map(str, command))
        self.ended = pexpect.EOF
        self.before: list[str] = []
        self.child = pexpect.spawn(GRADER, arguments, env=environment, dimensions=(24, 80), cwd=lab.parent)

    def sees(self, pattern):
        """Wait until the whole screen is a new one that has something; return it, times and seconds made equal."""
        import pexpect

        deadline = time.monotonic() + PATIENCE
        quiet = False  # nothing came for a moment, so the screen is drawn to its end
        while not (quiet and self.screen.display != self.before and self.shows(pattern)):
            assert time.monotonic() < deadline, "\n".join(self.screen.display)
            try:
                self.stream.feed(self.child.read_nonblocking(65536, timeout=0.05))
                quiet = False
            except pexpect.TIMEOUT:
                quiet = True
        self.before = self.screen.display
        text = "\n".join(line.rstrip() for line in self.screen.display)
        return re.sub(r"\d\d:\d\d:\d\d  \d+\.\d\d s", "12:00:00  0.10 s", text).rstrip() + "\n"

    def shows(self, pattern):
        return re.search(pattern, "\n".join(self.screen.display))

    def saves(self, old="", new=""):
        """Save the kernel with a change, by renaming as editors do."""
        other = self.kernel.with_suffix(".new")
        other.write_text(kernel_text(old, new))
        other.replace(self.kernel)

    def presses(self, key):
        self.child.send(key)


#: What a student saves, one after the other, and what the screen then shows: mistakes of five kinds, each put right.
EDITS = [
    (("", ""), "All 2 public scenarios pass"),
    (("frames.zero(frame)", "frames.zeros(frame)"), "CRASH  touch/touch.*zeros"),
    (("class SmallKernel(Kernel)", "class SmallKernel(Kernel"), "CRASH  touch/touch.*SyntaxError"),
    (("", ""), "All 2 public scenarios pass"),
    (COPIES_NOTHING, "FAIL  share/fork"),
    (("", ""), "All 2 public scenarios pass"),
    (("process.page_table.map(page, frame, region.protection)", "pass"), "STUCK  touch/touch"),
    (("", ""), "All 2 public scenarios pass"),
    (("self.regions[child] = ", 'raise NotImplementedError("fork")  # '), "todo  share/fork"),
    (("", ""), "All 2 public scenarios pass"),
]


@pytest.mark.proof
def test_an_hour_of_a_student(tmp_path):
    """Ten edits, a hint, the steps, the list, the quiz, and quitting: what the screen showed is a golden text."""
    lab = recorded(tmp_path)
    student = Student(lab, "watch", "small")
    shown = [student.sees(r"(?s)todo  touch/touch.*\d s  +h hint")]
    for (old, new), expected in EDITS:
        student.saves(old, new)
        shown.append(student.sees(rf"(?s){expected}.*\d s  +h hint"))
        if expected.startswith("FAIL"):
            for key, what in (("h", "no hint"), ("s", "C forks|P forks C"), ("p", "As a page"), ("l", "task 2")):
                student.presses(key)
                shown.append(student.sees(what))
        if expected.startswith("STUCK"):
            student.presses("h")
            shown.append(student.sees("What is a fault"))
    student.presses("q")
    student.child.expect(student.ended)
    student.child.wait()

    assert student.child.exitstatus == 0
    quiz = Student(lab, "quiz", "small")
    shown.append(quiz.sees("How many copies"))
    quiz.presses("7\r")
    shown.append(quiz.sees("(?s)See it happen.*next question"))
    quiz.presses("r\r")
    quiz.sees("How many copies(?s:.*)How many copies")
    quiz.presses("1\r")
    shown.append(quiz.sees("(?s)ok    copies.*next question"))
    quiz.presses("\r")
    shown.append(quiz.sees("Who copies"))
    quiz.presses("q\r")
    quiz.child.expect(quiz.ended)
    assert_message("watch-hour", ("=" * 80 + "\n").join(shown))
