"""Reads a kernel's code for what a comparison of attributes does not show.

`Watch` finds state outside of the kernel object: in globals, closures, default arguments, classes, functions and
modules. Such a kernel is not wrong, but two of its states can look equal and differ. Unmergeable is raised for code
that must be assumed to have some; `Watch.changed` says whether what was found has changed.

All code that the kernel can run is its own and is read here, or is on the lists of allowed.py.
"""

from __future__ import annotations

import abc
import ast
import builtins
import collections
import dis
import operator
import sys
import types
from collections.abc import Iterator, Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import grader.machine
from grader.state.allowed import BY_NAME, DUNDERS, MODULES, allowed, is_unsafe, of_module
from grader.state.memento import ATOMS, DICTS, HEAP, Memento, Opaque
from grader.state.order import own_classes, source_of

#: The code of the methods that each named tuple gets: they keep no state, though they use __class__ and __dict__.
_OF_NAMED_TUPLES = frozenset(code for code in collections.namedtuple.__code__.co_consts if isinstance(code, CodeType))

#: Types of what a class holds for its slots, and for the fields of a named tuple: none of them has state.
_DESCRIPTORS = (MemberDescriptorType, GetSetDescriptorType, type(vars(collections.namedtuple("_", "field"))["field"]))

#: Attributes of a class that code reaches only by names that no code may use.
_PLAIN = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__slots__", "__orig_bases__"}
    | {"__static_attributes__", "__firstlineno__", "__match_args__", "__dataclass_params__"}
)

#: Methods that run where nobody calls them, and change what an attribute is.
_META = frozenset({"__del__", "__getattribute__", "__setattr__", "__delattr__"})

#: Types of annotations: no state.
_HINTS = (types.GenericAlias, types.UnionType)

#: Constants that are the only object of their value, so that `is` says no more than `==`.
_SINGLE = (None, True, False, Ellipsis, NotImplemented)

#: Kinds of values that are not changed, and of which two equal ones may be two objects.
EQUALS = (int, str, float, bytes, complex, tuple, frozenset)

_LOADS_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_GETS = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD", "IMPORT_FROM")
_NAMES = (*_GETS, "STORE_ATTR", "DELETE_ATTR")

#: Why a kernel in C is explored once more, with the order of its numbers kept.
ORDERED = "asks which of two processes, frames or addresses has the lower number"


class Unmergeable(Exception):
    """Two states of this kernel cannot be compared: the message says why, after "it"."""


class Watch:
    """Lists what a kernel's code could use to keep state outside of the kernel.

    known       id of a class or of code -> its number; a kernel may hold instances of these classes only
    constants   id of a value in the code -> its number
    identities  True if the code asks whether two values are one object
    """

    def __init__(self, kernel: object, texts: Mapping[str, str] | None = None) -> None:
        self.known: dict[int, int] = {}
        self.constants: dict[int, int] = {}
        self.identities = False
        self._texts = texts
        self._allowed = allowed()
        self._classes: dict[type, dict[str, Any]] = {}
        self._functions: dict[FunctionType, dict[str, Any]] = {}  # its own and others' -> their attributes
        self._codes: list[CodeType] = []  # kept, so that no other code gets the id of one
        self._foreign: dict[type, dict[str, Any]] = {}
        self._roots: list[object] = []
        self._met: dict[int, object] = {}
        self._registers = self._abstract = False
        for cls in own_classes(type(kernel)):
            self._visit_class(cls)
        for value in vars(grader.machine).values():
            self._note_foreign(value)
        if self._registers and self._abstract:
            raise Unmergeable("may register a class as one of an abstract class")
        # What is looked at after each step: are all these still empty, and have those so many entries in all?
        self._empty = [function.__dict__ for function, held in self._functions.items() if not held]
        self._proxies = [vars(cls) for cls in self._foreign]
        self._held = sum(map(len, self._proxies))
        try:
            self._outside = Memento(self._roots)
        except Opaque as opaque:
            raise Unmergeable(f"keeps {opaque} outside of itself") from None

    def changed(self, thorough: bool = False) -> str:
        """Return what has changed since the beginning, after "it", or "". `thorough` looks at all of Python's, too."""
        for cls, attributes in self._classes.items():
            if _differ(vars(cls), attributes):
                return f"changes the class {cls.__name__}"
        if any(self._empty) or thorough:
            for function, held in self._functions.items():
                if _differ(function.__dict__, held):
                    return f"keeps state in an attribute of {function.__module__}.{function.__qualname__}"
        if not self._outside.same():
            return "keeps state in a global variable, a class, a closure or a default argument"
        if thorough or sum(map(len, self._proxies)) != self._held:
            for cls, attributes in self._foreign.items():
                if _differ(_without_page_size(cls), attributes):
                    return f"changes the class {cls.__module__}.{cls.__qualname__}"
        return ""

    # -- values that code can reach ---------------------------------------------------------------------------------

    def _visit(self, value: Any) -> None:
        """Look at a value that code can reach: at the code in it, and at what is kept in it."""
        kind = type(value)
        if id(value) in self._met:
            return
        self._met[id(value)] = value
        if isinstance(value, EQUALS):
            self.constants.setdefault(id(value), len(self.constants))
        if id(value) in self._allowed:
            self._note_foreign(value)
        elif kind in (staticmethod, classmethod):
            self._functions[value] = dict(value.__dict__)
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
        elif isinstance(value, type):
            self._visit_class(value)
        elif kind in ATOMS or kind in _DESCRIPTORS or kind in _HINTS:
            return
        else:
            self._visit_held(value, kind)

    def _visit_held(self, value: Any, kind: type) -> None:
        """Look at a container or an object, and at what it holds."""
        self._roots.append(value)
        if issubclass(kind, tuple):
            inside: Any = tuple.__iter__(value)
        elif kind in DICTS:
            inside = [*value.keys(), *value.values(), getattr(value, "default_factory", None)]
        elif kind in (list, set, frozenset, collections.deque):
            inside = value
        elif kind is MethodType:
            inside = (value.__func__, value.__self__)
        elif kind is CellType:
            inside = (value.cell_contents,)
        else:
            inside = vars(value).values() if hasattr(value, "__dict__") else ()
        if kind not in DICTS and kind.__flags__ & HEAP:  # made by a class statement
            self._visit(kind)
        for item in inside:
            self._visit(item)

    def _visit_builtin(self, function: BuiltinFunctionType) -> None:
        owner = function.__self__
        if isinstance(owner, ModuleType):
            raise Unmergeable(f"uses {owner.__name__}.{function.__name__}")
        self._visit(owner)

    def _note_foreign(self, value: Any) -> None:
        """Note what the machine's or Python's own code keeps: a kernel may use it, and not change it."""
        if isinstance(value, FunctionType):
            self._functions.setdefault(value, dict(value.__dict__))
        elif isinstance(value, type) and value not in self._foreign:
            self._foreign[value] = _without_page_size(value)
            self._abstract = self._abstract or isinstance(value, abc.ABCMeta)
            for function in vars(value).values():
                if isinstance(function, FunctionType):
                    self._note_foreign(function)

    def _visit_class(self, cls: type) -> None:
        for base in cls.__mro__:
            if id(base) in self._allowed or base is object:
                self._note_foreign(base)
            elif base not in self._classes:
                self._visit_own_class(base)

    def _visit_own_class(self, cls: type) -> None:
        if not cls.__flags__ & HEAP:  # of C, and not on the list
            raise Unmergeable(f"uses {cls.__module__}.{cls.__qualname__}")
        attributes = self._classes[cls] = dict(vars(cls))
        self.known.setdefault(id(cls), len(self.known))
        self._met[id(cls)] = cls
        if type(cls) is not type:
            self._visit(type(cls))
        generated = _of_dataclass(cls)
        for name in _META & attributes.keys():
            if name not in generated:
                raise Unmergeable(f"has a method {name} ({cls.__name__})")
        if type(attributes.get("__dict__")) not in (GetSetDescriptorType, type(None)):
            raise Unmergeable(f"replaces __dict__ ({cls.__name__})")
        for name, value in attributes.items():
            if name == "__dataclass_fields__":
                for field in value.values():
                    self._visit(field.default_factory)
            elif name not in _PLAIN and name not in generated:
                self._visit(value)

    def _visit_function(self, function: FunctionType) -> None:
        if function in self._functions or function.__code__ in _OF_NAMED_TUPLES:
            return
        if function.__globals__ is vars(sys.modules["enum"]):
            self._note_foreign(function)  # what a class of enum members gets
            return
        self._functions[function] = dict(function.__dict__)
        for held in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._visit(held)
        free = function.__code__.co_freevars
        for name, cell in zip(free, function.__closure__ or (), strict=True):
            if name != "__class__":
                self._roots.append(cell)
                self._visit(cell.cell_contents)
        for code in _codes(function.__code__):
            self._visit_code(function, code)

    # -- code -------------------------------------------------------------------------------------------------------

    def _visit_code(self, function: FunctionType, code: CodeType) -> None:
        self.known.setdefault(id(code), len(self.known))
        self._codes.append(code)
        for value in _constants(code.co_consts):
            self.constants.setdefault(id(value), len(self.constants))
        instructions = [one for one in dis.get_instructions(code) if one.opname not in ("EXTENDED_ARG", "CACHE")]
        imported: dict[str, ModuleType] = {}
        for place, one in enumerate(instructions):
            after = instructions[place + 1 : place + 3]
            if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise Unmergeable(f"changes the global variable {one.argval}")
            if one.opname in _NAMES and is_unsafe(one.argval, one.opname in _GETS):
                raise Unmergeable(f"uses {one.argval}" if one.opname in _GETS else f"changes {one.argval}")
            self._registers = self._registers or one.argval == "register"
            if one.opname == "MATCH_CLASS" and any(is_unsafe(name) for name in _constants(code.co_consts, str)):
                raise Unmergeable("matches an attribute of Python's own")
            if one.opname in _LOADS_GLOBAL:
                self._load(function, one.argval, after)
            elif one.opname == "IMPORT_NAME":
                self._import(one.argval, after, imported)
            elif one.opname == "IS_OP" and not _is_single(function, instructions[max(place - 2, 0) : place]):
                self.identities = True
            elif "FAST" in one.opname or "DEREF" in one.opname:
                self._load_local(one, after, imported)

    def _load(self, function: FunctionType, name: str, after: list[dis.Instruction]) -> None:
        space = function.__globals__
        if name not in space:
            value = getattr(builtins, name, None)
            if name in BY_NAME:
                if not self._by_written_names(function.__module__):
                    raise Unmergeable(f"uses {name}() with a name that is not written out")
            elif hasattr(builtins, name) and id(value) not in self._allowed:
                raise Unmergeable(f"uses {name}()")
        elif name.startswith("__") and name not in DUNDERS:
            raise Unmergeable(f"uses {name}")
        elif isinstance(space[name], ModuleType):
            self._load_of_module(space[name], after)
        elif (
            isinstance(space[name], (type, FunctionType)) and after and after[0].opname in ("STORE_ATTR", "DELETE_ATTR")
        ):
            raise Unmergeable(f"changes {name}.{after[0].argval}")
        else:
            self._visit(space[name])

    def _load_of_module(self, module: ModuleType, after: list[dis.Instruction]) -> None:
        """Look at what is read of a module, which is all that may be done with one."""
        if module.__name__ not in MODULES:
            raise Unmergeable(f"uses the module {module.__name__}")
        if not after or after[0].opname not in _GETS:
            raise Unmergeable(f"changes the module {module.__name__}, or uses it as a value")
        value = getattr(module, after[0].argval, None)
        if isinstance(value, ModuleType):
            self._load_of_module(value, after[1:])
        else:
            self._visit_of_module(module, after[0].argval)

    def _visit_of_module(self, module: ModuleType, name: str) -> None:
        value = getattr(module, name, None)
        if id(value) not in self._allowed and type(value) not in ATOMS:
            raise Unmergeable(f"uses {module.__name__}.{name}")
        self._visit(value)

    def _import(self, name: str, after: list[dis.Instruction], imported: dict[str, ModuleType]) -> None:
        """Look at an import in a function. A module may get one name, and only parts of it may be read."""
        if name not in MODULES:
            raise Unmergeable(f"imports the module {name}")
        module = sys.modules.get(name) or __import__(name, fromlist=["x"])
        self._allowed |= {id(v): v for v in of_module(name) if not isinstance(v, ModuleType)}
        if after and after[0].opname == "STORE_FAST" and "." not in name:
            imported[after[0].argval] = module
        elif not after or after[0].opname != "IMPORT_FROM":
            raise Unmergeable(f"uses the module {name} as a value")
        else:
            self._visit_of_module(module, after[0].argval)

    def _load_local(self, one: dis.Instruction, after: list[dis.Instruction], imported: dict[str, ModuleType]) -> None:
        named = one.argval if isinstance(one.argval, tuple) else (one.argval,)
        for name in named:
            if name in imported and one.opname != "STORE_FAST":
                if one.opname not in ("LOAD_FAST", "LOAD_FAST_CHECK"):
                    raise Unmergeable(f"uses the module {imported[name].__name__} as a value")
                self._load_of_module(imported[name], after)

    def _by_written_names(self, module: str) -> bool:
        """Return True if getattr and hasattr are only called, with a harmless name written out."""
        text = source_of(module, self._texts)
        if text is None:
            return False
        tree = ast.parse(text)
        written = {
            id(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and len(node.args) >= 2
            and isinstance(node.args[1], ast.Constant)
            and not is_unsafe(str(node.args[1].value))
        }
        return all(id(node) in written for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in BY_NAME)


def _differ(now: Mapping[str, Any], before: dict[str, Any]) -> bool:
    """Return True if one of the attributes is another object, of whatever it says that it equals."""
    return now.keys() != before.keys() or any(map(operator.is_not, now.values(), before.values()))


def _without_page_size(cls: type) -> dict[str, Any]:
    """Return the attributes of a class, except the one that the machine sets in every step."""
    return {name: value for name, value in vars(cls).items() if name != "current_page_size"}


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _constants(values: Any, kind: type | tuple[type, ...] = EQUALS) -> Iterator[Any]:
    """Yield values of some kinds, also from tuples."""
    for value in values:
        if isinstance(value, kind):
            yield value
        if isinstance(value, (tuple, frozenset)):
            yield from _constants(value, kind)


def _is_single(function: FunctionType, before: list[dis.Instruction]) -> bool:
    """Return True if the value on the right of `is` is the only object of its kind that equals it."""
    if before[-1].opname == "LOAD_CONST":
        return any(before[-1].argval is value for value in _SINGLE)
    if before[-1].opname in _GETS and before[0].opname == "LOAD_GLOBAL":
        owner = function.__globals__.get(before[0].argval)
        return isinstance(owner, type) and not isinstance(getattr(owner, before[-1].argval, 0), EQUALS)
    return before[-1].opname == "LOAD_GLOBAL" and isinstance(function.__globals__.get(before[-1].argval), type)


def _of_dataclass(cls: type) -> frozenset[str]:
    """Return the names of the methods that `dataclass` has written for a class."""
    if "__dataclass_fields__" not in vars(cls):
        return frozenset()
    return frozenset(name for name, value in vars(cls).items() if _was_generated(value))


def _was_generated(value: object) -> bool:
    value = getattr(value, "__wrapped__", value)
    return isinstance(value, FunctionType) and value.__code__.co_filename == "<string>"
