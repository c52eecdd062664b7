"""Which pages share a frame, from what a kernel shows an ordinary user; here the kernel is played by a table."""

import pytest

from grader.host.machine import PageSeen
from grader.host.sharing import Sharing
from grader.machine import Protection, Region, RegionMap

RW = Protection.READ | Protection.WRITE
OWN, SHARED, OBJECT = PageSeen(False, True), PageSeen(False, False), PageSeen(True, True)


class Played:
    """Shows pages as a table says: (process, page) -> (what is seen, stamp)."""

    def __init__(self, table):
        self.table = table

    def pages(self, number, first, count):
        return {
            page: seen for (who, page), (seen, _) in self.table.items() if who == number and 0 <= page - first < count
        }

    def stamps(self, number, pages):
        return {page: self.table[number, page][1] for page in pages}

    def stamp(self, number, page, stamp):
        self.table[number, page] = (self.table[number, page][0], stamp)


def sharing(table, protection=RW, shared=False):
    """Return the sharing of two processes, P and C, with pages 16 to 19 each."""
    file = "object" if shared else None
    regions = {name: RegionMap() for name in "PC"}
    for one in regions.values():
        one.insert(Region(16 * 8, 4, protection, shared, file, page_size=8))
    return Sharing(Played(table), {"P": 0, "C": 1}, regions)


def test_pages_with_one_stamp_share_a_frame():
    """A page of one's own does not, whatever it holds; pages without a stamp are the page of zeros."""
    seen = sharing({(0, 16): (SHARED, 7), (1, 16): (SHARED, 7), (0, 17): (OWN, 7), (1, 18): (SHARED, 0)}).look("PC")

    assert seen.present == {"P": {16, 17}, "C": {16, 18}}
    assert seen.frames["P", 16] == seen.frames["C", 16]
    assert seen.frames["P", 17] not in (seen.frames["P", 16], ("zeros",))
    assert seen.frames["C", 18] == ("zeros",)


def test_pages_of_an_object_are_known_by_their_index():
    """Two processes share page 1 of it, wherever they map it, and not page 0."""
    frames = sharing({(0, 16): (OBJECT, 0), (0, 17): (OBJECT, 0), (1, 17): (OBJECT, 0)}, shared=True).look("PC").frames

    assert frames["P", 17] == frames["C", 17]
    assert frames["P", 16] != frames["P", 17]


def test_what_the_kernel_has_made_a_process_s_own_gets_a_stamp():
    """Once, and only what is new and may be written: an older page of its own has the stamp of its last write."""
    table = {(0, 16): (OWN, 3), (0, 17): (SHARED, 0), (0, 18): (OBJECT, 0)}
    one = sharing(table)
    one.look("P")
    table[0, 17] = (OWN, 0)

    one.populated("P", 16, 4)

    assert [table[0, page][1] for page in (16, 17, 18)] == [3, 1, 0]
    assert one.stamps(2) == 2


def test_a_page_that_is_mapped_anew_gets_a_stamp_again():
    """MAP_FIXED over a page of one's own, populated in the same call: what was there before says nothing of it."""
    table = {(0, 16): (OWN, 3)}
    one = sharing(table)
    one.look("P")
    table[0, 16] = (OWN, 0)

    one.mapped("P", 16, 1)
    one.populated("P", 16, 1)

    assert table[0, 16][1] == 1


@pytest.mark.parametrize(("protection", "shared"), [(Protection.READ, False), (RW, True)])
def test_nothing_is_written_where_the_process_may_not_or_others_see_it(protection, shared):
    """Read-only memory and shared memory stay as they are."""
    table = {(0, 16): (OWN, 0)}
    sharing(table, protection, shared).populated("P", 16, 1)

    assert table[0, 16][1] == 0


def test_where_nothing_is_shown_nothing_is_known():
    """None says so; an empty set would be a claim."""
    one = sharing({})
    one.host.pages = lambda *_: None

    assert one.look("PC").present is None
