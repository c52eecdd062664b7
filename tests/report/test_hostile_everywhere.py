"""Every command that shows a stranger's text, and every file of a batch: prints, errors, sheets, and names of files."""

import csv
import io
import json
import re
import unicodedata

import pytest

from grader.report import FORMATS
from tests.labs import kernel_text, recorded
from tests.report.test_hostile_text import ATTACK, EVIL, FORK

#: What a folder can be called that somebody handed in.
NAME = re.sub("[\x00/\r\n]", "_", EVIL)[:60] + "::error::forged ##[error]forged,=1+1"

ANSWERS = {"copies": EVIL, "who": "=1+1\x1b[2J", EVIL[:80]: "::error::forged", "##[error]forged": "x"}
SHEET = "".join(f"{json.dumps(key)}: {json.dumps(value)}\n" for key, value in ANSWERS.items())

#: Submissions by name: one kernel twice, one that no interpreter reads, one that is refused.
KERNELS = {
    NAME: ATTACK,
    f"{NAME}2": ATTACK,
    "=cmd|' /C calc'!A0": ATTACK,
    "-x": FORK + "\x1b[2J::error::forged",
    "@plain": "\x00",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A small lab, recorded once."""
    return recorded(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def handed_in(tmp_path):
    """A folder of submissions of which everything is hostile: names, kernels, sheets."""
    folder = tmp_path / "in"
    for name, attack in KERNELS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "kernel.py").write_text(kernel_text(FORK, attack), encoding="utf-8")
        (folder / name / "answers.yaml").write_text(SHEET, encoding="utf-8")
    return folder


def harmful(text):
    """What is in a text that should not be: unseen characters, CI commands, lines that could be ours."""
    unseen = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    found = [hex(ord(c)) for c in text if c not in "\n\r\t" and unicodedata.category(c) in unseen]
    found += re.findall(r"##\w*\[.*", text)
    found += [line for line in text.splitlines() if line.lstrip().startswith("::")]
    return found + [
        line for line in text.splitlines() if line.startswith(("10 passed", "PASS", "receipt sha256:f", "="))
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("show", "fork", "--submission"),
        ("run", "--only", "fork", "--submission"),
        ("fuzz", "--examples", "20", "--seed", "1", "--submission"),
    ],
    ids=lambda command: command[0],
)
def test_no_command_lets_a_kernel_speak(cli, lab, handed_in, command):
    """Tables, pictures, reports and found scenarios show a kernel's words, and its name, as what they are."""
    name, *options = command
    _, out, err = cli(name, lab, *options, handed_in / NAME)

    assert "forged" in out
    assert harmful(out) == harmful(err) == []


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("audience", ["student", "staff"])
def test_no_sheet_speaks(cli, lab, handed_in, format, audience):
    """Marks of a sheet whose answers and questions are hostile."""
    sheet = handed_in / NAME / "answers.yaml"
    _, out, err = cli("quiz", lab, "--answers", sheet, "--format", format, "--audience", audience)
    commands = re.findall("(?m)^::(?:error|warning|notice) .*$", out) if format == "github" else []

    assert out
    assert [found for found in harmful(out) if found not in commands] == []
    assert harmful(err) == []


def test_no_folder_of_sheets_speaks(cli, lab, handed_in):
    """The table of many sheets names each by its folder's name."""
    _, out, err = cli("quiz", lab, "--answers", handed_in, "--audience", "staff")

    assert "forged" in out
    assert harmful(out) == harmful(err) == []


@pytest.fixture
def batch(cli, lab, handed_in, tmp_path):
    """What a batch printed, and the text of each file that it wrote, by path."""
    output = tmp_path / "out"
    _, out, err = cli("batch", lab, handed_in, "--output", output, "--isolation", "auto", "-q")
    kinds = (".csv", ".json", ".html", ".txt", ".md", ".xml")
    paths = [path for path in output.rglob("*") if path.suffix in kinds]
    return out + err, {str(path.relative_to(output)): path.read_text(encoding="utf-8-sig") for path in paths}


def test_no_file_of_a_batch_speaks(batch):
    """Feedback, gradebooks, results, the class report: none has a command, a forged line, a formula or a tag."""
    from html5lib import parse

    printed, files = batch
    cells = [c for name in files if name.endswith(".csv") for row in csv.reader(io.StringIO(files[name])) for c in row]
    pages = [parse(files[name], namespaceHTMLElements=False) for name in files if name.endswith(".html")]
    elements = [element for page in pages for element in page.iter()]

    assert {name.rpartition(".")[2] for name in files} >= {"csv", "json", "html", "txt"}
    assert "forged" in "".join(files.values())
    assert harmful(printed) == []
    assert {name: harmful(text) for name, text in files.items() if harmful(text)} == {}
    assert [cell for cell in cells if re.match(r"\s*[=+@＝＋－＠]|-\D", cell)] == []
    assert [element.tag for element in elements if element.tag in ("script", "iframe", "img")] == []
    assert [key for element in elements for key in element.attrib if key.startswith("on")] == []
