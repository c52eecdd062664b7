"""Every format there is, fed with the worst that a kernel can print, raise and be called."""

import json
import re
import unicodedata
import xml.etree.ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.escape import printable
from grader.report import FORMATS
from grader.report.text import wrap
from tests.labs import kernel_text
from tests.marks import proofs_but

FORK = "    def fork(self, parent, child):\n"

EVIL = (
    "\x1b[2J\x1b[H\x1b]0;title\x07\x1b]8;;http://evil\x07link\x9b31m\r10 passed in 0.01s\n::error file=a::forged\n"
    "##[error]forged\n##vso[task.complete]forged\n  ::stop-commands::x\n::set-output name=points::100\n"
    "</pre></testcase><script>alert(1)</script>]]>&amp;\n=HYPERLINK(1)\n`` ``` | **bold** [x](javascript:y)\n"
    "\u202egnp.exe\u2066\u200b\ufeff\u2028\x00\x08\x7f\x85 PASS points 100 of 100\nreceipt sha256:forged\n"
)

ATTACK = f"""{FORK}        import sys
        print({EVIL!r})
        print({EVIL!r}, file=sys.stderr)
        raise type({"Error" + EVIL[:40].replace(chr(0), "")!r}, (Exception,), {{}})({EVIL!r})
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A small lab, recorded once for all formats."""
    from tests.labs import recorded

    return recorded(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A submission whose kernel prints and raises all that, in a file that is called it, too."""
    name = re.sub("[\x00/\r\n]", "_", EVIL)[:60] + "::error::x ##[error]x.py"
    path = tmp_path_factory.mktemp("work") / name
    path.write_text(kernel_text(FORK, ATTACK), encoding="utf-8")
    return path


@pytest.fixture
def rendered(cli, lab, hostile):
    """rendered(format, *options): the report as it goes to standard output."""

    def make(format, *options):
        status, out, err = cli("run", lab, "--submission", hostile, "--format", format, *options)
        assert status == 1, err
        return out

    return make


OPTIONS = [(), ("-v",), ("--audience", "staff")]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("options", proofs_but(("-v",), OPTIONS), ids=lambda options: "".join(options) or "-")
def test_no_report_lets_a_kernel_speak(rendered, format, options):
    """In no format does anything unseen come out, nor a line or a command that a CI, or a reader, takes for ours."""
    out = rendered(format, *options)
    unseen = {c for c in out if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}
    lines = out.splitlines()
    commands = [line.strip() for line in lines if line.strip().startswith("::")]

    assert "forged" in out
    assert unseen == set()
    assert re.search(r"##\w*\[", out) is None
    assert [line for line in lines if line.startswith(("10 passed", "PASS", "receipt sha256:forged", "="))] == []
    if format != "github":
        assert commands == []
    else:
        assert all(re.match(r"::(error|warning|notice) ", command) for command in commands)
        assert all("::" not in command.split("::", 2)[2] for command in commands)


def test_errors_say_names_harmlessly(cli, lab, tmp_path):
    """A submission that is not there, or is refused, is named without doing what its name says."""
    missing = tmp_path / "\x1b[2J ::error::x"
    status, _, err = cli("run", lab, "--submission", missing)

    assert status == 2
    assert "\x1b" not in err and "\\e[2J" in err


@given(st.text(alphabet="ab: ", max_size=120), st.integers(8, 30))
@example(":::::: :::::", 8)
@example(":::::::       ::error::", 8)
def test_wrapping_makes_no_commands(text, width):
    """Wherever a line of a kernel's is broken, what follows does not begin with `::`; nothing but blanks is lost."""
    text = printable(text)
    lines = wrap(text, width, "  ")

    assert [line for line in lines if line.lstrip().startswith("::")] == []
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_markup_stays_text(rendered):
    """No tag is opened or closed, no code span or cell is left, and JSON and XML are what they say."""
    tree = xml.etree.ElementTree.fromstring(rendered("junit"))
    markdown = rendered("markdown")
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)

    assert "<script>alert(1)</script>" in "".join(tree.itertext())
    assert {element.tag for element in tree.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out", "system-err", "properties",
        "property",
    }  # fmt: skip
    assert "<script>" not in outside and "**bold**" not in outside and "javascript:" not in outside
    for format in ("json", "gradescope"):
        assert "forged" in json.dumps(json.loads(rendered(format)))
