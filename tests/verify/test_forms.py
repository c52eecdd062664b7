"""The form of a kernel's attributes: what cannot be written down is refused, wherever it is."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

import pytest

from grader.machine.kernel import Kernel
from grader.machine.machine import Machine
from grader.machine.process import Process
from grader.state.elsewhere import Watch
from grader.state.kernel_form import KernelForm
from grader.state.machine_form import Bytes, MachineForm
from grader.state.memento import Opaque
from grader.state.private import private_slots
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


class Stores(Kernel):
    def fork(self, parent, child):
        parent.mlock = 1


def test_an_attribute_of_a_class_that_the_code_could_set_is_looked_at_after_each_step(monkeypatch):
    """It could be put back before all classes are looked at."""
    watch = Watch(Machine(Stores).kernel)

    assert not watch.changed()
    monkeypatch.setattr(Kernel, "mlock", 1)
    assert watch.changed() == "changes the class grader.machine.kernel.Kernel"


class Keeps(Kernel):
    def __init__(self, hw):
        super().__init__(hw)
        self.held = OrderedDict()


class AsksDict(Keeps):
    def fork(self, parent, child):
        list(dict.keys(self.held))


class AsksByType(Keeps):
    def fork(self, parent, child):
        list(type({}).keys(self.held))


class AsksBySuper(Keeps):
    def fork(self, parent, child):
        list(super(OrderedDict, self.held).keys())


@pytest.mark.parametrize(
    ("kernel", "asks"), [(Keeps, False), (AsksDict, True), (AsksByType, True), (AsksBySuper, True)]
)
def test_the_second_order_of_an_ordered_dict_counts_where_code_may_ask_for_it(kernel, asks):
    """A kernel that moves keys to the end would have many more states otherwise."""
    assert Watch(Machine(kernel).kernel).two_orders is asks


def test_a_private_method_of_the_machine_reaches_what_the_methods_that_it_calls_reach():
    """`_kill` calls `_finish`, that `_drop`, and that sets `_alive`."""
    assert private_slots({"_kill"})[Process] == ("_alive", "_regions")
    assert not private_slots({"kill", "_hidden"})
