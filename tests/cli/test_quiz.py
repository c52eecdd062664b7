"""`grader quiz`: asking, marking, folders, paper, exchange."""

import json
import os
import pathlib
import unicodedata

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.intake.submission import read_answers
from tests.marks import long_property
from tests.messages import assert_message
from tests.quiz.quizzes import MORE, VARIED


@pytest.fixture
def full(lab):
    """The small lab with a question of every type."""
    from tests.labs import QUIZ

    (lab / "quiz.yaml").write_text(QUIZ + MORE)
    return lab


def at_terminal(monkeypatch, *lines):
    """A terminal at which these lines are typed; then the input ends."""
    typed = iter(lines)

    def read(prompt):
        print(prompt, end="")
        line = next(typed, None)
        if line is None:
            raise EOFError
        print(line)
        return line

    monkeypatch.setattr("grader.cli.quiz._at_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_sheet_is_told_word_for_word(cli, full, monkeypatch):
    """Right, partly right, wrong, invalid and open, and what is wrong with the sheet."""
    monkeypatch.chdir(full.parent)
    sheet = pathlib.Path("sheet.yaml")
    sheet.write_text(
        "copies: 1\nshared: [code]\nsteps: [map]\nkinds:\n  - first = major\n  - file = major\nword: page table\nx: 1\n"
    )
    status, out, _ = cli("quiz", "small", "--answers", sheet)

    assert status == 1
    assert_message("quiz-marks", out)


def test_a_sitting_is_told_word_for_word(cli, full, monkeypatch):
    """Asked one by one, with feedback, left in the middle."""
    monkeypatch.chdir(full.parent)
    at_terminal(monkeypatch, "2", "", "1", "", "1 2", "q")
    status, out, _ = cli("quiz", "small")

    assert status == 1
    assert_message("quiz-asked", out)


def test_answers_are_in_the_sheet_at_once(cli, full, monkeypatch):
    """The sheet that was handed out is filled in; comments in it stay."""
    (full / "answers.yaml").write_text("# mine\ncopies:   # how many\nwho:\n")
    at_terminal(monkeypatch, "1")
    status, out, _ = cli("quiz", full)

    assert status == 1
    assert (full / "answers.yaml").read_text() == "# mine\ncopies: 1\nwho:\n"
    assert f"Your answers are in {full / 'answers.yaml'}; 6 left: run this command again." in " ".join(out.split("\n"))


def test_a_sheet_that_cannot_be_read_is_not_overwritten(cli, full, monkeypatch):
    """The reason and the way out; the file stays."""
    (full / "answers.yaml").write_text("copies: *x\n")
    at_terminal(monkeypatch, "1")
    status, _, err = cli("quiz", full)

    assert status == 2 and "an alias" in err and "fix it, or remove the file to start again" in err
    assert (full / "answers.yaml").read_text() == "copies: *x\n"


def test_a_template_never_replaces_answers(cli, full):
    """--template writes over an empty sheet and over nothing else."""
    path = full / "answers.yaml"
    assert cli("quiz", full, "--template", "--output", path)[0] == 0
    assert set(read_answers(path.read_bytes())) == {"copies", "who", "shared", "steps", "kinds", "word", "about"}
    path.write_text("copies: 1\n")
    status, _, err = cli("quiz", full, "--template", "--output", path)

    assert status == 2 and "this sheet already has answers" in err


@pytest.mark.parametrize("format", ["text", "junit", "markdown", "github", "gradescope"])
def test_marks_of_a_sheet_say_nothing_of_scenarios(cli, full, format):
    """No report for people counts scenarios, hidden ones or others, where a quiz alone was marked."""
    _, out, _ = cli("quiz", full, "--format", format)

    assert out
    assert "hidden scenario" not in out and "public scenario" not in out


@pytest.mark.parametrize("format", ["json", "junit", "markdown", "github", "gradescope"])
def test_marks_in_the_formats_of_run(cli, full, root, tmp_path, format):
    """Each report holds the quiz's points; the JSON fits the schema of results."""
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("copies: 1\nwho: child\n")
    status, out, _ = cli("quiz", full, "--answers", sheet, "--format", format)

    assert status == 1 and out
    if format == "json":
        result = json.loads(out)
        jsonschema.validate(result, json.loads((root / "grader" / "report" / "result.schema.json").read_text()))
        assert (result["quiz"]["points"], result["points"], result["max_points"]) == (1, 1.11, 10)


def test_a_folder_of_sheets(cli, full, tmp_path):
    """A line each, the class's statistics for staff, JSON for machines; invalid answers and links are named."""
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "ada.yaml").write_text("copies: 1\nwho: child\n")
    (folder / "bob.yaml").write_text("copies: many\nwho: child\n")
    (folder / "eve.yaml").symlink_to(folder / "ada.yaml")
    status, out, _ = cli("quiz", full, "--answers", folder, "--audience", "staff")

    assert status == 1
    assert "ada           1/9       1     0      1     5        0" in out
    assert "copies: 'many' is not a valid answer to this question" in out
    assert "symbolic links are not followed" in out
    assert "3 sheets, 0.33 of 9 points on average" in out
    assert "2 of them: The parent may write first." in out
    sheets = json.loads(cli("quiz", full, "--answers", folder, "--format", "json")[1])["sheets"]
    assert [sheet["submission"] for sheet in sheets] == ["ada", "bob", "eve"]
    assert cli("quiz", full, "--answers", folder, "--format", "junit")[0] == 2


def test_the_model_sheet_has_full_marks(cli, full, tmp_path):
    """--model writes what --answers finds right."""
    cli("quiz", full, "--model", "--output", tmp_path / "model.yaml")

    assert cli("quiz", full, "--answers", tmp_path / "model.yaml")[0] == 0


def test_paper_has_no_keys_unless_staff_asks(cli, full):
    """The key sheet is a page of its own."""
    student, staff = cli("quiz", full, "--print")[1], cli("quiz", full, "--print", "--audience", "staff")[1]

    assert "\f" not in student and "It needs a frame" not in student
    assert staff.startswith(student) and "It needs a frame" in staff


def test_the_same_seed_gives_the_same_variant_and_marks_it(cli, root, tmp_path):
    """A template for a student's id says whose it is, and is marked as that variant, with and without --seed."""
    lab = _varied_lab(root, tmp_path, VARIED)
    sheet = tmp_path / "ada.yaml"
    sheet.write_text(cli("quiz", lab, "--template", "--seed", "ada")[1].replace("\ncopies:", "\ncopies: 4"))

    assert read_answers(sheet.read_bytes())["variant"] == "ada"
    assert "ok    copies" in cli("quiz", lab, "--answers", sheet)[1]
    assert "ok    copies" in cli("quiz", lab, "--answers", sheet, "--seed", "ada")[1]
    other = cli("quiz", lab, "--answers", sheet, "--seed", "bob")[1]
    assert "FAIL  copies" in other
    assert "the sheet is for the variant 'ada', but was marked as the variant 'bob'" in " ".join(other.split())


@pytest.mark.parametrize(
    ("rule", "name", "points", "told"),
    [
        ("", "ada", 0, "for the variant 'ada', but was marked as the first variant, because the course decides which"),
        ("seed: ada\n", "bob", 1, None),
        ("seed: s3\n", "ada", 0, "the sheet is for the variant 'ada', but was marked as the variant 's3'"),
        ("seed: '{student}'\n", "ada", 1, None),
        ("seed: '{student}'\n", "bob", 0, "the sheet is for the variant 'ada', but was marked as the variant 'bob'"),
    ],
)
def test_the_course_decides_whose_numbers_count(cli, root, tmp_path, rule, name, points, told):
    """A sheet in a folder that the course marks chooses its own numbers only if they are its student's."""
    lab = _varied_lab(root, tmp_path, VARIED.replace("questions:", f"{rule}questions:", 1))
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    sheet = cli("quiz", lab, "--template", "--seed", "ada")[1].replace("\ncopies:", "\ncopies: 4")
    (sheets / f"{name}.yaml").write_text(sheet)
    [marked] = json.loads(cli("quiz", lab, "--answers", sheets, "--format", "json")[1])["sheets"]

    assert next(q for q in marked["quiz"]["questions"] if q["id"] == "copies")["points"] == points
    assert [told in problem for problem in marked["quiz"].get("problems", [])] == ([True] if told else [])


def test_marks_of_practice_say_whose_numbers_the_course_marks(cli, root, tmp_path):
    """One sheet is marked with its own numbers; where the quiz states a seed, its reader learns which ones count."""
    lab = _varied_lab(root, tmp_path, VARIED.replace("questions:", "seed: s3\nquestions:", 1))
    sheet = tmp_path / "ada.yaml"
    sheet.write_text(cli("quiz", lab, "--template", "--seed", "ada")[1].replace("\ncopies:", "\ncopies: 4"))
    out = " ".join(cli("quiz", lab, "--answers", sheet)[1].split())

    assert "ok copies" in out
    assert "This was practice with the variant 'ada'. The course marks the variant 's3'." in out
    assert read_answers(cli("quiz", lab, "--template")[1].encode())["variant"] == "s3"


def _varied_lab(root, tmp_path, text):
    """The copy-on-write lab with another quiz, as a folder."""
    import shutil

    shutil.copytree(root / "labs" / "copy-on-write", tmp_path / "labs" / "copy-on-write")
    (tmp_path / "quizzes").mkdir()
    (tmp_path / "quizzes" / "copy-on-write.yaml").write_text(text)
    (tmp_path / "reference").symlink_to(root / "reference")
    return tmp_path / "labs" / "copy-on-write"


def test_export_says_what_is_lost(cli, full, tmp_path):
    """The format on stdout, the losses on stderr, each once with the questions concerned."""
    status, out, err = cli("quiz", full, "--export", "gift")
    assert status == 0 and out.startswith("::copies::[markdown]How many copies? {")
    assert "  shared, kinds: its points" in err
    _, _, err = cli("quiz", full, "--export", "markdown", "--output", tmp_path / "md")
    assert {p.name for p in (tmp_path / "md").iterdir()} == {
        f"{id}.md" for id in ("shared", "who", "word", "about", "steps", "copies")
    }
    assert "left out, because the format has nothing like `match`" in err
    assert cli("quiz", full, "--export", "moodle")[1].startswith("<?xml")
    assert "name it with --output" in cli("quiz", full, "--export", "qti")[2]


def test_export_is_of_one_variant_and_says_so(cli, root, tmp_path):
    """No other system has variants as ours, or takes off what our penalty does."""
    text = VARIED.replace("title: Variants", "title: Variants\npenalty: 0.25", 1)
    lab = _varied_lab(root, tmp_path, text[: text.index("  - id: offered")])
    _, out, err = cli("quiz", lab, "--export", "gift", "--seed", "s3")

    assert "P writes 8 pages" in out or "P writes 4 pages" in out or "P writes 6 pages" in out
    assert "copies: its variants; this is the variant for s3" in err
    assert "copies: its penalty" in err


def test_import_makes_a_quiz_and_names_what_it_repaired(cli, tmp_path):
    """Warnings for repairs (status 1), errors for what is left out, 2 if nothing is left."""
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("# T\n\n## Question Text\n\nQ?\n\n## Question Answers\n\n- a\n+ b\n\n## Feedaback\n\nF.\n")
    bad.write_text("# T\n\n## Question Text\n\nQ?\n\n## Question Answers\n\n- a\n- b\n\n## Feedback\n\nF.\n")
    status, out, err = cli("quiz", "--import", good, bad)

    assert status == 1
    assert f"warning: {good}:12: the heading 'Feedaback' was read as 'Feedback'" in err
    assert f"error: {bad}:7: no answer is marked as right; left out" in err
    assert "id: t\n" in out and "why: F." in out
    assert cli("quiz", "--import", bad)[0] == 2
    assert cli("quiz", "--import", tmp_path / "none.md")[0] == 2


def test_import_reads_every_format_and_names_what_it_drops(cli, tmp_path):
    """Moodle XML, Aiken, GIFT and Markdown at once, each known by its name or its content; places on stderr."""
    answer = "<answer fraction='{}'><text>{}</text></answer>"
    question = f"<questiontext><text>M?</text></questiontext>{answer.format(100, 'true')}{answer.format(0, 'false')}"
    files = {
        "m.xml": f"<quiz>\n<question type='truefalse'>{question}</question>\n<question type='essay'/></quiz>",
        "a.txt": "A?\nA. x\nB. y\nANSWER: B\n",
        "g.gift": "G?{=x ~y}",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, out, err = cli("quiz", "--import", *(tmp_path / name for name in files))

    assert status == 1 and out.count("\n  - id: ") == 3
    assert "m.xml:3: an essay, which cannot be marked automatically; left out" in err
    assert "3 questions; 0 things repaired, 1 left out" in err


def test_import_refuses_what_it_cannot_read_in_a_line(cli, tmp_path):
    """With the file, the line and what is accepted."""
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE a [\n<!ENTITY b "c">]><quiz/>')
    status, _, err = cli("quiz", "--import", tmp_path / "bomb.xml")

    assert status == 2
    assert "bomb.xml:2: the file declares an entity ('b'), which is not allowed" in err and "Traceback" not in err


def test_an_export_comes_back_by_import(cli, full, tmp_path):
    """GIFT, out and in: as many questions, and nothing to remark."""
    (tmp_path / "q.gift").write_text(cli("quiz", full, "--export", "gift")[1])
    status, out, _ = cli("quiz", "--import", tmp_path / "q.gift")

    assert status == 0
    assert out.count("\n  - id: ") == 7


_HOSTILE = st.binary(max_size=200) | st.text(max_size=60).map(
    lambda text: f"copies: {json.dumps(text)}\nshared: [{json.dumps(text)}]\n{json.dumps(text)}: 1\n".encode(
        "utf-8", "replace"
    )
)


def harmless(text):
    """Whether a terminal would only show this: no control characters but line breaks, nothing that turns letters."""
    return all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in text)


@given(data=_HOSTILE, format=st.sampled_from(["text", "json", "junit", "gradescope", "github", "markdown"]))
@long_property(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sheet_makes_the_command_fail_or_print_commands(cli, full, tmp_path, data, format):
    """Any bytes: exit status 0 or 1, and text that a terminal can show."""
    sheet = tmp_path / "sheet.yaml"
    sheet.write_bytes(data)
    status, out, err = cli("quiz", full, "--answers", sheet, "--format", format)

    assert status in (0, 1) and err == ""
    assert harmless(out)


@given(data=_HOSTILE, name=st.sampled_from(["a", "\x1b[31mred", "b\u202ec", "d\ne"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_folder_of_sheets_makes_the_command_fail(cli, full, tmp_path, data, name):
    """Neither what is in the sheets nor what they are called."""
    import tempfile

    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        (pathlib.Path(folder) / f"{name}.yaml").write_bytes(data)
        status, out, err = cli("quiz", full, "--answers", folder, "--audience", "staff")

    assert status in (0, 1) and err == ""
    assert harmless(out)


@given(lines=st.lists(st.text(max_size=10) | st.sampled_from(["1", "", "b", "r", "1a 2b", "?", "1 2"]), max_size=12))
@long_property(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_typed_makes_the_conversation_fail(cli, full, lines):
    """Any lines at the terminal: what comes back is harmless, and the sheet can be read again."""
    (full / "answers.yaml").unlink(missing_ok=True)
    typed = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    with pytest.MonkeyPatch.context() as patch:
        shown = quietly_at_terminal(patch, *typed)
        status, out, err = cli("quiz", full)

    assert status in (0, 1) and err == ""
    assert harmless(out) and all(map(harmless, shown))
    if (full / "answers.yaml").exists():
        assert read_answers((full / "answers.yaml").read_bytes()) is not None


def quietly_at_terminal(patch, *lines):
    """As `at_terminal`, but what is typed is not echoed; the prompts."""
    typed, prompts = iter(lines), []

    def read(prompt):
        prompts.append(prompt)
        line = next(typed, None)
        if line is None:
            raise EOFError
        return line

    patch.setattr("grader.cli.quiz._at_terminal", lambda: True)
    patch.setattr("builtins.input", read)
    patch.setenv("NO_COLOR", "1")
    return prompts


def test_a_sheet_that_is_a_pipe_does_not_hang(cli, full, tmp_path):
    """Neither the one that is given nor the lab's own."""
    os.mkfifo(tmp_path / "pipe.yaml")
    status, _, err = cli("quiz", full, "--answers", tmp_path / "pipe.yaml")

    assert status == 2 and "not a regular file" in err


def test_an_answer_that_is_there_twice_is_not_overwritten(cli, full, monkeypatch):
    """The conversation does not begin before the sheet is mended."""
    (full / "answers.yaml").write_text("who: child\nwho: writer\n")
    at_terminal(monkeypatch, "1")
    status, _, err = cli("quiz", full)

    assert status == 2 and "who: line 2: the question is answered twice; leave one answer; fix it" in err
    assert (full / "answers.yaml").read_text() == "who: child\nwho: writer\n"


def test_further_answers_go_into_the_sheet_that_was_read(cli, full, tmp_path):
    """Not into the lab's own, which this command would not look at; without --answers that is the one."""
    sheet = tmp_path / "bob" / "answers.yaml"
    sheet.parent.mkdir()
    sheet.write_text("who: writer\n")
    given, own = cli("quiz", full, "--answers", sheet)[1], cli("quiz", full)[1]

    assert given.endswith(f"Write your answers into this sheet and run this command again:\n  {sheet}\n")
    assert own.endswith(f"this command again, or run it in a terminal:\n  {full / 'answers.yaml'}\n")


def test_a_folder_cannot_be_imported_but_its_files_can(cli, tmp_path):
    """The message names the folder and what to name instead."""
    status, _, err = cli("quiz", "--import", tmp_path)

    assert (status, err) == (2, f"grader: {tmp_path}: a folder; name the files in it, such as {tmp_path}/*.md\n")
