"""Looks at all that a kernel can reach for what a comparison of attributes does not show.

`Watch` finds state outside of the kernel object: in globals, closures, default arguments, classes, functions and
modules. Such a kernel is not wrong, but two of its states can look equal and differ. Unmergeable is raised for code
that must be assumed to have some; `Watch.changed` says whether what was found has changed.

All code that the kernel can run is its own and is read (code.py), or is on the lists of allowed.py, or was generated
(generated.py). Nothing has changed what is on the lists: that is read, too (importing.py).
"""

from __future__ import annotations

import abc
import collections
import enum
import operator
import types
from collections.abc import Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from grader.machine.region import Region
from grader.state.allowed import PLAIN, is_unsafe, may_define
from grader.state.code import EQUALS, Reader
from grader.state.generated import held_by, is_generated
from grader.state.importing import check_import
from grader.state.memento import ATOMS, DICTS, HEAP, IMMUTABLE, Memento, Opaque, attributes, layout
from grader.state.order import unordered
from grader.state.pristine import (
    ALLOWED,
    CLASSES,
    FIXED,
    FUNCTIONS,
    attributes_of,
    codes_in,
    is_foreign,
)
from grader.state.private import private_slots
from grader.state.unmergeable import Unmergeable

#: Types of what a class holds for its slots, and for the fields of a named tuple: none of them has state.
_DESCRIPTORS = (MemberDescriptorType, GetSetDescriptorType, type(vars(collections.namedtuple("_", "field"))["field"]))

#: Types of annotations: their parts can be reached.
_HINTS = (types.GenericAlias, types.UnionType)


class Watch:
    """Lists what a kernel's code could use to keep state outside of the kernel.

    known       id of a class or of code -> its number; a kernel may hold instances of these classes only
    constants   id of a value in the code -> its number
    identities  True if the code asks whether two values are one object
    two_orders  True if the code may ask for the second order that an OrderedDict has
    texts       the texts in the code and in what it reaches: any other may have been made from a number
    private     the slots of the machine's own that the code has names for, class by class
    unordered   the kernel's attributes that hold dicts whose order nobody asks for
    """

    def __init__(self, kernel: object, texts: Mapping[str, str] | None = None) -> None:
        self.known: dict[int, int] = {}
        self.constants: dict[int, int] = {}
        self.two_orders = False
        self._reader = Reader(self._visit, texts)
        self._classes: dict[type, dict[str, Any]] = {}
        self._functions: dict[Any, dict[str, Any]] = {}  # its own and others' -> their attributes
        self._kept: list[object] = []  # so that no other code gets the id of one
        self._foreign: dict[type, dict[str, Any]] = {}
        self._roots: list[object] = []
        self._met: dict[int, object] = {}
        self._texts: set[str] = set()
        self._visit(type(kernel))
        for cls in CLASSES:
            self._note_foreign(cls)
        if self._reader.registers and any(isinstance(cls, abc.ABCMeta) for cls in self._met.values()):
            raise Unmergeable("may register a class as one of an abstract class")
        self.identities = self._reader.identities
        self.two_orders = self.two_orders or self._reader.supers
        self.texts = frozenset(self._texts | self._reader.names)
        self.private = private_slots(self._reader.names)
        self.unordered = unordered(kernel, texts, self._reader.modules)
        if texts is not None:
            check_import(texts)
        self._list_what_may_change()

    def _list_what_may_change(self) -> None:
        """Prepare what is looked at after each step."""
        # Are all these still empty, have those so many entries in all, and are these attributes what they were?
        self._empty = [function.__dict__ for function, held in self._functions.items() if not held]
        self._proxies = [vars(cls) for cls in self._foreign]
        self._held = sum(map(len, self._proxies))
        stored = self._reader.stored
        self._stored = [
            (cls, name, value) for cls, held in self._foreign.items() for name, value in held.items() if name in stored
        ]
        self._fixed = [(one, _marks(one)) for one in FIXED.values()] if stored & {"name", "bit", "bits"} else []
        try:
            self._outside = Memento(self._roots)
        except Opaque as opaque:
            raise Unmergeable(f"keeps {opaque} outside of itself") from None

    def changed(self, thorough: bool = False) -> str:
        """Return what has changed since the beginning, after "it", or "". `thorough` looks at all of Python's, too."""
        for cls, held in self._classes.items():
            if _differ(vars(cls), held):
                return f"changes the class {cls.__name__}"
        if any(self._empty) or thorough:
            for function, held in self._functions.items():
                if _differ(function.__dict__, held):
                    return f"keeps state in an attribute of {function.__module__}.{function.__qualname__}"
        if not self._outside.same():
            return "keeps state in a global variable, a class, a closure or a default argument"
        if thorough or sum(map(len, self._proxies)) != self._held:
            for cls, held in self._foreign.items():
                if _differ(attributes_of(cls), held):
                    return f"changes the class {cls.__module__}.{cls.__qualname__}"
        for cls, name, value in self._stored:
            if vars(cls).get(name) is not value:
                return f"changes the class {cls.__module__}.{cls.__qualname__}"
        for one, marks in self._fixed:
            if _marks(one) != marks:
                return f"changes {one!r}"
        return ""

    # -- values that code can reach ---------------------------------------------------------------------------------

    def _visit(self, value: Any) -> None:
        """Look at a value that code can reach: at the code in it, and at what is kept in it.

        An object can say that it is of any class, and a class can say that it equals any other; a type cannot.
        """
        kind = type(value)
        if id(value) in self._met:
            return
        self._met[id(value)] = value
        if type(kind) is not type:
            self._visit(type(kind))
        if issubclass(kind, type) and (value is type or (issubclass(value, dict) and value is not _ORDERED)):
            self.two_orders = True
        if issubclass(kind, EQUALS):
            self.constants.setdefault(id(value), len(self.constants))
        if kind is str:
            self._texts.add(value)
        if id(value) in ALLOWED:
            self._note_foreign(value)
        elif kind in (staticmethod, classmethod):
            self._visit_attributes(value)
            self._visit(value.__func__)
        elif kind is property:
            for function in (value.fget, value.fset, value.fdel):
                self._visit(function)
        elif kind is FunctionType:
            self._visit_function(value)
        elif kind is BuiltinFunctionType:
            self._visit_builtin(value)
        elif kind is ModuleType:
            raise Unmergeable(f"uses the module {value.__name__} as a value")
        elif issubclass(kind, type):
            self._visit_class(value)
        elif kind in _HINTS:
            for part in (getattr(value, "__origin__", None), *value.__args__):
                self._visit(part)
        elif kind not in ATOMS and kind not in _DESCRIPTORS:
            self._visit_held(value, kind)

    def _visit_held(self, value: Any, kind: type) -> None:
        """Look at a container or an object, and at what it holds."""
        self._roots.append(value)
        inside: list[Any] = list(getattr(value, "__dict__", {}).values())
        if issubclass(kind, tuple):
            inside += tuple.__iter__(value)
        elif kind in DICTS:
            inside += [*dict.keys(value), *dict.values(value), getattr(value, "default_factory", None)]
        elif kind in (list, set, frozenset, collections.deque):
            inside += value
        elif kind is MethodType:
            inside += (value.__func__, value.__self__)
        elif kind is CellType:
            inside.append(value.cell_contents)
        elif kind is Region:
            inside += value._key()
        elif kind is not bytearray:
            inside += self._parts(value)
        if kind not in DICTS and kind is not Region and kind.__flags__ & HEAP:  # made by a class statement
            self._visit(kind)
        for item in inside:
            self._visit(item)

    def _parts(self, value: object) -> list[Any]:
        """Return what an object of a class of the kernel's own holds. Unmergeable if it has state in another place."""
        try:
            return list(attributes(value, layout(value)).values())
        except Opaque as opaque:
            raise Unmergeable(f"keeps {opaque} outside of itself") from None

    def _visit_builtin(self, function: BuiltinFunctionType) -> None:
        owner = function.__self__
        if isinstance(owner, ModuleType):
            raise Unmergeable(f"uses {owner.__name__}.{function.__name__}")
        self._visit(owner)

    def _visit_attributes(self, function: Any) -> None:
        """Look at the attributes of a function, a static method or a class method."""
        self._functions[function] = dict(function.__dict__)
        reached = [value for name, value in function.__dict__.items() if not is_unsafe(name)]
        if reached:
            self._roots.append(function.__dict__)
        for value in reached:
            self._visit(value)

    # -- classes ----------------------------------------------------------------------------------------------------

    def _note_foreign(self, value: Any) -> None:
        """Note what the machine's or Python's own code keeps: a kernel may use it, and not change it."""
        if type(value) is FunctionType and value not in self._functions:
            self._functions[value] = FUNCTIONS[value]
        elif isinstance(value, type) and value not in self._foreign and value.__flags__ & (HEAP | IMMUTABLE) == HEAP:
            self._foreign[value] = CLASSES[value]
            for function in CLASSES[value].values():
                if isinstance(function, FunctionType):
                    self._note_foreign(function)

    def _visit_class(self, cls: type) -> None:
        for base in cls.__mro__:
            self._met[id(base)] = base
            if not is_foreign(base) and id(base) not in self.known:
                self._visit_own_class(base)

    def _visit_own_class(self, cls: type) -> None:
        if not cls.__flags__ & HEAP:  # of C, and not on the list
            raise Unmergeable(f"uses {cls.__module__}.{cls.__qualname__}")
        held = self._classes[cls] = dict(vars(cls))
        self.known.setdefault(id(cls), len(self.known))
        if type(cls) is not type:
            self._visit(type(cls))
        self._check_methods(cls)
        for name, value in held.items():
            if name == "__dataclass_fields__" and type(value) is dict:
                for field in value.values():
                    self._visit(getattr(field, "default_factory", None))
            elif name not in PLAIN:
                self._visit(value)

    def _check_methods(self, cls: type) -> None:
        """Refuse methods of a class that change what its attributes or its keys in dicts are."""
        held = vars(cls)
        written = {name for name, value in held.items() if type(value) is FunctionType and is_generated(value)}
        for name, value in held.items():
            if name not in written and not may_define(name) and value is not None:
                raise Unmergeable(f"has an attribute {name} ({cls.__name__})")
        if "__eq__" in held.keys() - written and cls.__hash__ is not None:
            raise Unmergeable(f"has a method __eq__ for keys of dicts ({cls.__name__})")
        if type(held.get("__dict__")) not in (GetSetDescriptorType, type(None)):
            raise Unmergeable(f"replaces __dict__ ({cls.__name__})")
        self._reader.names |= set(held.get("__match_args__", ()))

    # -- functions --------------------------------------------------------------------------------------------------

    def _visit_function(self, function: FunctionType) -> None:
        if function in self._functions:
            return
        self._visit_attributes(function)
        if is_generated(function):
            self._reader.note_names(function.__code__)
            for held in held_by(function):
                self._visit(held)
            return
        for held in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._visit(held)
        for cell in function.__closure__ or ():
            self._roots.append(cell)
            self._visit(cell.cell_contents)
        if function.__globals__ is vars(enum):
            return  # a class of enum members gets it
        for code in codes_in(function.__code__):
            self.known.setdefault(id(code), len(self.known))
            self._kept.append(code)
            for value in _constants(code.co_consts):
                self.constants.setdefault(id(value), len(self.constants))
            self._reader.read(function, code)


_ORDERED = collections.OrderedDict


def _differ(now: Mapping[str, Any], before: dict[str, Any]) -> bool:
    """Return True if one of the attributes is another object, of whatever it says that it equals."""
    return now.keys() != before.keys() or any(map(operator.is_not, now.values(), before.values()))


def _marks(one: Any) -> tuple[object, ...]:
    """Return the attributes of one of the machine's fixed objects."""
    return tuple(getattr(one, name, None) for name in ("name", "bit", "bits"))


def _constants(values: Any) -> Any:
    """Yield the values of which two equal ones may be two objects, also from tuples."""
    for value in values:
        if isinstance(value, EQUALS):
            yield value
        if isinstance(value, (tuple, frozenset)):
            yield from _constants(value)
