"""The form of a kernel's attributes: what cannot be written down is refused, wherever it is."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

import pytest

from grader.machine.machine import Machine
from grader.state.canonical import Bytes, KernelForm, MachineForm
from grader.state.memento import Opaque
from tests.kernels import SmallKernel


@dataclass(unsafe_hash=True)
class Key:
    n: int = 0


def form(value, unordered=()):
    """Write down a kernel that has a value in its attribute `held`."""
    machine = Machine(SmallKernel)
    machine.kernel.held = value
    return KernelForm(machine, MachineForm(machine, [], 0, Bytes()), frozenset(unordered)).kernel(machine.kernel)


@pytest.mark.parametrize("unordered", [(), ("held",)])
@pytest.mark.parametrize("kind", [dict, Counter, OrderedDict])
def test_a_dict_that_does_not_find_its_key_has_no_form(kind, unordered):
    """Its order may count or not; a key that was changed back is found again."""
    key = Key()
    held = kind({key: 0})
    before = form(held, unordered)
    key.n = 1
    with pytest.raises(Opaque):
        form(held, unordered)
    key.n = 0

    assert form(held, unordered) == before


@pytest.mark.parametrize("unordered", [(), ("held",)])
@pytest.mark.parametrize("kind", [Counter, OrderedDict])
def test_a_dict_with_attributes_has_no_form(kind, unordered):
    """Nobody would save them."""
    held = kind()
    held.n = 1
    with pytest.raises(Opaque):
        form(held, unordered)


def test_two_equal_keys_that_changed_places_have_no_form():
    """Each is found, but as the other: a look-up shows a value that the form would not show."""
    one, other = Key(0), Key(1)
    held = {one: 0, other: 1}
    one.n, other.n = 1, 0
    with pytest.raises(Opaque):
        form(held)
