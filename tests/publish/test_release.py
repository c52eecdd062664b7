"""`grader release`: what students get, and what they must not get."""

import json
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.publish.beginnings import solutions
from grader.publish.leaks import contents, leaks, secret_files
from grader.publish.release import release, write_lab
from tests.conftest import ROOT
from tests.labs import kernel_text
from tests.marks import proofs_but

LAB = "copy-on-write"

#: What no student gets, of any lab.
SECRET_FILES = ("labs/*/hidden/*", "reference/**/*.py", "reference/answers/*", "quizzes/*.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The real copy-on-write lab, released."""
    path = tmp_path_factory.mktemp("release") / "out"
    release(load_lab(ROOT / "labs" / LAB), path)
    return path


@pytest.mark.parametrize("name", proofs_but(LAB, sorted(path.parent.name for path in ROOT.glob("labs/*/lab.yaml"))))
def test_no_secret_is_in_any_byte(name, root, folder, tmp_path):
    """No line of any lab's hidden scenario, of a reference, a misconception, a key or a model sheet is in any release.

    Written without the release's own search: against the repository's folders, wheel included.
    """
    if name != LAB:
        folder = tmp_path / "out"
        release(load_lab(root / "labs" / name), folder)
    lab, outputs = root / "labs" / name, root / "reference" / "outputs" / name
    secret = [path for pattern in SECRET_FILES for path in root.glob(pattern)]
    secret += [outputs / f"{path.stem}.json" for path in lab.glob("hidden/*.yaml")]
    public = [root / "README.md", *lab.glob("*.*"), *lab.glob("scenarios/*"), *root.glob("grader/**/*.*")]
    public += [outputs / f"{path.stem}.json" for path in lab.glob("scenarios/*.yaml")]
    known = {line for path in public if path.suffix != ".pyc" and path.is_file() for line in lines(path.read_bytes())}
    secrets = {line for path in secret for line in lines(path.read_bytes())} - known
    assert len(secrets) > 500

    for file, data in contents(folder):
        assert not secrets & set(lines(data)), file


def lines(data):
    return [line.strip() for line in data.splitlines() if len(line.strip()) > 30]


def test_no_hidden_name_and_no_key(folder, root):
    """Names of hidden scenarios and of their files, and the quiz's questions with keys, are in no file."""
    names = [path.stem.encode() for path in (root / "labs" / LAB / "hidden").glob("*.yaml")]
    assert len(names) > 10

    for name, data in contents(folder):
        assert not [n for n in names if n in data or n.decode() in name]
        assert b"right: true" not in data or name.endswith((".py", ".md", "schema.json")), name


def test_a_planted_secret_is_found(folder, root):
    """The control: one line of a hidden scenario in a released file, or in a zip, is found."""
    lab = load_lab(root / "labs" / LAB)
    secret = next(path for path in secret_files(lab) if path.suffix == ".py")
    line = max(secret.read_text().splitlines(), key=len)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("notes.txt", f"look:\n{line}\n{lab.hidden[0].id}\n")
    found = leaks(lab, folder)
    (folder / "more.zip").unlink()

    assert any(secret.name in told for told in found)
    assert any(lab.hidden[0].id in told for told in found)
    assert leaks(lab, folder) == []


def release_small(lab, folder, monkeypatch, readme):
    """Release a small lab from a grader whose README has these lines."""
    from grader.publish import wheel

    version, metadata, entry_points = wheel._metadata()
    told = (version, f"{metadata}\n{readme}\n", entry_points)
    monkeypatch.setattr(wheel, "_metadata", lambda: told)
    return release(load_lab(lab), folder)


def secret_steps():
    from tests.labs import SECRET

    return [line for line in SECRET.splitlines() if line.startswith("  - ")]


@pytest.mark.parametrize("step", range(2))
def test_a_step_that_the_readme_has_too_is_no_leak(lab, tmp_path, monkeypatch, step):
    """An example that happens to have one line of a hidden scenario tells nothing of it."""
    readme = f"An example:\n\n{secret_steps()[step]}\n  - exit: {{by: P}}  # and that is the end of it\n"

    assert release_small(lab, tmp_path / "out", monkeypatch, readme)


def test_two_steps_in_a_row_are_a_leak(lab, tmp_path, monkeypatch):
    """A piece of a hidden scenario in the README is found, in the wheel that carries it."""
    with pytest.raises(InputError, match="not released: forklab-.*METADATA contains a line of secret.yaml"):
        release_small(lab, tmp_path / "out", monkeypatch, "\n".join(secret_steps()[:2]))


def test_a_title_is_a_leak_wherever_it_stands(lab, tmp_path, monkeypatch):
    """It tells what a hidden scenario is about, alone or not."""
    with pytest.raises(InputError, match="contains a line of secret.yaml: 'title: The secret title"):
        release_small(lab, tmp_path / "out", monkeypatch, "title: The secret title of a hidden scenario")


def test_a_hidden_scenario_in_the_packed_quiz_is_found(lab, tmp_path):
    """As a comment, too: what is packed can be unpacked."""
    from tests.labs import SECRET

    quiz = lab / "quiz.yaml"
    quiz.write_text(quiz.read_text() + "".join(f"# {line}\n" for line in SECRET.splitlines()))
    with pytest.raises(InputError, match="not released: labs/small/quiz.packed contains a line of secret.yaml"):
        release(load_lab(lab), tmp_path / "out")


def test_a_quiz_that_students_could_not_use_is_not_released(lab, tmp_path):
    """A key that a hidden scenario gives cannot be computed without it: every run would end in an error."""
    quiz = lab / "quiz.yaml"
    text = quiz.read_text()
    assert "scenario: fork" in text
    quiz.write_text(text.replace("scenario: fork", "scenario: secretname"))
    with pytest.raises(InputError, match=r"could not use the quiz: .*quiz.packed:\d+: .*secretname"):
        release(load_lab(lab), tmp_path / "out")


def test_labs_of_an_installation_are_not_in_the_wheel(tmp_path, monkeypatch):
    """A grader that was installed from a built wheel has every lab's packed keys next to its code."""
    from grader.publish import wheel

    for name in ("code.py", "publish/labs/other/outputs/quiz/keys.json"):
        (tmp_path / "grader" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "grader" / name).write_text("")
    monkeypatch.setattr(wheel, "PACKAGE", tmp_path / "grader")

    assert wheel.package_files() == [tmp_path / "grader" / "code.py"]


def test_nothing_is_released_if_something_leaks(root, tmp_path, monkeypatch):
    """A leak ends the release with a reason, and the folder is gone."""
    monkeypatch.setattr("grader.publish.release.leaks", lambda lab, folder: ["README.md names the hidden scenario x-y"])

    with pytest.raises(InputError, match="not released: README.md names"):
        release(load_lab(root / "labs" / LAB), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_public_points_are_the_same(folder, root, cli):
    """The stub's and a half-way kernel's public points do not change; hidden ones are counted, not graded."""
    mine, yours = load_lab(root / "labs" / LAB), load_lab(folder / "labs" / LAB)

    assert yours.reference is None and yours.hidden == ()
    assert {s.id: mine.share(s) for s in mine.scenarios} == {s.id: yours.share(s) for s in yours.scenarios}
    assert mine.hidden_points() == yours.hidden_points()
    _, out, _ = cli("run", folder / "labs" / LAB)
    assert f"The {len(mine.hidden)} hidden ones" in out


def test_the_lab_hash_is_the_same_for_students(folder, root):
    """A student's result at home and in the course carry one lab_hash."""
    from grader.grade.receipt import lab_hash

    labs = load_lab(root / "labs" / LAB), load_lab(folder / "labs" / LAB)

    assert lab_hash(labs[0], "student") == lab_hash(labs[1], "student")


def test_the_quiz_stays_checkable(folder, root, cli):
    """The model sheet gets full marks against the packed questions, keys included."""
    sheet = root / "reference" / "answers" / f"{LAB}.yaml"
    status, out, _ = cli("quiz", folder / "labs" / LAB, "--answers", sheet)

    assert status == 0, out


@pytest.mark.parametrize("option", [("--model",), ("--print", "--audience", "staff"), ("--export", "gift")])
def test_a_release_does_not_write_down_the_answers(folder, cli, option):
    """The model sheet, the key sheet and exports are the course's; the quiz for paper is not."""
    status, out, err = cli("quiz", folder / "labs" / LAB, *option)

    assert (status, out) == (2, "")
    assert "writes down the right answers, which a released lab has only to mark sheets" in err
    assert cli("quiz", folder / "labs" / LAB, "--print")[0] == 0


def test_the_command_says_what_was_searched_and_what_the_packed_quiz_is(cli, lab, tmp_path):
    """It does not claim that no key is in it: quiz.packed has them."""
    out = cli("release", lab, "--output", tmp_path / "out")[1]

    assert "no line of a hidden scenario, reference, misconception or model answer" in out
    assert "quiz.packed holds the quiz with its answers" in out and "not secret" in out


def test_a_damaged_packed_quiz_is_said(folder, cli):
    """Not an exception: the file and the way out."""
    path = folder / "labs" / LAB / "quiz.packed"
    whole = path.read_bytes()
    path.write_bytes(whole[:-200] + b"AAAA\n")
    status, _, err = cli("quiz", folder / "labs" / LAB, "--answers", folder / "labs" / LAB / "answers.yaml")
    path.write_bytes(whole)

    assert status == 2
    assert "quiz.packed" in err and "fetch the lab again" in err


def test_the_wheel_runs_on_its_own(folder, tmp_path):
    """pip installs it without an index, and the grader in it grades the released lab, away from the repository."""
    (wheel,) = folder.glob("*.whl")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)
    program = f"import sys; sys.path.insert(0, {str(target)!r}); from grader.cli import main; import grader; " + (
        "print(grader.__file__); sys.exit(main(['run', 'labs/copy-on-write', '-q']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(str(target))
    assert re.search(r" 0 of [0-9.]+ points$", done.stdout.splitlines()[1])


def test_the_wheel_is_the_same_every_time(folder, tmp_path, monkeypatch, one_wheel):
    """The same sources make the same bytes; RECORD names every file."""
    from grader.publish.wheel import write_wheel

    monkeypatch.setattr("grader.publish.wheel.zipped", one_wheel)
    (wheel,) = folder.glob("*.whl")
    again = write_wheel(tmp_path)
    with zipfile.ZipFile(again) as archive:
        record = archive.read("forklab-0.1.0.dist-info/RECORD").decode()
        names = archive.namelist()

    assert again.read_bytes() == wheel.read_bytes()
    assert [line.split(",")[0] for line in record.splitlines()] == names
    assert "grader/report/result.schema.json" in names and "grader/publish/files/run_autograder" in names


def test_a_folder_with_something_in_it_is_left_alone(cli, lab, tmp_path):
    """Nothing is written over; exit status 2 and the way out."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "work").write_text("mine")
    status, _, err = cli("release", lab, "--output", tmp_path / "full")

    assert status == 2
    assert "the folder is not empty; name a new one" in err
    assert (tmp_path / "full" / "work").read_text() == "mine"


def test_a_released_lab_is_not_released_again(cli, folder, tmp_path):
    """What has no hidden files cannot be the source of a release, nor of Gradescope's autograder."""
    first = cli("release", folder / "labs" / LAB, "--output", tmp_path / "again")
    second = cli("export", "gradescope", folder / "labs" / LAB, "--output", tmp_path / "again.zip")

    for status, _, err in (first, second):
        assert status == 2
        assert "this lab is a release already; run this on the course's own copy" in err


def test_release_json_holds_weights_alone(folder):
    """A task's name and its hidden scenarios' weights, sorted; the lab's name, and which stub it begins with."""
    told = json.loads((folder / "labs" / LAB / "release.json").read_text())

    assert set(told) == {"format", "lab", "hidden", "stub"}
    assert all(weights == sorted(weights) for weights in told["hidden"].values())


def test_templates_are_filled(folder):
    """No placeholder is left in what students get."""
    for name in ("README.md", "Makefile", ".gitlab-ci.yml", ".github/workflows/grade.yml"):
        text = pathlib.Path(folder, name).read_text()
        assert "@LAB@" not in text and "@WHEEL@" not in text and "copy-on-write" in text


def test_a_release_says_how_to_hand_in(lab, cli, tmp_path):
    """The course's line is in the students' README, and in the report once everything is earned; quotes stay quotes."""
    (lab.parent / "course.yaml").write_text('format: 1\nhand_in: "Upload it: the \\"kernel.py\\", by Friday."\n')
    cli("release", lab, "--output", tmp_path / "out")
    released = tmp_path / "out" / "labs" / "small"
    (released / "kernel.py").write_text(kernel_text())
    (released / "answers.yaml").write_text("copies: 1\nwho: writer\n")
    told = " ".join(cli("run", released)[1].split())

    assert 'How to hand in: Upload it: the "kernel.py", by Friday.' in (tmp_path / "out" / "README.md").read_text()
    assert 'are earned. Hand in: Upload it: the "kernel.py", by Friday.' in told


def test_without_a_line_nothing_is_said(lab, cli, tmp_path):
    """No course, no line."""
    cli("release", lab, "--output", tmp_path / "out")

    assert "hand in" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reference: ", "reference:\n  "),
        ("reference: ", '"reference" : '),
        ("quiz: quiz.yaml", "quiz: >-\n  quiz.yaml"),
        ("title: A small lab", "title: A small lab  # secretname is the hidden one\n'twins': decide"),
    ],
)
def test_however_a_field_is_written(lab, tmp_path, old, new):
    """YAML has many ways to write a field: what students get has the same values, no comment and nothing for staff."""
    text = (lab / "lab.yaml").read_text()
    (lab / "lab.yaml").write_text(text.replace(old, new, 1))
    write_lab(load_lab(lab), tmp_path / "out", hidden=False)
    given, released = load_lab(lab), load_lab(tmp_path / "out")

    assert (released.title, released.tasks, released.kernel.name) == (given.title, given.tasks, given.kernel.name)
    assert (released.reference, released.twins, released.quiz) == (None, "report", tmp_path / "out" / "quiz.packed")
    assert "secretname" not in (tmp_path / "out" / "lab.yaml").read_text()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("kernel.py", kernel_text(), "kernel.py: this kernel passes scenario touch; put the stub back"),
        (
            "answers.yaml",
            "copies:\nwho: writer\n",
            "answers.yaml: question who is answered, and students get this file",
        ),
    ],
)
def test_a_solution_in_the_labs_folder_is_not_handed_out(lab, tmp_path, cli, file, text, told):
    """An author who tried the lab in its own folder: nothing is released, for students or for Classroom 50."""
    (lab / file).write_text(text)
    first = cli("release", lab, "--output", tmp_path / "out")
    second = cli("export", "classroom50", lab, "--output", tmp_path / "c.zip")

    for status, _, err in (first, second):
        assert status == 2 and f"not released: {lab / file}" in err and told in err
    assert not (tmp_path / "out").exists() and not (tmp_path / "c.zip").exists()


def test_a_model_answer_in_c_is_found(root, tmp_path):
    """In place of the stub, and its lines in any other file."""
    lab = load_lab(root / "labs" / LAB)
    model = (root / "reference" / "c" / f"{LAB}.c").read_text()
    (tmp_path / "notes.md").write_text(model)
    (tmp_path / "stub.c").write_text(model)

    assert solutions(lab) == []
    assert solutions(lab._replace(path=tmp_path)) == [
        f"{tmp_path / 'stub.c'}: kernel_mmap is written; put the stub back, because students get this file"
    ]
    assert re.match(r"notes.md contains a line of [a-z-]+\.c: ", leaks(lab, tmp_path)[0])
