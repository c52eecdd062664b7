"""Finds the attributes of a kernel that hold dicts whose order nobody asks for, in its source."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping

from grader.machine.kernel import Kernel
from grader.state.memento import DICTS

#: Methods of a dict that do not depend on the order of its keys.
ORDERLESS = frozenset({"get", "pop", "setdefault", "clear"})

#: Functions whose result does not depend on the order of the keys.
COUNTING = frozenset({"len", "bool"})

#: What reaches attributes by names in strings.
_BY_STRING = frozenset({"getattr", "vars", "format", "format_map"})


def own_classes(kernel: type) -> list[type]:
    """Return the classes of a kernel that are not the machine's or Python's."""
    return [cls for cls in kernel.__mro__ if cls not in (object, Kernel)]


def source_of(module: str, texts: Mapping[str, str] | None = None) -> str | None:
    """Return the source of a module, or None if nobody has it. texts: module -> source, of those in no file."""
    try:
        return (texts or {}).get(module) or inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return None


def unordered(kernel: object, texts: Mapping[str, str] | None = None, modules: Iterable[str] = ()) -> frozenset[str]:
    """Return the attributes of a kernel that hold dicts and that its source uses only by key.

    Without the source of every class, or if the source names attributes by strings, order is assumed to count. So it
    does in a dataclass: `asdict` and `repr` show all that it has.

    texts    a submission's modules; any of them may ask for the order
    modules  other modules that the kernel's code is from
    """
    if hasattr(kernel, "__dataclass_fields__"):
        return frozenset()
    names = {name for name, value in getattr(kernel, "__dict__", {}).items() if type(value) in DICTS}
    for module in {*(texts or ()), *modules, *(cls.__module__ for cls in own_classes(type(kernel)))}:
        text = source_of(module, texts)
        if text is None:
            return frozenset()
        tree = ast.parse(text)
        if any(_hides_names(node) for node in ast.walk(tree)):
            return frozenset()
        names -= {name for name in names if _is_one_of(name, _ordered(tree))}
    return frozenset(names)


def _is_one_of(name: str, written: set[str]) -> bool:
    """Return True if an attribute was written under one of some names: `self.__x` of a class A is `_A__x`."""
    return name in written or name[name.find("__", 1) :] in written


def _hides_names(node: ast.AST) -> bool:
    """Return True if a node may reach attributes without naming them, or gives `len` another meaning."""
    if isinstance(node, ast.Name):
        return node.id in _BY_STRING or (node.id in COUNTING and not isinstance(node.ctx, ast.Load))
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.alias)):
        named = node.asname or node.name if isinstance(node, ast.alias) else node.name
        return named in COUNTING or named == "*"
    if isinstance(node, ast.Attribute):
        return node.attr in _BY_STRING
    if isinstance(node, ast.MatchClass) and node.patterns:
        return True
    return any(name in COUNTING for _, name in ast.iter_fields(node) if isinstance(name, str))


def _ordered(tree: ast.AST) -> set[str]:
    """Return the attributes that are used in a way that could show the order of a dict."""
    harmless: set[int] = set()
    shown: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            harmless.add(id(node.value))
        elif isinstance(node, ast.Compare) and isinstance(node.ops[-1], (ast.In, ast.NotIn)):
            harmless.add(id(node.comparators[-1]))  # what is compared in the middle is asked as well as asked for
        elif isinstance(node, ast.Attribute) and node.attr in ORDERLESS:
            harmless.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in COUNTING:
            harmless.update(map(id, node.args))
        elif isinstance(node, ast.MatchClass):
            shown.update(node.kwd_attrs)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            shown.add(node.target.attr)
    return shown | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in harmless
    }
