"""Recognises the methods that `dataclass` and `namedtuple` have written for a class.

They keep no state, but use names that no code of a kernel may use. Nothing else in a submission can have code of the
same origin: what could make such code is refused (importing.py).
"""

from __future__ import annotations

import collections
import dataclasses
import reprlib
from types import CodeType, FunctionType
from typing import Any

#: What generated methods hold to say that there is no value, or that a field's default is made by a function.
MARKS = {id(mark): mark for mark in (dataclasses.MISSING, vars(dataclasses)["_HAS_DEFAULT_FACTORY"])}

#: The code of the methods that each named tuple gets.
_OF_NAMED_TUPLES = frozenset(code for code in collections.namedtuple.__code__.co_consts if isinstance(code, CodeType))

#: Modules whose functions become methods of a dataclass.
_WRITERS = (dataclasses, reprlib)


def is_generated(function: FunctionType) -> bool:
    """Return True if a method was written by `dataclass` or `namedtuple`."""
    code = function.__code__
    written = code.co_filename == "<string>" or code in _OF_NAMED_TUPLES
    return written or any(function.__globals__ is vars(module) for module in _WRITERS)


def held_by(function: FunctionType) -> list[Any]:
    """Return what a generated method reaches: its defaults, its closure, and what its module has under its names."""
    space = function.__globals__
    held = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    held += [cell.cell_contents for cell in function.__closure__ or ()]
    if not any(space is vars(module) for module in (*_WRITERS, collections)):
        held += [space[name] for name in function.__code__.co_names if name in space]
    return [value for value in held if id(value) not in MARKS]
