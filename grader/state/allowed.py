"""Lists the parts of Python that keep no state between two calls, so that a kernel may use them and still be merged.

`elsewhere.Watch` refuses everything that is neither on these lists nor the kernel's own: a list of what is harmless can
be complete, and one of what is not cannot.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator

import grader.machine

#: Built-in functions and classes; built-in exceptions are harmless, too. Not among them: what reaches state that is not
#: the kernel's own (open, globals, setattr, and object, for object.__setattr__), or gives numbers that
#: no contract gives (id, hash).
BUILTINS = frozenset(
    {"abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "complex", "dict", "divmod"}
    | {"enumerate", "filter", "float", "format", "frozenset", "getattr", "hasattr", "hex", "int", "isinstance"}
    | {"issubclass", "iter", "len", "list", "map", "max", "min", "next", "oct", "ord", "pow", "print", "property"}
    | {"range", "repr", "reversed", "round", "set", "slice", "sorted", "staticmethod", "classmethod", "str", "sum"}
    | {"super", "tuple", "type", "zip", "Ellipsis", "NotImplemented", "__build_class__", "__debug__"}
)

#: Built-in functions that take the name of an attribute; it must be written out.
BY_NAME = frozenset({"getattr", "hasattr"})

#: Module -> what may be used of it; None is everything that is public.
MODULES: dict[str, frozenset[str] | None] = {
    "__future__": frozenset(),
    "abc": frozenset({"ABC", "abstractmethod"}),
    "bisect": None,
    "collections": frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "namedtuple", "abc"}),
    "collections.abc": None,
    "dataclasses": frozenset({"asdict", "astuple", "dataclass", "field", "is_dataclass", "replace"}),
    "enum": frozenset({"Enum", "EnumMeta", "Flag", "IntEnum", "IntFlag", "StrEnum", "auto", "unique"}),
    "grader.machine": frozenset(grader.machine.__all__),
    "heapq": None,
    "itertools": None,
    "math": None,
    # Without what reaches attributes by name, and what compares identities where nobody sees it.
    "operator": frozenset(
        {"add", "and_", "concat", "contains", "delitem", "eq", "floordiv", "ge", "getitem", "gt"}
        | {"index", "inv", "invert", "itemgetter", "le", "lshift", "lt", "mod", "mul", "ne", "neg", "not_", "or_"}
        | {"rshift", "setitem", "sub", "truth", "xor"}
    ),
    "types": frozenset(),
    "typing": frozenset({"Any", "NamedTuple", "cast"}),
}

#: Methods with two underscores that code may name. Others lead to what belongs to Python: __globals__, __subclasses__.
DUNDERS = frozenset(
    {"__init__", "__new__", "__post_init__", "__init_subclass__", "__name__", "__len__", "__contains__", "__iter__"}
    | {"__getitem__", "__setitem__", "__delitem__", "__missing__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__"}
    | {"__ge__", "__bool__", "__repr__", "__str__", "__or__", "__and__", "__sub__", "__call__", "__enter__", "__exit__"}
    | {"__debug__", "__next__"}
)

#: Attributes that lead from something that runs, or has failed, to its variables.
_FRAMES = frozenset(
    {"gi_frame", "cr_frame", "ag_frame", "tb_frame", "tb_next", "gi_yieldfrom", "f_back", "f_globals", "f_locals"}
    | {"f_builtins", "gi_code", "f_code"}
)


def is_unsafe(name: str, reads: bool = True) -> bool:
    """Return True if no code of a kernel may name this attribute. reads: False if it would be changed."""
    dunder = name.startswith("__") and name.endswith("__")
    return name in _FRAMES or (dunder and not (reads and name in DUNDERS))


def of_module(name: str) -> Iterator[object]:
    """Yield what may be used of a module on the list, if it was imported."""
    module = sys.modules.get(name)
    names = MODULES[name]
    for key, value in vars(module).items() if module is not None else ():
        if key in names if names is not None else not key.startswith("_"):
            yield value


def allowed() -> dict[int, object]:
    """Return what a kernel may use that is not its own, by id."""
    values = [value for name in MODULES for value in of_module(name) if not isinstance(value, type(sys))]
    values += [getattr(builtins, name) for name in BUILTINS - BY_NAME]
    values += [e for e in vars(builtins).values() if isinstance(e, type) and issubclass(e, BaseException)]
    return {id(value): value for value in values}
