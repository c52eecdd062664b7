"""Two address spaces with the frames between them."""

from grader.machine.entry import ACCESSED, COW, DIRTY
from grader.view.text import ROWS, WIDTH, Half, continues, picture, rights, run_of, span

TITLES = ("[P]", "[C]")


def letter(frame):
    return "abcdefghijklmnop"[frame]


def test_what_is_shared_stands_in_the_middle_and_what_has_split_at_the_sides():
    """After a write of the child its frame is on its side, and the parent's on the other."""
    left = {16: Half("t[0]", "r-x", 0), 18: Half("h[0]", "r-- cow", 1)}
    right = {16: Half("t[0]", "r-x", 0), 18: Half("h[0]", "rw-", 2)}

    assert picture(TITLES, left, right, letter) == [
        "[P]               frames               [C]",
        "t[0] r-x      ---->[a]<-----  r-x     t[0]",
        "h[0] r-- cow  ->[b]    [c]<-  rw-     h[0]",
    ]


def test_a_page_that_one_process_has_leaves_the_other_side_empty():
    """Neither side needs the other."""
    lines = picture(TITLES, {16: Half("h[0]", "rw-", 0)}, {17: Half("h[1]", "rw-", 1)}, letter)

    assert lines is not None
    assert lines[1:] == ["h[0] rw-  ->[a]", " " * 19 + "[b]<-  rw- h[1]"]


def test_pages_that_look_alike_on_both_sides_are_one_row():
    """A run ends where rights, mapping, frame or page jump on either side."""
    left = {page: Half(f"h[{page}]", "r--", page) for page in range(6)}
    right = {page: Half(f"h[{page}]", "rw-" if page == 3 else "r--", page) for page in range(6)}
    lines = picture(TITLES, left, right, letter)

    assert lines is not None
    assert [line.split()[0] for line in lines[1:]] == ["h[0:3]", "h[3]", "h[4:6]"]
    assert "[a..c]" in lines[1]


def test_a_long_picture_says_what_it_leaves_out():
    """More rows than a picture has are counted."""
    spread = {page: Half(f"h[{page}]", "r--", 0) for page in range(0, 2 * ROWS + 6, 2)}
    lines = picture(TITLES, spread, spread, letter)

    assert lines is not None
    assert len(lines) == ROWS + 2 and lines[-1] == "and 3 more"


def test_what_does_not_fit_is_not_drawn():
    """Names too long for two sides of a line give no picture rather than a broken one."""
    wide = {16: Half("a_very_long_name_of_a_mapping[0]", "r-- cow dirty", 0)}

    assert picture(TITLES, wide, wide, letter) is None
    narrow = {16: Half("h[0]", "r-- cow dirty", 0)}
    assert max(map(len, picture(TITLES, narrow, narrow, letter) or [])) <= WIDTH


def test_rights_and_marks_in_words():
    """`used` is told only where nothing stronger is."""
    assert rights(1 | ACCESSED) == "r-- used"
    assert rights(1 | ACCESSED | DIRTY | COW) == "r-- cow dirty"


def test_a_clock_s_bit_is_told_in_any_case():
    """Where the accessed bit decides who leaves, no other mark stands for it."""
    assert rights(1 | ACCESSED | DIRTY | COW, clock=True) == "r-- cow dirty used"
    assert rights(1 | DIRTY, clock=True) == "r-- dirty"


def test_a_run_is_called_by_its_first_and_last():
    """A slot's number is what changes along a run, its word stands once."""
    assert [run_of(2, pages, letter) for pages in (1, 3)] == ["c", "c..e"]
    assert run_of(0, 3, lambda slot: f"slot {slot}") == "slot 0..2"


def test_runs_are_named_by_their_ends():
    """h[2:6] for four pages; a page without a mapping has no index to count."""
    assert span("h[2]", 4) == "h[2:6]"
    assert span("page 7", 3) == "page 7 and 2 more"
    assert not continues(None, Half("h[0]", "r--", 0), 1) and continues(None, None, 1)
