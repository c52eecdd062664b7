"""Tells the methods that `dataclass` and `namedtuple` have written for a class from all others.

They keep no state, but use names that no code of a kernel may use, and their source is in no file. What looks like one
may be anything: it is generated if a new class with the same fields gets a function with the same code.
"""

from __future__ import annotations

import collections
import dataclasses
import reprlib
from types import FunctionType
from typing import Any

from grader.state.pristine import BUILT_IN, builtins_of

#: What generated methods hold to say that there is no value, or that a field's default is made by a function.
MARKS = {id(mark): mark for mark in (dataclasses.MISSING, vars(dataclasses)["_HAS_DEFAULT_FACTORY"])}

#: Modules whose functions are generated methods, or write them.
_GENERATORS = (collections, dataclasses, reprlib)


def generated(cls: type) -> dict[str, FunctionType]:
    """Return the methods of a class that were generated, each as a twin of the same code: name -> twin."""
    try:
        twin = _twin(cls)
    except (AttributeError, KeyError, TypeError, ValueError):  # what only looks like a dataclass or a named tuple
        return {}
    if twin is None:
        return {}
    written = {name: _function(value) for name, value in vars(twin).items()}
    return {
        name: function
        for name, function in written.items()
        if function is not None and _alike(_function(vars(cls).get(name)), function)
    }


def held_by(function: FunctionType, twin: FunctionType) -> list[Any]:
    """Return what a generated method has in its closure, its defaults and its variables, other than its twin has it."""
    closures = zip(function.__closure__ or (), twin.__closure__ or (), strict=True)
    pairs = [(one.cell_contents, other.cell_contents) for one, other in closures]
    held: list[Any] = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for one, other in pairs:
        if isinstance(one, FunctionType) and isinstance(other, FunctionType) and _alike(one, other):
            held += held_by(one, other)
        elif id(one) not in MARKS and not _equal(one, other):
            held.append(one)
    names, space, usual = function.__code__.co_names, function.__globals__, builtins_of(function)
    if space is not twin.__globals__ or not any(space is vars(module) for module in _GENERATORS):
        held += [space[name] for name in names if name in space]
    held += [usual[name] for name in names if name in usual and usual[name] is not BUILT_IN.get(name)]
    return [value for value in held if id(value) not in MARKS]


def _function(value: object) -> FunctionType | None:
    function = getattr(value, "__func__", value)
    return function if isinstance(function, FunctionType) else None


def _alike(one: FunctionType | None, twin: FunctionType) -> bool:
    """Return True if two functions have the same code, wherever it stood."""
    if one is None:
        return False
    code, other = one.__code__, twin.__code__
    return code.replace(co_firstlineno=1, co_linetable=b"") == other.replace(co_firstlineno=1, co_linetable=b"")


def _equal(one: object, other: object) -> bool:
    """Return True if a value is the same in both closures, or equal and of a kind that keeps nothing."""
    return one is other or (type(one) is type(other) and isinstance(one, (int, str)) and one == other)


def _twin(cls: type) -> type | None:
    """Return a new class with the fields of a dataclass or a named tuple, or None for any other."""
    space = vars(cls)
    if "__dataclass_fields__" in space:
        return _dataclass(cls)
    if issubclass(cls, tuple) and "_fields" in space:
        named: type = collections.namedtuple(cls.__name__, cls._fields)  # type: ignore[misc, attr-defined]
        return named
    return None


def _dataclass(cls: type) -> type:
    space, params = vars(cls), vars(cls)["__dataclass_params__"]
    given: dict[str, Any] = {"__module__": cls.__module__}
    if hasattr(cls, "__post_init__"):
        given["__post_init__"] = None
    fields = [(name, field) for name, field in space["__dataclass_fields__"].items() if field._field_type in _HINTS]
    return dataclasses.make_dataclass(
        cls.__name__,
        [(name, _HINTS[field._field_type], _like(field)) for name, field in fields],
        namespace=given,
        slots="__slots__" in space,
        **{name: getattr(params, name) for name in ("init", "repr", "eq", "order", "unsafe_hash", "frozen")},
    )


#: Kind of a field -> a type that makes a field of that kind; class variables leave no trace in a method.
_HINTS: dict[object, Any] = {
    vars(dataclasses)["_FIELD"]: object,
    vars(dataclasses)["_FIELD_INITVAR"]: dataclasses.InitVar[object],
}


def _like(field: Any) -> Any:
    names = ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    return dataclasses.field(**{name: getattr(field, name) for name in names})
