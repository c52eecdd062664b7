"""`grader show`, `check`, `record`, `list`, `quiz`."""

import json

import pytest

from tests.labs import FORK, QUIZ, TOUCH, kernel_text
from tests.messages import assert_message


def test_show_tells_a_scenario_word_for_word(cli, lab, monkeypatch):
    """Step by step: what happens, what it costs, and the address spaces with their frames."""
    monkeypatch.chdir(lab.parent)

    assert_message("show-fork", cli("show", "small", "fork")[1])


def test_show_draws_two_programs_and_their_frames(cli, root, monkeypatch):
    """The lab page's two pictures: after a fork all is shared, and in the end what was written has split."""
    monkeypatch.chdir(root)

    assert_message("show-sections", cli("show", "labs/file-backed", "sections-of-a-program")[1])


def test_show_draws_what_is_out(cli, root, monkeypatch):
    """A page on swap is told from one that was never touched, with its slot, and two that share a slot point to it."""
    monkeypatch.chdir(root)

    assert_message("show-swap", cli("show", "labs/swapping", "out-again-for-nothing")[1])


def test_show_draws_what_a_clock_looks_at(cli, root, monkeypatch):
    """Where the clock replaces, an entry's accessed bit is drawn beside its dirty bit."""
    monkeypatch.chdir(root)

    assert_message("show-clock", cli("show", "labs/swapping", "second-chance")[1])


def test_show_has_the_slots_after_a_step_that_moves_every_page(cli, root):
    """However often pages come and go in one step, each is in the slot that it was written to last."""
    _, out, _ = cli("show", root / "labs" / "tlb", "round-and-round")
    last = out[out.index("  5   ") :]

    assert "h[0]     out             slot 2\n" in last and "h[1]     out             slot 0\n" in last


def test_show_tells_a_submissions_run_up_to_the_difference(cli, lab, tmp_path):
    """With a submission its own run is shown, and where it differs."""
    kernel = tmp_path / "k.py"
    kernel.write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", "pass"))
    status, out, _ = cli("show", lab, "fork", "--submission", kernel)

    assert status == 1
    assert "the run of your kernel" in out and "first difference: audit" in out
    assert "C writes 2" not in out


def test_show_of_a_stub_says_what_is_to_be_written(cli, root):
    """A method that is still the stub's is no crash."""
    stub = root / "labs" / "copy-on-write"
    status, out, _ = cli("show", stub, "fork-copies-nothing", "--submission", stub)

    assert status == 1
    assert "-> not implemented" in out and "crashed" not in out


def test_show_ends_with_what_the_kernel_printed(cli, lab, tmp_path):
    """Prints of the one scenario, below the story and apart from it."""
    kernel = tmp_path / "kernel.py"
    begin = "    def fork(self, parent, child):\n"
    kernel.write_text(kernel_text(begin, f"{begin}        print('forking', parent.pid)\n"))
    status, out, _ = cli("show", lab, "fork", "--submission", kernel)

    assert status == 0
    assert out.endswith("\n  your kernel printed:\n    | forking 1\n")


def test_check_proves_a_sound_lab(cli, lab):
    """Files, quiz, reference, stub: each proof has its line, and the status is 0."""
    status, out, _ = cli("check", lab)

    assert status == 0
    assert "meets every expectation in 3 scenarios" in out
    assert "is not implemented anywhere" in out
    assert "the model sheet has full marks" in out


def test_check_finds_all_problems_of_a_lab(cli, lab):
    """A missing handout, a stale output, a wrong expectation and a broken quiz are found in one go."""
    (lab / "README.md").unlink()
    (lab / "scenarios" / "touch.yaml").write_text(TOUCH.replace("faults: 2", "faults: 1"))
    (lab / "quiz.yaml").write_text(QUIZ.replace("after: 4", "after: 9"))
    status, out, _ = cli("check", lab)

    assert status == 2
    assert "README.md: the file is missing" in out
    assert "stale: scenario touch was changed" in out
    assert "small/scenarios/touch.yaml:7: step 2: expected faults 1; the reference shows faults 2" in out
    assert "quiz.yaml:8: after is 9; fork has steps 1 to 4" in out


@pytest.mark.parametrize(
    ("back", "told"),
    [
        ("small", "builds_on: small -> other -> small is a circle; a lab builds on an earlier one"),
        ("other", ""),
        ("", ""),
    ],
)
def test_check_finds_a_circle_of_labs(cli, lab, back, told):
    """Neither could come first. One that this lab is not in is a problem of others."""
    (lab.parent / "other").mkdir()
    (lab.parent / "other" / "lab.yaml").write_text(f"format: 1\nbuilds_on: {back}\n" if back else "format: 1\n")
    with (lab / "lab.yaml").open("a") as file:
        file.write("builds_on: other\n")
    status, out, _ = cli("check", lab)

    assert (status, told in out, "circle" in out) == ((2, True, True) if told else (0, True, False))


def test_check_finds_a_lab_that_builds_on_itself(cli, lab):
    """The smallest circle."""
    with (lab / "lab.yaml").open("a") as file:
        file.write("builds_on: small\n")

    assert "builds_on: small -> small is a circle" in cli("check", lab)[1]


@pytest.mark.parametrize(
    ("named", "told"),
    [("smal-lab", "no lab 'smal-lab' here; did you mean 'small-lab'"), ("small-lab", ""), ("other", "")],
)
def test_check_finds_a_misspelt_lab(cli, lab, named, told):
    """A `builds_on` that is nearly the name of a lab beside this one is a problem; one that is not here is none."""
    (lab.parent / "small-lab").mkdir()
    (lab.parent / "small-lab" / "lab.yaml").write_text("format: 1\n")
    with (lab / "lab.yaml").open("a") as file:
        file.write(f"builds_on: {named}\n")
    status, out, _ = cli("check", lab)

    assert (status, told in out, "builds_on" in out) == ((2, True, True) if told else (0, True, False))


def test_check_of_a_stub_that_does_something_fails(cli, lab):
    """A stub that is not NotImplementedError everywhere is no stub: exit status 1."""
    (lab / "kernel.py").write_text(kernel_text())
    status, out, _ = cli("check", lab)

    assert status == 1
    assert "the stub's verdict is passed, not not_implemented" in out


@pytest.mark.parametrize("file", ["reference/slip.py", "kernel.py"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\nclas SmallKernel:\n", ":2: this file cannot be loaded: SyntaxError: invalid syntax"),
        ("x = 1\n1 / 0\n", ":2: this file cannot be loaded: ZeroDivisionError: division by zero"),
        (
            "class SmalKernel:\n    pass\n",
            " has no class SmallKernel, which lab.yaml names; did you mean 'SmalKernel'?",
        ),
    ],
)
def test_a_kernel_that_cannot_be_loaded(cli, lab, file, text, told):
    """An author's slip in the reference or the stub is no bug of the grader: file and line, and no traceback."""
    (lab / file).write_text(text)
    if file != "kernel.py":
        (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text().replace("reference/small.py", file))
    status, out, err = cli("check", lab, lab)

    assert (status, err) == (2, "")
    assert out.count(f"{lab / file}{told}") == 2  # the labs after it are checked, too


def test_a_package_that_cannot_be_loaded_is_not_taken_for_a_loaded_one(cli, lab):
    """The second check of the same process names file and line as the first did."""
    package = lab / "half" / "__init__.py"
    package.parent.mkdir()
    package.write_text("x = 1\n1 / 0\n")
    (lab / "half" / "small.py").write_text((lab / "reference" / "small.py").read_text())
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text().replace("reference/small.py", "half/small.py"))
    out = cli("check", lab, lab)[1]

    assert out.count(f"{package}:2: this file cannot be loaded: ZeroDivisionError") == 2


def test_record_prints_what_changed(cli, lab):
    """A changed scenario is one line; then nothing changes."""
    (lab / "scenarios" / "fork.yaml").write_text(FORK.replace("value: 2", "value: 3"))
    first, second = cli("record", lab), cli("record", lab)

    assert "fork: " in first[1] and "1 changed; 3 scenarios" in first[1]
    assert "0 changed" in second[1]


def test_list_names_labs_and_scenarios(cli, lab, monkeypatch):
    """Inside a lab its scenarios are listed by task, with points and titles; hidden ones are not."""
    monkeypatch.chdir(lab)
    out = cli("list")[1]

    assert "task 2  Fork  (40 points)" in out and "A child shares" in out
    assert "secret" not in out


def test_quiz_marks_a_sheet(cli, lab, tmp_path):
    """Full marks are exit status 0; a wrong answer has its reason and its section, and is 1."""
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("copies: 1\nwho: writer\n")
    assert cli("quiz", lab, "--answers", sheet)[0] == 0
    sheet.write_text("copies: 2\nwho: child\n")
    status, out, _ = cli("quiz", lab, "--answers", sheet)

    assert status == 1
    assert "The parent may write first." in out and "Read again: 2. Fork" in out


def test_quiz_shows_open_questions_and_writes_a_template(cli, lab):
    """Without a sheet the questions are shown; --template writes one that answers nothing."""
    status, out, _ = cli("quiz", lab)
    template = cli("quiz", lab, "--template")[1]

    assert status == 1
    assert "How many copies?" in out and "writer: The writer" in out
    assert "copies:\n" in template and "# one of writer, child" in template


def test_quiz_as_json(cli, lab, tmp_path):
    """--format json gives the marks as `run` does."""
    sheet = tmp_path / "s.yaml"
    sheet.write_text("copies: many\nnobody: x\n")
    plain = json.loads(cli("quiz", lab, "--answers", sheet, "--format", "json")[1])["quiz"]

    assert plain["questions"][0]["verdict"] == "invalid"
    assert plain["problems"] == ["the quiz has no question 'nobody'"]


def test_a_sheet_that_is_none_is_told(cli, lab, tmp_path):
    """A sheet with an alias is graded as empty, with the reason and the line."""
    sheet = tmp_path / "s.yaml"
    sheet.write_text("copies: &a 1\nwho: *a\n")
    status, out, _ = cli("quiz", lab, "--answers", sheet)

    assert status == 1
    assert "not read: line 1: an anchor" in out
    assert cli("quiz", lab, "--answers", tmp_path / "none.yaml")[0] == 2


def test_fuzz_finds_a_misconception_and_writes_the_scenario(cli, root, tmp_path):
    """The explanation is on the screen, the scenario in the file, and the exit status says that something differs."""
    output = tmp_path / "found.yaml"
    lab = root / "labs" / "copy-on-write"
    status, out, _ = cli("fuzz", lab, "--submission", "misconception:parent_w", "--seed", 1, "--output", output)

    assert status == 1
    assert "Found a difference and shrank it" in out
    assert "fork: {by: P, child: C1}" in output.read_text()


def test_fuzz_proves_the_rules_to_an_author(cli, root):
    """Without a submission it tries the reference and every misconception, and says the seed."""
    status, out, _ = cli("fuzz", root / "labs" / "shared-memory", "--seed", 2, "--examples", 40)

    assert status == 1
    assert "40 random scenarios, seed 2" in out
    assert "ok   the reference keeps every rule" in out
    assert "FAIL no scenario catches " in out


def test_fuzz_of_a_stub_says_that_nothing_was_judged(cli, root):
    """A search that could judge nothing is no proof of anything."""
    lab = root / "labs" / "copy-on-write"
    status, out, _ = cli("fuzz", lab, "--submission", lab, "--examples", 5, "--seed", 1)

    assert status == 1
    assert "5 of them could not be judged" in out


def test_fuzz_without_scenarios_is_refused(cli, root):
    """No search of no scenario."""
    status, _, err = cli("fuzz", root / "labs" / "copy-on-write", "--examples", 0)

    assert status == 2
    assert "--examples 0: expected a number, 1 or more" in err


def test_show_draws_the_state_after_a_step(cli, lab, tmp_path):
    """`--format svg` writes one picture, to a file or to standard output, the same bytes."""
    status, out, _ = cli("show", lab, "fork", "--step", 3, "--format", "svg")
    cli("show", lab, "fork", "--step", 3, "--format", "svg", "--output", tmp_path / "fork.svg")

    assert status == 0 and out.startswith("<?xml") and "<title>Step 3: P forks C</title>" in out
    assert (tmp_path / "fork.svg").read_text(encoding="utf-8") == out


def test_show_tells_one_step_only(cli, lab, monkeypatch):
    """`--step` in text shows the state after it even where the step changed nothing."""
    monkeypatch.chdir(lab.parent)
    assert_message("show-step", cli("show", "small", "fork", "--step", 3)[1])


def test_show_draws_a_submissions_own_run(cli, lab, tmp_path):
    """A kernel that leaves the parent writable is drawn as it is, not as the reference would be."""
    mine = tmp_path / "kernel.py"
    mine.write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", "pass"), encoding="utf-8")
    status, out, _ = cli("show", lab, "fork", "--step", 3, "--format", "svg", "--submission", mine)

    assert status == 1 and "P: h[0] heap rw- dirty to a (1)" in out


def test_a_step_that_a_run_did_not_finish_has_no_picture(cli, lab, tmp_path):
    """The message names the last step that has one: the step itself was begun, so the run did not end before it."""
    mine = tmp_path / "kernel.py"
    first = "        if old is not None and self.users[old.frame] == 1:"
    mine.write_text(kernel_text(first, f"        if old is not None:\n            import os; os._exit(3)\n{first}"))
    status, _, err = cli("show", lab, "fork", "--step", 4, "--format", "svg", "--submission", mine)

    assert status == 2 and f"--step 4: the last step with a state is 3 in the run of {mine}" in err


def test_show_writes_and_opens_a_page(cli, lab, tmp_path, monkeypatch):
    """`--format html` is one page with every step; `--open` hands its address to the browser."""
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    path = tmp_path / "fork.html"
    status, out, _ = cli("show", lab, "fork", "--format", "html", "--output", path, "--open")

    assert status == 0 and opened == [path.as_uri()] and out == f"{path}\n"
    assert path.read_text(encoding="utf-8") == cli("show", lab, "fork", "--format", "html")[1]


def test_show_says_where_the_page_is_if_no_browser_starts(cli, lab, tmp_path, monkeypatch):
    """The page stays, and can be opened by hand."""
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    path = tmp_path / "fork.html"
    status, _, err = cli("show", lab, "fork", "--format", "html", "--output", path, "--open")

    assert status == 2 and path.is_file()
    assert f"{path}: no browser could be started; open this file in one yourself" in err


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--open",), "--open shows a page: add --format html"),
        (("--format", "html", "--step", "2"), "--format html has every step: leave out --step"),
        (("--format", "svg"), "--format svg draws the state after one step: add --step N"),
        (("--step", "9", "--format", "svg"), "--step 9: fork has steps 1 to 4"),
        (("--step", "0"), "--step 0: fork has steps 1 to 4"),
        (("--step", "1", "--format", "svg", "--output", "/nowhere/x.svg"), "/nowhere/x.svg: No such file or directory"),
    ],
)
def test_show_refuses_what_cannot_be_drawn(cli, lab, more, complaint):
    """Each complaint names the option and the way out."""
    status, _, err = cli("show", lab, "fork", *more)

    assert status == 2 and complaint in err


def test_the_step_that_differs_is_shown_on_the_reference_too(lab, cli):
    """Both states stand one below the other; a run that agrees has nothing to compare."""
    work = lab.parent / "work"
    work.mkdir()
    (work / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    told = cli("show", lab, "fork", "--submission", work)[1]
    (work / "kernel.py").write_text(kernel_text())

    assert told.count("  4   C writes 2 to h\n      -> ok, 1 fault, 2 frames in use") == 1
    assert told.count("  4   on the reference:\n      -> ok, 1 fault, 1 copy, 2 frames in use") == 1
    assert "on the reference" not in cli("show", lab, "fork", "--submission", work)[1]
