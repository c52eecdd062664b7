"""Markdown, read by a parser that is not ours."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from grader.report import github, render
from grader.report.markdown import LIMIT
from tests.report.results import result_of, with_text


def tokens(text):
    """All tokens, those inside of lines included."""
    for token in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text):
        yield token
        yield from token.children or ()


def structure(text):
    return [token.type for token in tokens(text) if token.type not in ("text", "softbreak")]


def test_tasks_are_a_table(lab):
    """A row a task, with points."""
    text = render(result_of(lab), "markdown")

    assert structure(text).count("tr_open") == 4
    assert "| 1. `First touch` | ✅ | 50 of 50 | 1 of 1 |" in text


def test_hidden_scenarios_are_counted(lab):
    """How many there are and what they carry."""
    assert "1 hidden scenario exists (20 points), graded here." in render(result_of(lab), "markdown")


@given(st.text(max_size=100))
@example("``` <script>alert(1)</script> ```")
@example("| a | b |\n|---|---|\n<img src=x onerror=alert(1)>")
@example("[x](javascript:alert(1)) **bold** # head")
def test_no_text_becomes_markup(text):
    """A student's text opens no tag, table, link or heading: everything but code spans is as it was."""
    calm, hostile = render(with_text(RESULT, "x\n" * 3), "markdown"), render(with_text(RESULT, text), "markdown")
    kinds = set(structure(hostile))

    assert kinds <= set(structure(calm)) | {"hardbreak"}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "strong_em_open"}
    assert structure(hostile).count("heading_open") == structure(calm).count("heading_open")


def test_the_summary_fits(lab):
    """However much there is to tell, GitHub's 1024 KiB are not reached, and what is left out is counted."""
    result = result_of(lab)
    failing = [{**s, "details": ["x" * 2000] * 40} for s in result["scenarios"] if s["verdict"] == "failed"]
    text = github.summary({**result, "scenarios": failing * 100})

    assert len(text.encode()) < 1024 * 1024 and len(text) < LIMIT * 1.2
    assert "more did not pass. They are left out because this report is full" in text


def _small_result():
    import pathlib
    import tempfile

    from tests.labs import recorded

    with tempfile.TemporaryDirectory() as folder:
        return result_of(recorded(pathlib.Path(folder)))


RESULT = _small_result()
