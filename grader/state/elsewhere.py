"""Reads a kernel's code for what a comparison of attributes does not show.

`Watch` finds state outside of the kernel object: in globals, closures, default arguments, classes, functions and
modules. Such a kernel is not wrong, but two of its states can look equal and differ. Unmergeable is raised for code
that must be assumed to have some; `Watch.changed` says whether what was found has changed.

`unordered` finds the attributes that hold dicts whose order nobody asks for.
"""

from __future__ import annotations

import ast
import builtins
import collections
import dis
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

import grader.machine
from grader.machine.kernel import Kernel
from grader.state.memento import ATOMS, DICTS, Memento, Opaque

#: Modules whose functions keep no state of their own.
SAFE_MODULES = frozenset(
    {"__future__", "abc", "bisect", "collections", "collections.abc", "enum", "grader.machine", "heapq", "itertools"}
    | {"math", "operator", "typing", "dataclasses", "types"}
)

#: Built-in functions through which a kernel reaches state that is not its own, or numbers that no contract gives.
UNSAFE_BUILTINS = frozenset(
    {"id", "hash", "globals", "vars", "locals", "exec", "eval", "compile", "__import__", "open", "input", "setattr"}
    | {"delattr", "breakpoint", "object"}
)

#: Attributes through which Python's own objects are changed.
UNSAFE_NAMES = frozenset({"__dict__", "__globals__", "__code__", "__defaults__", "__closure__", "__class__", "__del__"})

#: The code of the methods that each named tuple gets: they keep no state, though they use __class__ and __dict__.
_OF_NAMED_TUPLES = frozenset(code for code in collections.namedtuple.__code__.co_consts if isinstance(code, CodeType))

#: Types of what a class holds for its slots, for the fields of a named tuple, and from C: none of them has state.
_DESCRIPTORS = (
    MemberDescriptorType,
    GetSetDescriptorType,
    BuiltinFunctionType,
    type(vars(collections.namedtuple("_", "field"))["field"]),
)

#: Attributes of a class that no method of a kernel can keep state in unnoticed.
_PLAIN = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__slots__", "__orig_bases__"}
)

#: Methods of a dict that do not depend on the order of its keys.
ORDERLESS = frozenset({"get", "pop", "setdefault", "clear"})


#: Why a kernel in C is explored once more, with the order of its numbers kept.
ORDERED = "asks which of two processes, frames or addresses has the lower number"


class Unmergeable(Exception):
    """Two states of this kernel cannot be compared: the message says why, after "it"."""


def own_classes(kernel: type) -> list[type]:
    """Return the classes of a kernel that are not the machine's or Python's."""
    return [cls for cls in kernel.__mro__ if cls not in (object, Kernel)]


class Watch:
    """Lists what a kernel's code could use to keep state outside of the kernel."""

    def __init__(self, kernel: object) -> None:
        self._classes: dict[type, dict[str, Any]] = {}
        self._functions: dict[FunctionType, dict[str, Any]] = {}
        self._modules: dict[ModuleType, dict[str, Any]] = {}
        self._roots: list[object] = []
        for cls in own_classes(type(kernel)):
            self._visit_class(cls)
        self._machine = {cls: _without_page_size(cls) for cls in vars(grader.machine).values() if isinstance(cls, type)}
        try:
            self._outside = Memento(self._roots)
        except Opaque as opaque:
            raise Unmergeable(f"keeps {opaque} outside of itself") from None

    def changed(self, thorough: bool = False) -> str:
        """Return what has changed since the beginning, after "it", or "". `thorough` looks at whole modules, too."""
        for cls, attributes in self._classes.items():
            if vars(cls) != attributes:
                return f"changes the class {cls.__name__}"
        for function, held in self._functions.items():
            if function.__dict__ != held:
                return f"keeps state in an attribute of {function.__qualname__}"
        if not self._outside.same():
            return "keeps state in a global variable, a class, a closure or a default argument"
        return self._changed_elsewhere() if thorough else ""

    def _changed_elsewhere(self) -> str:
        for cls, attributes in self._machine.items():
            if _without_page_size(cls) != attributes:
                return f"changes the class {cls.__name__} of the machine"
        for module, before in self._modules.items():
            now = vars(module)
            if now.keys() != before.keys() or any(now[name] is not value for name, value in before.items()):
                return f"changes the module {module.__name__}"
        return ""

    def _visit_class(self, cls: type) -> None:
        if cls in self._classes:
            return
        self._classes[cls] = dict(vars(cls))
        if "__del__" in vars(cls):
            raise Unmergeable(f"has a method __del__ ({cls.__name__})")
        for name, value in vars(cls).items():
            if name not in _PLAIN:
                self._visit(value)

    def _visit(self, value: Any) -> None:
        kind = type(value)
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property):
            for function in (value.fget, value.fset, value.fdel):
                if function is not None:
                    self._visit(function)
        elif isinstance(value, FunctionType):
            self._visit_function(value)
        elif isinstance(value, ModuleType):
            self._visit_module(value)
        elif isinstance(value, type):
            if _is_students(value):
                self._visit_class(value)
        elif kind in DICTS or kind in (list, set):
            self._roots.append(value)
        elif kind in _DESCRIPTORS:
            return
        elif isinstance(value, (tuple, frozenset)):
            for item in value:
                self._visit(item)
        elif kind.__module__ in ("typing", "__future__", "types"):
            return
        elif kind not in ATOMS:
            self._roots.append(value)

    def _visit_module(self, module: ModuleType) -> None:
        if module.__name__ not in SAFE_MODULES:
            raise Unmergeable(f"uses the module {module.__name__}")
        self._modules.setdefault(module, dict(vars(module)))

    def _visit_function(self, function: FunctionType) -> None:
        if function in self._functions or function.__code__ in _OF_NAMED_TUPLES:
            return
        self._functions[function] = dict(function.__dict__)
        for held in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._visit(held)
        free = function.__code__.co_freevars
        for name, cell in zip(free, function.__closure__ or (), strict=True):
            if name != "__class__":
                self._roots.append(cell)
                self._visit(cell.cell_contents)
        for instruction in _instructions(function.__code__):
            self._check(function, instruction)

    def _check(self, function: FunctionType, instruction: dis.Instruction) -> None:
        operation, name = instruction.opname, instruction.argval
        if operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            raise Unmergeable(f"changes the global variable {name}")
        if operation in ("LOAD_ATTR", "STORE_ATTR", "LOAD_METHOD") and name in UNSAFE_NAMES:
            raise Unmergeable(f"uses {name}")
        if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            if name in function.__globals__:
                self._visit(function.__globals__[name])
            elif name in UNSAFE_BUILTINS and hasattr(builtins, name):
                raise Unmergeable(f"uses {name}()")
        if operation == "IMPORT_NAME" and name not in SAFE_MODULES:
            raise Unmergeable(f"imports the module {name}")
        if operation == "IMPORT_NAME":
            self._visit_module(sys.modules.get(name) or __import__(name, fromlist=["x"]))


def _without_page_size(cls: type) -> dict[str, Any]:
    """Return the attributes of a class, except the one that the machine sets in every step."""
    return {name: value for name, value in vars(cls).items() if name != "current_page_size"}


def _is_students(cls: type) -> bool:
    module = cls.__module__
    return not module.startswith("grader.machine") and module.partition(".")[0] not in sys.stdlib_module_names


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def unordered(kernel: object, texts: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return the attributes of a kernel that hold dicts and that its source uses only by key.

    texts: module -> source, of modules that no file holds. Without the source of every class, or if the source names
    attributes by strings, order is assumed to count.
    """
    names = {name for name, value in getattr(kernel, "__dict__", {}).items() if type(value) in DICTS}
    for module in {cls.__module__ for cls in own_classes(type(kernel))}:
        try:
            text = (texts or {}).get(module) or inspect.getsource(sys.modules[module])
        except (OSError, TypeError, KeyError):
            return frozenset()
        tree = ast.parse(text)
        if any(isinstance(node, ast.Name) and node.id in ("getattr", "vars") for node in ast.walk(tree)):
            return frozenset()
        names -= _ordered(tree)
    return frozenset(names)


def _ordered(tree: ast.AST) -> set[str]:
    """Return the attributes that are used in a way that could show the order of a dict."""
    harmless: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            harmless.add(id(node.value))
        elif isinstance(node, ast.Compare) and all(isinstance(o, (ast.In, ast.NotIn)) for o in node.ops):
            harmless.update(map(id, node.comparators))
        elif isinstance(node, ast.Attribute) and node.attr in ORDERLESS:
            harmless.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "bool"):
            harmless.update(map(id, node.args))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in harmless
    }
