"""Keeps what Python and the machine were before a kernel was imported.

A kernel's module could put a method of its own into a class of the machine, or an attribute on a function. Therefore
this module must be imported before it, and looks at all that a kernel may use.
"""

from __future__ import annotations

import builtins
import dis
import importlib
import pkgutil
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import grader.machine
from grader.machine.protection import PROTECTIONS, Access
from grader.state.allowed import BUILTINS, BY_NAME, MODULES

#: Left out where attributes are compared: the machine sets it in every step.
_SET_BY_THE_MACHINE = "current_page_size"

#: The fixed objects of the machine: which of them it is, is all that can be known of one.
FIXED: dict[int, object] = {id(value): value for value in (Access.READ, Access.WRITE, Access.EXECUTE, *PROTECTIONS)}


def attributes_of(cls: type) -> dict[str, Any]:
    """Return the attributes of a class, except the one that the machine sets in every step."""
    return {name: value for name, value in vars(cls).items() if name != _SET_BY_THE_MACHINE}


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


def names_in(code: CodeType) -> set[str]:
    """Return all names that code has for attributes and variables, and all texts in it that may be names."""
    return {*code.co_names, *texts_in(code.co_consts)}


def stored_in(code: CodeType) -> set[str]:
    """Return the attributes that code sets or deletes."""
    return {one.argval for one in dis.get_instructions(code) if one.opname in ("STORE_ATTR", "DELETE_ATTR")}


def texts_in(values: Any) -> Iterator[str]:
    """Yield the texts among constants, also those in tuples."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (tuple, frozenset)):
            yield from texts_in(value)


def _of_modules() -> Iterator[object]:
    """Yield what a kernel may use of the modules on the list."""
    for name, names in MODULES.items():
        for key, value in vars(importlib.import_module(name)).items():
            if (key in names if names is not None else not key.startswith("_")) and not isinstance(value, ModuleType):
                yield value


def _machine_classes() -> Iterator[type]:
    """Yield every class of the machine."""
    for module in pkgutil.iter_modules(grader.machine.__path__):
        for value in vars(importlib.import_module(f"{grader.machine.__name__}.{module.name}")).values():
            if isinstance(value, type) and value.__module__.startswith(grader.machine.__name__):
                yield value


def _allowed() -> dict[int, object]:
    values = [*_of_modules(), *[getattr(builtins, name) for name in BUILTINS - BY_NAME]]
    values += [e for e in vars(builtins).values() if isinstance(e, type) and issubclass(e, BaseException)]
    return {id(value): value for value in values}


#: What a kernel may use that is not its own, by id.
ALLOWED = _allowed()

#: Class -> its attributes: of all classes on the list, their bases, and all classes of the machine.
CLASSES: dict[type, dict[str, Any]] = {
    base: attributes_of(base)
    for cls in (*[v for v in ALLOWED.values() if isinstance(v, type)], *_machine_classes())
    for base in cls.__mro__
}

_FOREIGN = frozenset(map(id, CLASSES))

#: Function -> its attributes: of all functions on the list, and all methods of these classes.
FUNCTIONS: dict[FunctionType, dict[str, Any]] = {
    function: dict(function.__dict__)
    for function in (*ALLOWED.values(), *[value for held in CLASSES.values() for value in held.values()])
    if isinstance(function, FunctionType)
}


def is_foreign(cls: object) -> bool:
    """Return True for a class of Python or of the machine, whatever other classes say that they equal."""
    return id(cls) in _FOREIGN


#: Built-in names -> what they were.
BUILT_IN = dict(vars(builtins))
