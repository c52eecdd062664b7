"""Contents of a page."""

import pytest

from grader.machine.image import POISON, POISONED, ZEROS, Image


def test_a_written_byte_is_read_and_the_rest_is_the_fill():
    """A write changes one byte; the others are what they were."""
    image = ZEROS.with_byte(5, 7).with_byte(2, 9).with_byte(5, 8)

    assert [image.byte(offset) for offset in (0, 2, 4, 5, 6)] == [0, 9, 0, 8, 0]


def test_an_image_does_not_change():
    """A write makes another image: whoever had the page before it still sees what was there."""
    before = ZEROS.with_byte(1, 1)
    before.with_byte(1, 2)
    before.with_byte(3, 4)

    assert before == Image(0, ((1, 1),))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 2, 0)])
def test_equal_contents_are_equal_images(order):
    """The order of the writes leaves no trace, and neither does a byte that is back at the fill."""
    image = ZEROS
    for offset in order:
        image = image.with_byte(offset, 10 + offset)

    assert image.with_byte(7, 3).with_byte(7, 0) == Image(0, ((0, 10), (1, 11), (2, 12)))


def test_writing_the_poison_into_a_poisoned_page_changes_nothing():
    """A byte equal to the fill is not kept apart."""
    assert POISONED.with_byte(0, POISON) == POISONED
