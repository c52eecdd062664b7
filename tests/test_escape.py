"""Hostile text: nothing a student writes moves a cursor, forges a line, runs a formula or closes a tag."""

import csv
import html.parser
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.escape import for_csv, for_html, for_log, for_markdown, printable

HOSTILE = st.text(alphabet=st.characters(exclude_categories=()), max_size=80) | st.sampled_from(
    [
        "\x1b[2J",
        "::error::x",
        "##[error]x",
        "=1+1",
        "</pre><script>",
        "`` ` ``",
        "\u202eevil",
        "a\u2028b",
        "\r\n10 passed",
        "  ::add-mask::x",
        "::::",
        "a ##[group]b ##vso[task.x]c ###[d",
        "a;=1",
        "＝1",
        "e" + "\u0301" * 40,
    ]
)


@given(HOSTILE)
def test_printable_is_one_line_of_visible_characters(text):
    """No control, format, surrogate, private or separator character is left, but for the ordinary blank."""
    for character in printable(text):
        assert character == " " or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@given(HOSTILE)
def test_printable_twice_is_printable_once(text):
    """What is harmless already stays as it is."""
    assert printable(printable(text)) == printable(text)


def test_printable_shows_what_was_there():
    """Escapes are readable, and ordinary text of any script is left alone."""
    assert printable("a\x1b[31mb\n\u202e") == "a\\e[31mb\\n\\u202e"
    assert printable("naïve Größe 字") == "naïve Größe 字"


@given(HOSTILE, st.sampled_from(["", "  ", "\t", "\u3000 "]))
def test_printable_is_no_command_to_a_ci(text, indent):
    """Behind any indent it does not begin with `::`, and nowhere in it is the beginning of an older command."""
    line = indent + printable(text)

    assert not line.lstrip().startswith("::")
    assert re.search(r"##\w*\[", line) is None


@given(HOSTILE)
def test_printable_piles_no_marks(text):
    """At most four marks stand over one character."""
    assert re.search("[\u0300-\u036f]{5}", printable(text)) is None


def test_printable_shows_commands_as_text():
    """What a CI would obey is readable, and harmless text that looks alike stays."""
    assert printable("::error::x") == "\\x3a:error::x"
    assert printable("##[error]x") == "\\x23#[error]x"
    assert printable("a::b ## c [d] #[e]") == "a::b ## c [d] #[e]"


def test_printable_caps_and_says_so():
    """Long text is cut at the limit, with the number of characters left out."""
    assert printable("x" * 30, 10) == "x" * 10 + "… (20 more characters)"


@given(HOSTILE)
def test_html_has_no_tag_and_no_attribute_end(text):
    """A parser sees text alone, and gives back what printable shows."""

    class Reader(html.parser.HTMLParser):
        tags = 0
        data = ""

        def handle_starttag(self, tag, attrs):
            self.tags += 1

        def handle_data(self, data):
            self.data += data

    reader = Reader()
    reader.feed(f"<p>{for_html(text)}</p>")
    reader.close()

    assert reader.tags == 1
    assert reader.data == printable(text, None)


@given(HOSTILE)
def test_a_csv_cell_is_no_formula(text):
    """No cell begins with a character that a spreadsheet takes for a formula; the row stays one row."""
    out = io.StringIO()
    csv.writer(out).writerow(["a", for_csv(text), "b"])
    [row] = list(csv.reader(io.StringIO(out.getvalue())))

    assert len(row) == 3
    for cell in re.split("[,;|]", row[1]):
        assert cell.lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@given(HOSTILE)
def test_a_log_line_is_no_workflow_command(text):
    """Neither of the two syntaxes that a CI runner obeys is left."""
    line = for_log(text)

    assert "::" not in line and "##[" not in line and "\n" not in line


@given(HOSTILE)
def test_a_markdown_span_cannot_be_left(text):
    """The fence of backticks is longer than any run inside."""
    span = for_markdown(text)
    fence = span[: len(span) - len(span.lstrip("`"))]

    assert span.startswith(fence) and span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]


@pytest.mark.parametrize("text", ["", " ", "`", "a|b"])
def test_markdown_edges(text):
    """Empty text, blanks, single backticks and pipes stay in the span."""
    assert for_markdown(text).count("\n") == 0
