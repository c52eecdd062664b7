"""Rights and kinds of access."""

import pickle

import pytest

from grader.machine import Access, Protection

READ_WRITE = Protection.READ | Protection.WRITE


@pytest.mark.parametrize("text", ["rw-", "r--", "r-x", "rwx", "---"])
def test_text_round_trip(text):
    """What YAML writes is what str gives back."""
    assert str(Protection.parse(text)) == text


def test_sets_combine_and_compare():
    """|, &, ~, in and == behave as on sets of rights."""
    assert READ_WRITE & ~Protection.WRITE == Protection.READ
    assert Protection.WRITE in READ_WRITE
    assert Protection.EXECUTE not in READ_WRITE
    assert READ_WRITE != Protection.READ


def test_there_is_one_object_for_each_set():
    """Equal sets are the same object, also after pickling, so kernels may compare by identity."""
    assert (Protection.READ | Protection.WRITE) is READ_WRITE
    assert pickle.loads(pickle.dumps(READ_WRITE)) is READ_WRITE


def test_none_is_false_and_the_rest_true():
    """A protection without rights is false in a condition."""
    assert not Protection.NONE
    assert Protection.EXECUTE


@pytest.mark.parametrize(("access", "allowed"), [(Access.READ, True), (Access.WRITE, False), (Access.EXECUTE, True)])
def test_allows(access, allowed):
    """`r-x` allows reading and executing, not writing."""
    assert Protection.parse("r-x").allows(access) is allowed


def test_unknown_protection_lists_the_accepted_ones():
    """`wr-` is refused with what is accepted."""
    with pytest.raises(ValueError, match=r"'wr-' is not a protection; use one of rw-, r--"):
        Protection.parse("wr-")


def test_number_out_of_range_is_refused():
    """There is no ninth set of rights."""
    with pytest.raises(ValueError, match=r"Protection\(8\)"):
        Protection(8)


def test_mixing_with_numbers_is_a_type_error():
    """A protection is no integer: `Protection.READ | 2` is a mistake, not a set."""
    with pytest.raises(TypeError):
        Protection.READ | 2
