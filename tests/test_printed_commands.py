"""Commands that documents, handouts and messages print: each can be pasted where it is read, and works there."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from grader import program
from grader.cli import COMMANDS
from tests.labs import kernel_text

BIN = pathlib.Path(sys.executable).parent


def lines_of(text):
    """Return the ./forklab commands of a document: indented lines, lines in fences, and words in backticks."""
    shown = re.findall(r"^(?: {4})?(\./forklab [^`\n|]+?)(?: {2,}#.*)?$", text, re.MULTILINE)
    return [line.strip() for line in [*shown, *re.findall(r"`(\./forklab [^`]+)`", text)]]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a checkout: labs, quizzes and reference, and the program as it is installed here."""
    from grader.search_path import ROOT

    top = tmp_path_factory.mktemp("checkout")
    for name in ("labs", "quizzes", "reference", "forklab", "Makefile"):
        (top / name).symlink_to(pathlib.Path(ROOT, name))
    (top / ".venv").symlink_to(BIN.parent)
    return top


def documents():
    from grader.search_path import ROOT

    return sorted([pathlib.Path(ROOT, "README.md"), *pathlib.Path(ROOT, "labs").glob("*/README.md")])


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.parent.name)
def test_every_command_of_a_document_is_understood(path):
    """Each has a command and options that exist; only placeholders in capitals are left to fill in."""
    from grader.cli import _parser

    for line in lines_of(path.read_text(encoding="utf-8")):
        words = shlex.split(line)[1:]
        if not words:
            continue
        assert words[0] in COMMANDS, line
        if len(words) > 1:  # a name alone is how a text speaks of a command
            _parser(words[0]).parse_args(["1" if word == "N" else word.strip("[]") for word in words])


@pytest.mark.proof
@pytest.mark.parametrize("path", documents(), ids=lambda path: path.parent.name)
def test_every_command_of_a_document_works(path, checkout):
    """Each, run at the top, ends with 0 or 1 (points are missing), never with a usage error or a traceback."""
    for line in dict.fromkeys(lines_of(path.read_text(encoding="utf-8"))):
        words = shlex.split(line)[1:]
        # What waits for a person, or for ever, and what has a placeholder is only parsed, above.
        if len(words) < 2 or words[0] in ("watch", "quiz", "predict", "test") or re.search(r"\b[A-Z]{3,}\b", line):
            continue
        words += ["--no-input"] if words[0] == "practice" else []
        if words[0] == "host" and not sys.platform.startswith("linux"):
            continue
        done = subprocess.run(
            [checkout / "forklab", *words], cwd=checkout, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if words[0] == "start":  # another document may begin with the same folder
            shutil.rmtree(checkout / words[1])


def printed_by(text):
    """Return the commands that a report prints on lines of their own."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s+(\S*/)?(grader|forklab) [a-z]+ ", line)]


def test_what_a_report_prints_can_be_pasted(lab, cli, monkeypatch, tmp_path):
    """The command for the whole story shows the student's own run, wherever the kernel is and whatever it is called."""
    work = tmp_path / "my work; rm -rf x"
    work.mkdir()
    (work / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    out = cli("run", lab, "--submission", work)[1]
    (line,) = printed_by(out)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "What follows is the run of your kernel." in done.stdout


def test_inside_a_lab_the_lab_is_left_out(lab, cli, monkeypatch):
    """No folder is named that the student is in already."""
    (lab / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    monkeypatch.chdir(lab)
    (line,) = printed_by(cli("run")[1])

    assert line == "grader show fork --submission ."


@pytest.mark.parametrize(
    ("variable", "path", "folder", "expected"),
    [
        ("./forklab", "", "top", "./forklab"),
        ("", str(BIN), "top", "grader"),
        ("./not-there", str(BIN), "top", "grader"),
        ("", "", "top", ".venv/bin/grader"),
        ("", "", "elsewhere", str(BIN / "grader")),
    ],
)
def test_how_the_program_is_called(checkout, tmp_path, monkeypatch, variable, path, folder, expected):
    """As it was called, as PATH finds it, or by the shortest path that leads to it from here."""
    monkeypatch.chdir(checkout if folder == "top" else tmp_path)
    monkeypatch.setenv(program.VARIABLE, variable)
    monkeypatch.setenv("PATH", path)
    if folder == "top":
        monkeypatch.setattr(sys, "executable", str(checkout / ".venv" / "bin" / "python"))

    assert program.program() == expected


def test_a_hostile_name_stays_one_word(monkeypatch):
    """Whatever a submission is called, the line has no command of its own and no control character."""
    line = program.command("show", "lab", "a;rm -rf ~", "--submission", "\x1b[2Jx y")

    assert shlex.split(line)[2:] == ["lab", "a;rm -rf ~", "--submission", "\\e[2Jx y"]
    assert "\x1b" not in line


def test_the_script_of_a_release_is_that_of_the_checkout(root):
    """One script, in two places."""
    script = root / "grader" / "publish" / "files" / "forklab"

    assert (root / "forklab").read_bytes() == script.read_bytes()
    assert os.access(root / "forklab", os.X_OK)


@pytest.mark.parametrize("words", [["kernel.py"], ["LAB", "kernel.py"], ["LAB/kernel.py"]])
def test_a_kernel_may_be_named_by_its_file(lab, cli, monkeypatch, words):
    """`run kernel.py` in a lab, `run LAB kernel.py`, and `run LAB/kernel.py` mean what they say."""
    (lab / "kernel.py").write_text(kernel_text())
    monkeypatch.chdir(lab if words == ["kernel.py"] else lab.parent)
    given = [word.replace("LAB", "small") for word in words]
    if given[-1] == "kernel.py" and len(given) == 2:
        given[-1] = "small/kernel.py"
    status, out, err = cli("run", *given, "-q")

    assert (status, err) == (1, "")
    assert "90 of 100 points" in out


def test_a_kernel_given_twice(lab, cli):
    """Two submissions are an error that names both."""
    (lab / "kernel.py").write_text(kernel_text())
    status, _, err = cli("run", lab, lab / "kernel.py", "--submission", lab)

    assert status == 2
    assert "give one of them" in err


def test_show_without_a_scenario_lists_them(lab, cli, monkeypatch):
    """The names with their titles, and a command that shows one."""
    status, out, _ = cli("show", lab)

    assert status == 0
    assert "fork                               A child shares" in out
    assert f"grader show {lab} touch" in out


# -- messages to authors --------------------------------------------------------------------------------------


def commands_in(text):
    """Return the commands that messages print: on lines of their own, in backticks, after `then:` and `Next:`."""
    found = re.findall(r"`(grader [a-z]+ [^`]+)`|(?:^ *|: )(grader [a-z]+ .+)$", text, re.MULTILINE)
    lines = [(quoted or alone).strip() for quoted, alone in found]
    return [part.strip() for line in lines for part in line.split(" && ")]


def followed(cli, text, *expected):
    """Run the commands that a message prints, each as a reader would paste it; none is wrong, and return the last."""
    lines = commands_in(text)
    assert [shlex.split(line)[1] for line in lines] == list(expected), text
    for line in lines:
        status, out, err = cli(*shlex.split(line)[1:])
        assert status in (0, 1), f"{line}\n{out}{err}"
    return out


@pytest.mark.parametrize("kept", ["an output", "the keys", "the empty sheet", "the model sheet"])
def test_what_check_says_is_missing_is_written_by_the_command_that_it_prints(lab, cli, kept):
    """Once the command has run, `grader check` has nothing more to say about that file."""
    outputs = lab / "reference" / "outputs" / "small"
    gone = {
        "an output": outputs / "touch.json",
        "the keys": outputs / "quiz" / "keys.json",
        "the empty sheet": lab / "answers.yaml",
        "the model sheet": lab / "reference" / "answers" / "small.yaml",
    }[kept]
    gone.unlink()
    if gone.parent != lab and not any(gone.parent.iterdir()):
        gone.parent.rmdir()  # the first file of its kind: its folder is not there either
    status, out, err = cli("check", lab)
    told = out + err
    assert status in (1, 2) and gone.name in told
    followed(cli, told, *dict.fromkeys(shlex.split(line)[1] for line in commands_in(told)))

    assert gone.is_file()
    assert gone.name not in "".join(cli("check", lab)[1:])


def test_a_stale_output_is_recorded_by_the_command_that_is_printed(lab, cli):
    """`grader run` stops, says what to run, and goes on after that."""
    path = lab / "scenarios" / "touch.yaml"
    path.write_text(path.read_text().replace("value: 1", "value: 2"))
    status, _, err = cli("run", lab)
    assert status == 2
    followed(cli, err, "record")

    assert cli("run", lab)[0] == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("show", "LAB", "qqqq"), ["list"]),
        (("predict", "LAB", "qqqq"), ["list"]),
        (("run", "LAB", "--only", "qqqq"), ["list"]),
        (("show", "LAB"), ["show"]),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_a_command_that_lists_them(lab, cli, words, expected):
    """Students and authors who mistype a scenario get a line that works."""
    status, out, err = cli(*(lab if word == "LAB" else word for word in words))

    assert status in (0, 2)
    followed(cli, out + err, *expected)


def test_new_labs_and_scenarios_are_followed_by_commands_that_work(cli, tmp_path, monkeypatch):
    """`grader new lab` and `grader new scenario` say what comes next."""
    monkeypatch.chdir(tmp_path)
    followed(cli, cli("new", "lab", "mine")[1], "record", "check")
    followed(cli, cli("new", "scenario", "idea", "mine")[1], "record")


def test_a_lab_of_two_words_is_one_name(cli, tmp_path, monkeypatch):
    """The second word was left out without a sound."""
    monkeypatch.chdir(tmp_path)
    status, _, err = cli("new", "lab", "stack", "growth")

    assert status == 2 and not (tmp_path / "labs").exists()
    followed(cli, err, "new")
    assert (tmp_path / "labs" / "stack-growth").is_dir()


def test_a_wrong_answer_shows_the_scenario_behind_the_question(lab, cli):
    """Feedback on a computed question names two commands, which work."""
    sheet = lab / "answers.yaml"
    sheet.write_text("copies: 7\nwho: writer\n")
    out = cli("quiz", lab, "--answers", sheet)[1]
    lines = commands_in(out)

    assert [shlex.split(line)[1] for line in lines] == ["show", "predict"]
    assert cli(*shlex.split(lines[0])[1:])[0] == 0


def test_a_folder_without_labs_is_answered_with_a_beginning(cli, tmp_path, monkeypatch):
    """`grader list` and a bare `grader` in an empty folder both print a command that makes a working folder."""
    monkeypatch.chdir(tmp_path)
    followed(cli, cli("list")[2], "start")
    monkeypatch.chdir(tmp_path / "demand-paging")
    out = cli()[1]

    assert [shlex.split(line)[1] for line in commands_in(out)] == ["watch", "run"]


def test_a_shrunk_scenario_can_be_recorded_and_shown(lab, cli, tmp_path):
    """`grader fuzz --output` says what to run once the scenario is in the lab."""
    found = lab / "scenarios" / "found.yaml"
    (lab / "kernel.py").write_text(kernel_text("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)"))
    status, out, err = cli("fuzz", lab, "--submission", lab, "--seed", "1", "--output", found)
    assert status == 1, err
    found.write_text(re.sub(r"^task: .*", "task: share", found.read_text(), flags=re.MULTILINE))

    followed(cli, out, "record")


def test_every_command_that_the_source_prints_goes_through_one_function():
    """A text that spells a command out would be wrong where the program is called `./forklab`. Bare names are fine."""
    import ast

    from grader.search_path import ROOT

    # In the sheet itself, which lies in the lab's folder; and in a page, which may be opened on another machine.
    allowed = {"`grader quiz --answers`", "grader show LAB"}
    spelt = []
    for path in sorted(pathlib.Path(ROOT, "grader").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not re.search(r"grader [a-z]+ ", source):
            continue
        tree = ast.parse(source)
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents | parts:
                text = node.value
            else:
                continue
            found = set(re.findall(r"`grader [a-z]+ [^`]+`|^ *grader (?:[a-z]+ )+[A-Z-]\S*", text, re.MULTILINE))
            found |= set(re.findall(r"`grader [a-z]+` (?:shows|writes) it", text))  # whoever says so can say how
            spelt += [f"{path.name}:{node.lineno} {one}" for one in found - allowed]

    assert spelt == []


# -- releases -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A release of a lab, with the program as it is installed here."""
    from grader.lab.lab import load_lab
    from grader.publish.release import release
    from grader.search_path import ROOT

    top = tmp_path_factory.mktemp("released") / "out"
    release(load_lab(pathlib.Path(ROOT, "labs", "copy-on-write")), top)
    (top / ".venv").symlink_to(BIN.parent)
    return top


def of_a_release(top):
    """The commands of everything that a release has for people to read."""
    texts = [
        path.read_text(encoding="utf-8") for path in [*top.rglob("*.md"), *top.rglob("stub.c"), *top.rglob("*.py")]
    ]
    return dict.fromkeys(line for text in texts for line in lines_of(text))


def test_every_command_of_a_release_is_understood(released):
    """Those of its README, its handout and its stubs have options that exist, and folders that are there."""
    from grader.cli import _parser

    lines = of_a_release(released)
    assert len(lines) > 8
    for line in lines:
        words = shlex.split(line)[1:]
        assert words[0] in COMMANDS, line
        if len(words) > 1:
            _parser(words[0]).parse_args(["1" if word == "N" else word.strip("[]") for word in words])
        for word in words[1:]:
            assert not word.startswith("labs/") or (released / word).exists() or "mine" in word, line


def test_every_practice_of_a_handout_is_found_in_a_folder_of_another_name(cli, tmp_path, monkeypatch):
    """`grader start --output` may call it anything: what the handout prints works above it and in it."""
    from grader.lab.lookup import find_named
    from grader.practice.practices import PRACTICES
    from grader.search_path import ROOT

    for path in sorted(pathlib.Path(ROOT, "labs").glob("*/README.md")):
        names = [shlex.split(line)[2] for line in lines_of(path.read_text()) if line.startswith("./forklab practice ")]
        if not names:
            continue
        monkeypatch.chdir(tmp_path)
        cli("start", path.parent, "--output", f"my-{path.parent.name}")
        labs = {PRACTICES[name].lab if name in PRACTICES else "copy-on-write" for name in names}
        for folder in (tmp_path, tmp_path / f"my-{path.parent.name}"):
            monkeypatch.chdir(folder)
            assert [find_named(lab).resolve().name for lab in labs] == [f"my-{path.parent.name}"]


@pytest.mark.proof
def test_every_command_of_a_release_works(released):
    """Run at the top of the release, with a scenario's name where one is asked for."""
    for line in of_a_release(released):
        words = [("child-moves-out" if word == "SCENARIO" else word) for word in shlex.split(line)[1:]]
        if (
            len(words) < 2
            or words[0] in ("watch", "quiz", "predict", "test")
            or re.search(r"\b[A-Z]{3,}\b", " ".join(words))
        ):
            continue
        words += ["--no-input"] if words[0] == "practice" else []
        done = subprocess.run(
            [released / "forklab", *words], cwd=released, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


# -- working folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", documents()[1:], ids=lambda path: path.parent.name)
def test_the_handout_of_a_working_folder_names_that_folder(path, cli, tmp_path, monkeypatch):
    """Its commands work where `grader start` was called: the program and the folder are those of that call."""
    from grader.cli import _parser

    monkeypatch.chdir(tmp_path)
    name = path.parent.name
    cli("start", path.parent, "--output", "my work")
    handout = (tmp_path / "my work" / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ *(grader [a-z]+ .+)$|`(grader [a-z]+ [^`]+)`", handout, re.MULTILINE)

    assert f"labs/{name}" not in handout and "./forklab" not in handout
    assert lines
    for line in (one or other for one, other in lines):
        words = shlex.split(line)[1:]
        _parser(words[0]).parse_args(["1" if word == "N" else word.strip("[]") for word in words])
        assert all((tmp_path / word).exists() for word in words if "my" in word.split()), line
