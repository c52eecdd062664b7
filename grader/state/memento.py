"""Saves the state of a replay, and puts it back in place.

A memento holds the contents of every mutable object that can be reached from some roots. `restore` writes them back
into the same objects, so identities stay what they were: a dict with processes as keys still finds them. Objects that
came to be after the memento are no longer reached then. An object whose state cannot be read, such as a generator,
raises Opaque.
"""

from __future__ import annotations

import operator
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from keyword import iskeyword
from types import BuiltinFunctionType, CellType, FunctionType, MemberDescriptorType, MethodType, ModuleType, NoneType
from typing import Any, NamedTuple

from grader.machine.image import Image
from grader.machine.outcome import FileSpec, SharedObject
from grader.machine.protection import Access, Protection
from grader.machine.region import Region
from grader.scenario.model import MachineSpec, Scenario, Step

#: Types whose objects never change and reach nothing that does.
ATOMS = frozenset(
    {int, bool, str, float, complex, bytes, NoneType, range, type, ModuleType, Protection, Access}
    | {Image, SharedObject, FileSpec, MachineSpec, Scenario, Step, type(Ellipsis), type(NotImplemented)}
)

#: Types of the standard library that hold their contents as a dict does.
DICTS = frozenset({dict, defaultdict, OrderedDict, Counter})

_MISSING = object()
_POINTER = 8

#: Flags of types (Include/object.h): made at run time; its attributes cannot be set.
HEAP, IMMUTABLE = 1 << 9, 1 << 8


class Opaque(Exception):
    """An object has state that cannot be read, so that two states of it cannot be compared."""

    def __init__(self, value: object) -> None:
        super().__init__(f"an object of type {type(value).__name__}")


class _Factory(NamedTuple):
    """What a defaultdict makes its values with."""

    made_by: Any


class _Slots(NamedTuple):
    """What the slots of an object hold. put: sets all of them at once; None if one holds nothing, or it cannot be."""

    put: _Put | None
    names: tuple[str, ...]
    held: tuple[Any, ...]


class Ordered:
    """Holds the contents of an OrderedDict: it has the order of `move_to_end`, and as a dict that of its insertions.

    Raises Opaque if some of its keys are in one of them only.
    """

    __slots__ = ("items", "keys")

    def __init__(self, value: OrderedDict[Any, Any]) -> None:
        try:
            self.items = [(key, dict.__getitem__(value, key)) for key in dict.keys(value)]
            self.keys = list(value)
        except (KeyError, RuntimeError):
            raise Opaque(value) from None
        if len(self.items) != len(self.keys) or {id(key) for key, _ in self.items} != {id(key) for key in self.keys}:
            raise Opaque(value)

    def same(self, other: Ordered) -> bool:
        """Return True if both are of the same keys and values in the same orders."""
        keys = len(self.keys) == len(other.keys) and all(map(operator.is_, self.keys, other.keys))
        return keys and all(map(_is, self.items, other.items))


class Layout:
    """Says where the objects of a class keep their state: its slots, and whether they have a __dict__.

    get  return what all slots of an object hold, a tuple; AttributeError if one holds nothing. put: set all of them, if
         the object still has the class, and the class no other way to set attributes. None where it is not so simple
    """

    __slots__ = ("get", "has_dict", "put", "slots")

    def __init__(self, cls: type, example: object) -> None:
        # As the classes have them, and not by __slots__, which may be a list that was changed.
        held = [(name, value) for base in cls.__mro__ for name, value in vars(base).items()]
        self.slots = tuple([name for name, value in held if type(value) is MemberDescriptorType])
        self.has_dict = hasattr(example, "__dict__")
        # A slot is read by its name, so that must lead to it, set or not: no method answers in its place, no other
        # attribute has that name.
        first = dict(reversed(held))
        if self.slots and (
            "__getattr__" in first
            or len({*self.slots}) != len(self.slots)
            or any(type(first[name]) is not MemberDescriptorType for name in self.slots)
        ):
            raise Opaque(example)
        # A class statement makes a heap type that can be changed, and adds pointers only. Any other class has state
        # in C, as iterators and random.Random have.
        in_c = any(not base.__flags__ & HEAP or base.__flags__ & IMMUTABLE for base in cls.__mro__[:-1])
        if in_c or cls.__basicsize__ > object.__basicsize__ + _POINTER * (len(self.slots) + 2) or cls.__itemsize__:
            raise Opaque(example)
        self.get, self.put = _accessors(cls, self.slots)


_Get = Callable[[Any], tuple[Any, ...]]
_Put = Callable[[Any, Any], bool]


def _accessors(cls: type, slots: tuple[str, ...]) -> tuple[_Get | None, _Put | None]:
    """Return functions that read and set all slots of an object at once: a tenth of the time that one by one takes."""
    if type(cls) is not type or cls.__setattr__ is not _USUAL or not slots or not all(map(_is_plain, slots)):
        return None, None
    made: dict[str, Any] = {"cls": cls, "usual": _USUAL}
    every = ", ".join(f"value.{name}" for name in slots)
    exec(
        f"def get(value):\n"
        f"    return ({every},)\n"
        f"def put(value, contents):\n"
        f"    if type(value) is not cls or cls.__setattr__ is not usual: return False\n"
        f"    ({every},) = contents\n"
        f"    return True\n",
        made,
    )
    return made["get"], made["put"]


def _is_plain(name: str) -> bool:
    """Return True if the name of a slot means the same in a program."""
    return type(name) is str and name.isascii() and name.isidentifier() and not iskeyword(name) and name != "__debug__"


#: What sets the attributes of most objects.
_USUAL: object = object.__setattr__

_layouts: dict[type, Layout] = {}


def layout(value: object) -> Layout:
    """Return where an object keeps its state. Raises Opaque if that cannot be known."""
    cls = type(value)
    known = _layouts.get(cls)
    if known is None:
        known = _layouts[cls] = Layout(cls, value)
    return known


def attributes(value: object, where: Layout) -> dict[str, Any]:
    """Return the attributes of an object."""
    state: dict[str, Any] = {}
    for name in where.slots:
        held = getattr(value, name, _MISSING)
        if held is not _MISSING:
            state[name] = held
    if where.has_dict:
        state.update(value.__dict__)
    return state


def has_attributes(value: Any) -> bool:
    """Return True if a container has attributes of its own, as a Counter may: nobody would save them."""
    return bool(getattr(value, "__dict__", None))


class Memento:
    """The contents of everything mutable that can be reached from the roots."""

    __slots__ = ("_saved",)

    def __init__(self, roots: Iterable[object], skip: type = NoneType) -> None:
        """Save what the roots reach, except objects of the class `skip` and what only they reach."""
        self._saved: list[tuple[Callable[[Any, Any], None], Any, Any]] = []
        save = self._saved.append
        seen: set[int] = set()
        waiting: list[Any] = list(roots)
        while waiting:
            value = waiting.pop()
            kind = type(value)
            if kind is BuiltinFunctionType:
                waiting.append(value.__self__)  # of a list, or of the machine, such as page_table.map
                continue
            if kind in ATOMS or kind is skip or value is _MISSING:
                continue
            if id(value) in seen:
                continue
            seen.add(id(value))
            if kind in DICTS:
                copy: Any = dict(value)
                if kind is OrderedDict:
                    save((_put_ordered, value, Ordered(value)))
                    waiting.append(value.__dict__)
                else:
                    save((_put_dict, value, copy))
                if kind is Counter:
                    waiting.append(value.__dict__)
                elif kind is defaultdict:
                    save((_put_factory, value, _Factory(value.default_factory)))
                    waiting.append(value.default_factory)
                waiting += copy
                waiting += copy.values()
            elif kind is list or kind is deque:
                save((_put_list if kind is list else _put_deque, value, list(value)))
                waiting += value
            elif kind is set:
                save((_put_set, value, set(value)))
                waiting += value
            elif kind is bytearray:
                save((_put_list, value, bytes(value)))
            elif kind is frozenset:
                waiting += value
            elif issubclass(kind, tuple):
                waiting += tuple.__iter__(value)  # a named tuple may have an __iter__ of its own
                if hasattr(value, "__dict__"):
                    waiting.append(value.__dict__)
            elif kind is Region:
                waiting.append(value.file)
            elif kind is MethodType:
                waiting += (value.__self__, value.__func__)
            elif kind is FunctionType:
                waiting += (value.__defaults__, value.__kwdefaults__, value.__dict__, *(value.__closure__ or ()))
            elif kind is CellType:
                save((_put_cell, value, _contents(value)))
                waiting.append(_contents(value))
            elif not issubclass(kind, type):
                self._save_object(value, waiting)

    def _save_object(self, value: object, waiting: list[object]) -> None:
        where = layout(value)
        if where.slots:
            try:
                put, held = where.put, where.get(value) if where.get is not None else _held(value, where.slots)
            except AttributeError:
                put, held = None, _held(value, where.slots)
            self._saved.append((_put_slots, value, _Slots(put, where.slots, held)))
            waiting += held
        if where.has_dict:
            waiting.append(value.__dict__)

    def restore(self) -> None:
        """Put everything back."""
        for put, value, contents in self._saved:
            put(value, contents)

    def same(self) -> bool:
        """Return True if nothing has changed since, objects compared by identity."""
        return all(_same(_now(value, contents), contents) for _, value, contents in self._saved)


def _put_dict(value: dict[Any, Any], contents: dict[Any, Any]) -> None:
    value.clear()
    value.update(contents)


def _put_ordered(value: OrderedDict[Any, Any], contents: Ordered) -> None:
    value.clear()
    value.update(contents.items)
    for key in contents.keys:
        value.move_to_end(key)


def _put_factory(value: defaultdict[Any, Any], contents: _Factory) -> None:
    value.default_factory = contents.made_by


def _put_list(value: Any, contents: Any) -> None:
    value[:] = contents


def _put_deque(value: deque[Any], contents: list[Any]) -> None:
    value.clear()
    value.extend(contents)


def _put_set(value: set[Any], contents: set[Any]) -> None:
    value.clear()
    value.update(contents)


def _put_cell(value: CellType, contents: object) -> None:
    if contents is not _MISSING:
        value.cell_contents = contents


def _held(value: object, slots: tuple[str, ...]) -> tuple[Any, ...]:
    """Return what the slots of an object hold, _MISSING for those that hold nothing."""
    return tuple([getattr(value, name, _MISSING) for name in slots])


def _put_slots(value: object, contents: _Slots) -> None:
    put, names, every = contents
    if put is not None and put(value, every):
        return
    for name, held in zip(names, every, strict=True):
        if held is not _MISSING:
            object.__setattr__(value, name, held)  # a frozen dataclass has a __setattr__ that refuses it
        elif hasattr(value, name):
            object.__delattr__(value, name)


def _contents(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _now(value: Any, contents: object) -> object:
    """Return the present contents of an object, in the form in which a memento has them."""
    if isinstance(value, CellType):
        return _contents(value)
    if isinstance(contents, Ordered):
        return Ordered(value)
    if isinstance(contents, _Factory):
        return _Factory(value.default_factory)
    if type(value) in DICTS:
        return list(value.items())
    if type(value) is bytearray:
        return bytes(value)
    if type(value) in (list, deque, set):
        return list(value)
    assert isinstance(contents, _Slots)
    return contents._replace(held=_held(value, contents.names))


def _same(now: Any, before: Any) -> bool:
    if isinstance(before, Ordered):
        return before.same(now)
    if isinstance(before, dict):
        before = list(before.items())
    if isinstance(now, list) and isinstance(before, (list, tuple, set)):
        return len(now) == len(before) and all(map(_is, now, before))
    return _is(now, before) or (isinstance(now, bytes) and now == before)


def _is(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is, one, other))
    return one is other
