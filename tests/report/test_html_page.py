"""The result as a page, and the pages to step through failing scenarios."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest
from hypothesis import given, settings

from grader.report.html_page import render
from tests.labs import kernel_text
from tests.report.results import ParentWritable, result_of, with_text
from tests.report.test_hostile_text import ATTACK, FORK
from tests.test_escape import HOSTILE

PROTECT = "parent.page_table.protect(page, kept, cow=True)"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The result of a kernel that fails in fork, public and hidden."""
    from tests.labs import recorded

    return result_of(recorded(tmp_path_factory.mktemp("lab")), ParentWritable)


@pytest.fixture
def site(cli, lab, tmp_path):
    """site(kernel, *options): the output folder's files, by name, and what was printed."""

    def make(text, *options):
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / "kernel.py").write_text(text, encoding="utf-8")
        folder = tmp_path / "site"
        arguments = ("--submission", tmp_path / "work", "--format", "html", "--output", folder, *options)
        _, out, err = cli("run", lab, *arguments)
        return {str(p.relative_to(folder)): p.read_text("utf-8") for p in folder.rglob("*.html")}, out, err

    return make


def test_a_failing_public_scenario_has_a_page_and_a_hidden_one_has_none(site):
    """The report links it; of hidden scenarios there are the words of every report."""
    files, out, err = site(kernel_text(PROTECT, "pass"))

    assert sorted(files) == ["index.html", "scenarios/fork.html"] and err == ""
    assert out.endswith("index.html: the report, and 1 page to step through failing scenarios\n")
    assert '<a href="scenarios/fork.html">Step through this run</a>' in files["index.html"]
    assert "Here your kernel differs from the reference" in files["scenarios/fork.html"]
    assert "not passed: the hidden scenario" in files["index.html"]
    assert not any(word in text for text in files.values() for word in ("secret", "Hiddenchild"))


def test_staff_get_no_pages_of_hidden_scenarios_either(site):
    """A page can be handed on; names and titles are in the report for staff only."""
    files, _, _ = site(kernel_text(PROTECT, "pass"), "--audience", "staff")

    assert "scenarios/secret.html" not in files and "The secret title" in files["index.html"]


def test_a_scenario_that_waits_has_no_page(site):
    """What a task waits for is explained when that task passes, in this format too."""
    files, _, _ = site(kernel_text("self.hw.frames.zero(frame)", "self.hw.frames.allocate()"))

    assert sorted(files) == ["index.html", "scenarios/touch.html"] and "waiting" in files["index.html"]


def test_pages_are_valid_and_run_nothing(site):
    """html5lib finds no error; the policy has the style's hash, and no attribute runs or fetches anything."""
    files, _, _ = site(kernel_text(FORK, ATTACK))
    for text in files.values():
        html5lib.HTMLParser(strict=True).parse(text)
        (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
        assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in text
        assert "<script>alert" not in text and not re.search(r"<[^>]* (?:on\w+|src)=", text)


def test_no_link_in_the_output_folder_is_followed(site, tmp_path):
    """A folder of pages that leads elsewhere is refused, and nothing is written there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "scenarios").symlink_to(elsewhere)
    files, _, err = site(kernel_text(PROTECT, "pass"))

    assert "symbolic link" in err and list(elsewhere.iterdir()) == [] and files == {}


def test_pictures_in_pages_are_valid_svg(site):
    """Each picture parses as XML on its own."""
    files, _, _ = site(kernel_text(PROTECT, "pass"))
    drawings = re.findall("<svg .*?</svg>", files["scenarios/fork.html"], re.DOTALL)

    assert len([drawing for drawing in drawings if 'role="img"' in drawing]) == 5  # the others are plots
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"


@settings(max_examples=40)
@given(HOSTILE.filter(bool))
def test_hostile_text_changes_no_element(result, text):
    """Messages, details, prints and names are text wherever they stand."""

    def elements(words):
        tree = html5lib.HTMLParser(strict=True).parse(render(with_text(result, words)))
        return [(element.tag, sorted(element.keys())) for element in tree.iter() if isinstance(element.tag, str)]

    assert elements(text) == elements("a")
