"""Regions and the map of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.machine import InvalidArgument, Kernel, Protection, Region, RegionMap
from grader.machine.machine import Machine

RW = Protection.READ | Protection.WRITE


def region(first: int, pages: int, **rest: object) -> Region:
    return Region(first * 8, pages, RW, page_size=8, **rest)


def test_page_numbers_follow_from_bytes():
    """A region at byte 128 of a machine with 8-byte pages begins at page 16."""
    made = Region(128, 3, RW, page_size=8)

    assert (made.first_page, made.end_page) == (16, 19)


def test_a_region_built_by_hand_knows_the_running_machines_page_size():
    """A kernel that builds Region(start, …) itself gets page numbers of its own machine, whichever it is."""
    machine = Machine(Kernel, page_size=4096)
    machine.begin()

    assert Region(4096 * 16, 1, RW).first_page == 16


def test_regions_never_change():
    """Assigning to a field is refused with the way to get a changed copy."""
    with pytest.raises(AttributeError, match=r"region\.replace\(pages="):
        region(0, 1).pages = 2


def test_replace_refuses_unknown_fields():
    """replace(size=…) names the field and those there are."""
    with pytest.raises(TypeError, match="no 'size'; it has start, pages"):
        region(0, 1).replace(size=2)


def test_find_knows_inside_from_outside():
    """find gives the region that contains a page, and None between and beyond regions."""
    regions = RegionMap()
    regions.insert(region(4, 2))
    regions.insert(region(8, 1))

    assert [regions.find(page) is not None for page in range(3, 10)] == [False, True, True, False, False, True, False]


def test_overlap_is_refused_and_changes_nothing():
    """An overlapping insert raises InvalidArgument and leaves the map as it was."""
    regions = RegionMap()
    regions.insert(region(4, 4))

    with pytest.raises(InvalidArgument, match="overlaps"):
        regions.insert(region(7, 3))
    assert [r.first_page for r in regions] == [4]


def test_empty_region_is_refused():
    """A region of no pages is an invalid argument."""
    with pytest.raises(InvalidArgument, match="0 pages"):
        RegionMap().insert(region(4, 0))


def test_remove_splits_and_adjusts_the_offset():
    """Cutting the middle out of a file region leaves two pieces; the later one shows later pages of the file."""
    regions = RegionMap()
    regions.insert(region(10, 5, file="notes", offset=2))

    removed = regions.remove(12, 1)

    assert [(r.first_page, r.pages, r.offset) for r in removed] == [(12, 1, 4)]
    assert [(r.first_page, r.pages, r.offset) for r in regions] == [(10, 2, 2), (13, 2, 5)]


def test_copies_are_independent():
    """Removing from a copy leaves the original alone."""
    regions = RegionMap()
    regions.insert(region(4, 2))
    regions.copy().remove(4, 2)

    assert regions.find(4) is not None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(1, 12)), max_size=30))
def test_a_map_agrees_with_a_set_of_pages(calls):
    """Whatever is inserted and removed, find agrees with a plain set of page numbers."""
    regions, pages = RegionMap(), set()
    for insert, first, count in calls:
        span = set(range(first, first + count))
        if not insert:
            regions.remove(first, count)
            pages -= span
        elif pages & span:
            with pytest.raises(InvalidArgument):
                regions.insert(region(first, count))
        else:
            regions.insert(region(first, count))
            pages |= span
    assert {page for page in range(60) if regions.find(page)} == pages
    assert [r.first_page for r in regions] == sorted(r.first_page for r in regions)
