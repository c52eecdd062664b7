"""Pictures as text."""

from grader.machine.entry import ACCESSED, COW, DIRTY
from grader.view.layout import Box, Picture, Row, Space, span
from grader.view.sight import UNTOUCHED, WRITABLE, Page, rights
from grader.view.text import ROWS, WIDTH, text


def row(label, first, entry, box, pages=1):
    """Return a row; one without a box has no entry."""
    access = WRITABLE if entry else UNTOUCHED
    return Row(label, first, Page(label, "heap", "rw-", entry, access, "", None), pages, box, False)


def lines_of(*spaces, frames="abcdefghijklmnop"):
    """Return the lines of a picture of these address spaces, each a name and its rows."""
    drawn = tuple(Space(name, tuple(rows), 0) for name, *rows in spaces)
    boxes = tuple(Box(name, "0", "", (), 1, False, False) for name in frames)
    return text(Picture("", 1, drawn[:1], drawn[1:], boxes, 0, 0, 0))


def test_what_is_shared_stands_in_the_middle_and_what_has_split_at_the_sides():
    """After a write of the child its frame is on its side, and the parent's on the other."""
    parent = ("P", row("t[0]", 16, "r-x", 0), row("h[0]", 18, "r-- cow", 1))
    child = ("C", row("t[0]", 16, "r-x", 0), row("h[0]", 18, "rw-", 2))

    assert lines_of(parent, child) == [
        "[P]               frames               [C]",
        "t[0] r-x      ---->[a]<-----  r-x     t[0]",
        "h[0] r-- cow  ->[b]    [c]<-  rw-     h[0]",
    ]


def test_a_page_that_one_process_has_leaves_the_other_side_empty():
    """Neither side needs the other, and pages without an entry are left out."""
    lines = lines_of(("P", row("h[0]", 16, "rw-", 0), row("h[2]", 18, "", None)), ("C", row("h[1]", 17, "rw-", 1)))

    assert lines[1:] == ["h[0] rw-  ->[a]", " " * 19 + "[b]<-  rw- h[1]"]


def test_a_long_picture_says_what_it_leaves_out():
    """More rows than a picture has are counted, face to face and in columns."""
    rows = [row(f"h[{page}]", page, "r--", 0) for page in range(ROWS + 3)]

    assert len(lines_of(("P", *rows), ("C", *rows))) == ROWS + 2
    assert lines_of(("P", *rows), ("C", *rows))[-1] == lines_of(("P", *rows))[-1] == "and 3 more"


def test_what_does_not_fit_is_drawn_in_columns():
    """Names too long for two sides of a line give columns below each other rather than broken lines."""
    wide = row("a_very_long_name_of_a_mapping[0]", 16, "r-- cow dirty", 0)
    lines = lines_of(("P", wide), ("C", wide))

    assert "frames" not in lines[0] and [line for line in lines if line.startswith("[")] == ["[P]", "[C]"]
    narrow = row("h[0]", 16, "r-- cow dirty", 0)
    assert max(map(len, lines_of(("P", narrow), ("C", narrow)))) <= WIDTH


def test_no_process_and_no_entry_are_said():
    """An empty picture has words too."""
    assert lines_of() == ["no process is left"]
    assert lines_of(("P",)) == ["[P]", "(nothing present)"]


def test_rights_and_marks_in_words():
    """`used` is shown only where nothing stronger is."""
    assert rights(1 | ACCESSED) == "r-- used"
    assert rights(1 | ACCESSED | DIRTY | COW) == "r-- cow dirty"


def test_a_clock_s_bit_is_shown_in_any_case():
    """Where the accessed bit decides who leaves, no other mark stands for it."""
    assert rights(1 | ACCESSED | DIRTY | COW, clock=True) == "r-- cow dirty used"
    assert rights(1 | DIRTY, clock=True) == "r-- dirty"


def test_runs_are_named_by_their_ends():
    """h[2:6] for four pages; a page without a mapping has no index to count."""
    assert span("h[2]", 4) == "h[2:6]"
    assert span("page 7", 3) == "page 7 and 2 more"
