"""Lists the parts of Python that keep no state between two calls, so that a kernel may use them and still be merged.

`elsewhere.Watch` refuses everything that is neither on these lists nor the kernel's own: a list of what is harmless can
be complete, and one of what is not cannot.
"""

from __future__ import annotations

import ast

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

#: Attributes of a class that code reaches only by names that no code may use.
PLAIN = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__slots__", "__orig_bases__"}
    | {"__static_attributes__", "__firstlineno__", "__match_args__", "__dataclass_params__", "__qualname__"}
    | {"__abstractmethods__", "__parameters__", "__classcell__"}
)

#: Further methods with two underscores that a class may have. Others run where nobody calls them, or change what an
#: attribute or a class is, or whether a dict finds a key: __del__, __getattribute__, __mro__, __hash__.
_METHODS = frozenset(
    {
        f"__{way}{name}__"
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
        for way in ("", "r", "i")
    }
    | {f"__{way}{name}__" for name in ("and", "or", "xor", "lshift", "rshift", "matmul") for way in ("", "r", "i")}
    | {"__neg__", "__pos__", "__abs__", "__invert__", "__divmod__", "__rdivmod__", "__int__", "__index__", "__float__"}
    | {"__round__", "__reversed__", "__getattr__", "__get__", "__set__", "__delete__", "__set_name__", "__format__"}
    | {"__class_getitem__", "__instancecheck__", "__subclasscheck__", "__prepare__", "__dataclass_fields__"}
    | {"__copy__", "__deepcopy__", "__getnewargs__", "__reduce_ex__", "__new_member__", "__length_hint__", "__bytes__"}
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


def may_define(name: str) -> bool:
    """Return True if a class of a kernel's own may have an attribute of this name that was not generated."""
    return not (name.startswith("__") and name.endswith("__")) or name in PLAIN | DUNDERS | _METHODS


def names_safely(call: ast.Call) -> bool:
    """Return True if the second argument of a call is the written name of an attribute that code may name."""
    if len(call.args) < 2 or isinstance(call.args[0], ast.Starred):
        return False
    name = call.args[1]
    return isinstance(name, ast.Constant) and not is_unsafe(str(name.value))
