"""Markdown as lines of a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.terminal.markdown import columns, layout


def test_paragraphs_are_filled_and_the_rest_is_left():
    """Paragraphs are filled, lists hang, indented and fenced code stays; pictures and links are named."""
    text = (
        "One two\nthree four.\n\n    code   here\n      more\n\n- first item\n  goes on\n- second\n\n"
        "```\nfenced   x\n```\n"
        "![two spaces](a.svg) and [a link](b.md)"
    )

    assert layout(text, "  ", width=20) == [
        "  One two three",
        "  four.",
        "",
        "      code   here",
        "        more",
        "",
        "  - first item goes",
        "    on",
        "  - second",
        "",
        "      fenced   x",
        "",
        "  [picture: two",
        "  spaces] and a link",
        "  (b.md)",
    ]


def test_words_stand_in_columns():
    """As many as fit on a line."""
    assert columns(["a  one", "b  two", "c  three"], "  ", 20) == ["  a  one   b  two", "  c  three"]


@given(st.text(alphabet="ab `-*1.#~\n\t", max_size=120))
def test_any_text_can_be_laid_out(text):
    """No text makes it fail, and no word is lost outside of code fences' own lines."""
    lines = layout(text, "  ", "    ", 30)

    if "`" not in text and "~" not in text:
        assert "".join("".join(lines).split()) == "".join(text.split())
