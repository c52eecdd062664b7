"""A memento holds what objects keep in their slots, and puts it back in place."""

import dataclasses

import pytest

from grader.state.memento import Memento, layout


class Plain:
    __slots__ = ("a", "b")


class Derived(Plain):
    __slots__ = ("__private", "c")

    def __init__(self):
        self.__private = [1]

    def private(self):
        return self.__private


class Keyword:
    __slots__ = ("class", "é")


class Debug:
    __slots__ = ("__debug__", "a")


class Guarded:
    __slots__ = ("a",)

    def __setattr__(self, name, value):
        raise AssertionError("code of the class runs")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: int


def changed(value, **attributes):
    for name, one in attributes.items():
        object.__setattr__(value, name, one)


def held(value):
    return {name: getattr(value, name) for name in layout(value).slots if hasattr(value, name)}


@pytest.mark.parametrize("cls", [Plain, Derived, Keyword, Debug, Guarded])
def test_slots_are_put_back(cls):
    """All of them at once, where a class sets attributes as usual."""
    value = cls()
    slots = layout(value).slots
    changed(value, **{name: [name] for name in slots})
    before = held(value)
    memento = Memento([value])
    assert memento.same()
    changed(value, **dict.fromkeys(slots, 5))
    assert not memento.same()
    memento.restore()

    assert held(value) == before
    assert memento.same()


@pytest.mark.parametrize("cls", [Plain, Derived, Keyword, Debug, Guarded])
def test_a_slot_that_held_nothing_holds_nothing_again(cls):
    """And one that was emptied is filled."""
    value = cls()
    first, *others = layout(value).slots
    for name in [name for name in layout(value).slots if hasattr(value, name)]:
        object.__delattr__(value, name)
    changed(value, **dict.fromkeys(others, 1))
    before, memento = held(value), Memento([value])
    changed(value, **{first: 2})
    for name in others:
        object.__delattr__(value, name)
    assert not memento.same()
    memento.restore()

    assert held(value) == before


def test_a_frozen_object_is_put_back():
    """Its class refuses to set attributes."""
    value = Frozen(1)
    memento = Memento([value])
    object.__setattr__(value, "a", 2)
    memento.restore()

    assert value == Frozen(1)


def test_what_a_slot_holds_is_saved_too():
    """A list in a private slot of a base class."""
    value = Derived()
    memento = Memento([value])
    value.private().append(2)
    memento.restore()

    assert value.private() == [1]


class Turned:
    __slots__ = ("a", "b")


def test_an_object_that_has_another_class_meanwhile_is_put_back():
    """Slots are found by their names, as they were when the memento was made."""
    value = Plain()
    changed(value, a=1, b=2)
    memento = Memento([value])
    value.__class__ = Turned
    changed(value, a=3)
    object.__delattr__(value, "b")
    assert not memento.same()
    memento.restore()

    assert (value.a, value.b) == (1, 2)


def test_no_code_runs_that_a_class_has_got_meanwhile():
    """As before: attributes are set past the class."""

    class Own(Plain):
        __slots__ = ()

    value = Own()
    changed(value, a=1, b=2)
    memento = Memento([value])
    Own.__setattr__ = Guarded.__setattr__
    changed(value, a=3)
    memento.restore()

    assert value.a == 1
