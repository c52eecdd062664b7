"""`grader run`: verdicts, exit statuses, what a student reads."""

import json
import sys

import jsonschema
import pytest

from grader.report.json_result import SCHEMA
from tests.labs import FORK, LAB, kernel_text, recorded
from tests.messages import assert_message

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
FORK_DEF = "    def fork(self, parent, child):\n"
PROTECT = "parent.page_table.protect(page, kept, cow=True)"


def result_of(cli, lab, *options):
    status, out, _ = cli("run", lab, "--format", "json", *options)
    result = json.loads(out)
    VALIDATOR.validate(result)
    return status, result


def submit(lab, text, answers=None):
    folder = lab.parent / "work"
    folder.mkdir(exist_ok=True)
    (folder / "kernel.py").write_text(text)
    if answers:
        (folder / "answers.yaml").write_text(answers)
    return folder


def verdicts(result):
    return {s["id"]: s["verdict"] for s in result["scenarios"]}


def test_the_model_answer_has_all_points(cli, lab):
    """reference: 100 of 100 and exit status 0, hidden scenarios and quiz included."""
    status, result = result_of(cli, lab, "--submission", "reference")

    assert (status, result["points"], result["max_points"]) == (0, 100, 100)
    assert result["isolation"]["got"] in ("L1", "L2S", "L2", "L3")


def test_an_empty_stub_is_not_implemented_everywhere(cli, lab):
    """Nothing crashes, nothing waits: every scenario says what is missing; exit status 1, and no traceback."""
    status, result = result_of(cli, lab)

    assert status == 1
    assert set(verdicts(result).values()) == {"not_implemented"}
    assert "Traceback" not in json.dumps(result)


def test_a_mistake_costs_points_and_is_explained(cli, lab):
    """A parent left writable: the audit names the pages at the fork; the quiz is marked beside it."""
    work = submit(lab, kernel_text(PROTECT, "pass"), "copies: 1\nwho: child\n")
    status, result = result_of(cli, lab, "--submission", work)
    fork = next(s for s in result["scenarios"] if s["id"] == "fork")

    assert status == 1
    assert (fork["verdict"], fork["divergence"]["rule"], fork["divergence"]["step"]) == ("failed", "audit", 3)
    assert result["quiz"]["points"] == 1
    assert result["points"] == 55


def fails_in_both_tasks():
    """A kernel that takes a frame too many at each first touch, and leaves the parent's pages writable."""
    text = kernel_text("            self.hw.frames.zero(frame)", "            pass")
    return text.replace(PROTECT, "pass").replace(
        "        frame = self.hw.frames.allocate()",
        "        frame = self.hw.frames.allocate()\n        self.hw.frames.allocate()",
    )


def test_a_task_waits_for_the_one_it_needs(cli, lab):
    """A scenario that does not pass is `waiting` while a needed task's public scenarios have not all passed."""
    _, result = result_of(cli, lab, "--submission", submit(lab, fails_in_both_tasks()))
    found = verdicts(result)

    assert found["touch"] == "failed"
    assert found["fork"] == "waiting"
    assert next(s for s in result["scenarios"] if s["id"] == "fork")["message"] == "waits until task 1 passes"


def test_what_waits_is_listed_where_all_is_told(cli, lab):
    """-v names it after the failures, hidden ones by number, and says why; without -v it is counted alone."""
    work = submit(lab, fails_in_both_tasks())
    _, out, _ = cli("run", lab, "--submission", work, "-v")
    _, short, _ = cli("run", lab, "--submission", work)

    assert "secret" not in out
    assert_message("run-waiting", out.partition("\n0 of 2 public")[0])
    assert "  waits    fork" not in short


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("raise KeyError('x')", "crashed"),
        ("import sys; sys.exit(0)", "crashed"),
        ("import os; os._exit(0)", "crashed"),
        ("raise NotImplementedError('task 2: fork')", "not_implemented"),
        ("return None", "failed"),
        ("import numpy", "refused"),
    ],
)
def test_trouble_in_one_method_is_the_verdict_of_that_scenario_alone(cli, lab, line, verdict):
    """The rest is graded as if nothing had happened."""
    work = submit(lab, kernel_text(FORK_DEF, f"{FORK_DEF}        {line}\n"))
    _, result = result_of(cli, lab, "--submission", work)

    assert verdicts(result)["touch"] == "passed"
    assert verdicts(result)["fork"] == verdict


@pytest.mark.parametrize(("text", "words"), [("def f(:\n", "SyntaxError"), ("import nowhere\n", "nowhere is neither")])
def test_source_that_does_not_load(cli, lab, text, words):
    """A syntax error or a bad import is told with the student's own line, in every scenario."""
    _, result = result_of(cli, lab, "--submission", submit(lab, text))

    assert all(s["verdict"] in ("crashed", "refused", "waiting") for s in result["scenarios"])
    assert words in result["scenarios"][0]["message"]


def test_a_submission_that_intake_rejects_is_refused(cli, lab):
    """A folder without a kernel is graded: refused, no points, exit status 1."""
    work = submit(lab, "x")
    (work / "kernel.py").unlink()
    status, result = result_of(cli, lab, "--submission", work)

    assert (status, verdicts(result)["touch"]) == (1, "refused")
    assert "no kernel.py in work" in result["scenarios"][0]["message"]


def test_prints_are_shown_apart_and_capped(cli, lab):
    """What a kernel prints stands in `output`, harmless and cut."""
    work = submit(lab, kernel_text(FORK_DEF, f"{FORK_DEF}        print('\\x1b[2J' + 'y' * 9000)\n"))
    _, result = result_of(cli, lab, "--submission", work)
    fork = next(s for s in result["scenarios"] if s["id"] == "fork")

    assert fork["output"].startswith("\\e[2Jyyy")
    assert fork["output_truncated"] is True and len(fork["output"]) < 5000


def test_what_fails_in_all_scenarios_is_told_once(cli, lab):
    """A syntax error: the line, how many scenarios it costs, and to mend that first."""
    touch = lab / "scenarios" / "touch.yaml"
    touch.with_name("again.yaml").write_bytes(touch.read_bytes())
    cli("record", lab)
    work = submit(lab, "def broken(:\n    pass\n")
    out = cli("run", lab, "--submission", work)[1]

    assert out.count("SyntaxError") == 1
    assert "before the first step\n    kernel.py:1\n        def broken(:" in out
    assert "The same in 1 more scenario." in out
    assert "Next: fix the line above; no scenario can run until then." in out


def test_a_kernel_that_passes_and_prints_is_told_where_to_look(cli, lab):
    """Prints of scenarios that passed are not in the report; it says how to see them."""
    work = submit(lab, kernel_text(FORK_DEF, f"{FORK_DEF}        print('forking')\n"))
    out = cli("run", lab, "--submission", work)[1]

    assert "forking" not in out
    assert f"that passed. To see what:\n  grader show {lab} fork --submission {work}" in out


def test_hidden_scenarios_only_say_whether_they_passed(cli, lab):
    """A student sees one entry per task with hidden scenarios, without a rule or a value; staff sees all."""
    work = submit(lab, kernel_text(PROTECT, "print('in hidden')"))
    _, student = result_of(cli, lab, "--submission", work)
    _, staff = result_of(cli, lab, "--submission", work, "--audience", "staff")
    hidden = next(s for s in student["scenarios"] if s["visibility"] == "hidden")

    assert hidden["id"] == "hidden-1"
    assert hidden["message"] == "not passed: the hidden scenario"
    assert "secret" not in json.dumps(student)
    assert "secret" in verdicts(staff)


def test_changing_a_hidden_scenario_does_not_change_what_students_see(cli, tmp_path):
    """Non-interference: other names, values and steps, with the same verdict, give the same bytes."""
    texts = []
    for name, change in (("a", ""), ("b", "value: 55")):
        lab = recorded(tmp_path / name)
        path = lab / "hidden" / "secret.yaml"
        path.write_text(
            path.read_text().replace("value: 77", change or "value: 77").replace("secretname", "n" if change else "s")
        )
        cli("record", lab)
        work = submit(lab, kernel_text(PROTECT, "pass"))
        out = cli("run", lab, "--submission", work)[1]
        texts.append(out.replace(str(tmp_path / name), ""))

    assert texts[0] == texts[1]


def test_only_speaks_of_the_chosen_ones(cli, lab):
    """--only runs some scenarios; points, status and report speak of those."""
    status, result = result_of(cli, lab, "--submission", "reference", "--only", "to*")

    assert (status, list(verdicts(result)), result["only"]) == (0, ["touch"], "to*")
    assert cli("run", lab, "--only", "toch")[0] == 2
    assert "did you mean 'touch'?" in cli("run", lab, "--only", "toch")[2]


def test_the_quiz_can_be_marked_alone(cli, lab):
    """It is a task like others for `--only`; no scenario is run."""
    status, result = result_of(cli, lab, "--submission", "reference", "--only", "quiz")

    assert [(task["id"], task["points"]) for task in result["tasks"]] == [("quiz", 10)] and result["scenarios"] == []
    assert status == 0


def test_the_receipt_is_that_of_the_submission(cli, lab):
    """The same submission has the same receipt; another one has another."""
    receipts = []
    for text in (kernel_text(), kernel_text(), kernel_text(PROTECT, "pass")):
        receipts.append(result_of(cli, lab, "--submission", submit(lab, text))[1]["receipt"])

    assert receipts[0] == receipts[1] != receipts[2]


@pytest.mark.parametrize(
    ("line", "told"), [("1 / 0", "ZeroDivisionError"), ("raise SystemExit", "tried to end the program")]
)
def test_debug_shows_the_students_line(cli, lab, tmp_path, line, told):
    """In a folder called grader, too, and where the kernel is made: the report names the file and the line."""
    kernel = tmp_path / "grader" / "kernel.py"
    kernel.parent.mkdir()
    kernel.write_text(kernel_text("        super().__init__(hw)\n", f"        {line}\n"))
    status, out, _ = cli("run", lab, "--submission", kernel, "--debug")

    assert status == 1 and told in out
    assert f"{kernel}:" in out.replace("\n", "").replace("  ", "") and line in out


def test_debug_is_for_kernels_in_python(cli, root, tmp_path):
    """A kernel in C is answered with what works instead."""
    (tmp_path / "kernel.c").write_text("int x;\n")
    status, _, err = cli("run", root / "labs" / "demand-paging", "--submission", tmp_path, "--debug")

    assert status == 2
    assert f"--debug works for kernels in Python, and {tmp_path / 'kernel.c'} is in C; print with fl_log" in err


def test_a_hand_in_that_is_refused_is_not_shown(cli, lab, tmp_path):
    """The next step is the way out, not a command that ends with the same refusal."""
    (tmp_path / "work").mkdir()
    for name in ("kernel.py", "kernel.c"):
        (tmp_path / "work" / name).write_text("")
    _, out, _ = cli("run", lab, "--submission", tmp_path / "work")

    assert "\nNext: remove the one that is not yours; no scenario can run until then.\n" in out


def test_debug_runs_here_and_says_so(cli, lab):
    """--debug gives the same verdicts from the grader's own process, labelled unofficial."""
    work = submit(lab, kernel_text(PROTECT, "pass"))
    _, boxed = result_of(cli, lab, "--submission", work)
    _, debugged = result_of(cli, lab, "--submission", work, "--debug")

    assert verdicts(boxed) == verdicts(debugged)
    assert debugged["isolation"]["unofficial"] is True
    assert "UNOFFICIAL" in cli("run", lab, "--submission", work, "--debug")[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((LAB, "points: 50", "points: 60"), "the tasks' points add up to 110"),
        ((FORK, "task: share", "task: shar"), "small/scenarios/fork.yaml:3: task 'shar' is not in lab.yaml"),
        ((FORK, "fork:", "frok:"), "small/scenarios/fork.yaml:8: 'frok' is not a verb (did you mean 'fork'?)"),
        ((FORK, "value: 2", "value: 3"), "stale: scenario fork was changed since it was recorded; run `grader record"),
    ],
)
def test_a_broken_lab_is_exit_status_2_with_place_and_way_out(cli, lab, change, words):
    """The command stops before it grades anything."""
    text, old, new = change
    (lab / ("lab.yaml" if text == LAB else "scenarios/fork.yaml")).write_text(text.replace(old, new))
    status, out, err = cli("run", lab, "--submission", "reference")

    assert (status, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nowhere"), "nowhere: no lab.yaml there"),
        (("run", "{lab}", "--submission", "nowhere"), "nowhere: no such file or folder"),
        (("run", "{lab}", "--isolation", "L9"), "invalid choice: 'L9'"),
        (("rum",), "invalid choice: 'rum'"),
        (("show", "{lab}", "tuch"), "no scenario 'tuch'; did you mean 'touch'?"),
        (("run", "{lab}", "--submission", "misconception:x"), "no such misconception applies to small"),
    ],
)
def test_wrong_commands_are_exit_status_2(cli, lab, arguments, words):
    """What is wrong is named, with what would be right; nothing is a traceback."""
    status, _, err = cli(*(a.format(lab=lab) for a in arguments))

    assert status == 2
    assert words in err and "Traceback" not in err


def test_the_report_of_a_mistake_word_for_word(cli, lab, monkeypatch):
    """What a student with one mistake reads."""
    monkeypatch.chdir(lab.parent)
    submit(lab, kernel_text(PROTECT, "pass"))

    assert_message("run-parent-writable", cli("run", "small", "--submission", "work")[1])


def test_the_report_of_an_empty_stub_word_for_word(cli, lab, monkeypatch):
    """What a student reads on the first day."""
    monkeypatch.chdir(lab.parent)

    assert_message("run-stub", cli("run", "small")[1])


def test_output_goes_to_a_file_whole(cli, lab, tmp_path):
    """--output writes the report there and nothing to standard output."""
    target = tmp_path / "result.json"
    status, out, _ = cli("run", lab, "--submission", "reference", "--format", "json", "--output", target)

    assert (status, out) == (0, "")
    VALIDATOR.validate(json.loads(target.read_text()))


def test_output_that_cannot_be_written_is_named(cli, lab, tmp_path):
    """A folder that does not exist is exit status 2, with the name of the file that was asked for."""
    target = tmp_path / "nowhere" / "result.json"
    status, _, err = cli("run", lab, "--submission", "reference", "--output", target)

    assert (status, err) == (2, f"grader: {target}: No such file or directory\n")


def test_a_kernel_in_a_folder_below_is_found(cli, lab, tmp_path):
    """`run` finds the kernel where `batch` finds it, and says which sheet it took."""
    (tmp_path / "work" / "small").mkdir(parents=True)
    (tmp_path / "work" / "small" / "kernel.py").write_text(kernel_text())
    (tmp_path / "work" / "small" / "answers.yml").write_text("who: writer\n")
    status, out, _ = cli("run", lab, "--submission", tmp_path / "work")

    assert status in (0, 1) and "passed" not in out.splitlines()[0]
    assert "Note: small/answers.yml was taken for answers.yaml." in out


@pytest.mark.parametrize("key", ["q\n", "\x04", "\x03"], ids=["q", "ctrl-D", "ctrl-C"])
def test_leaving_the_debugger_ends_the_command(lab, key):
    """At breakpoint() in --debug, none of these keys goes on to the next scenario."""
    pexpect = pytest.importorskip("pexpect")
    work = submit(lab, kernel_text(FORK_DEF, f"{FORK_DEF}        breakpoint()\n"))
    words = ["-I", "-m", "grader", "run", str(lab), "--submission", str(work), "--debug"]
    child = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=30)
    child.expect(r"\(Pdb\) ")
    child.send(key)
    child.expect(pexpect.EOF)
    child.close()

    assert "grader: stopped" in child.before and child.exitstatus == 130
