"""Reads the source of a submission for what it could do to Python itself while it is imported.

A function for traces, an audit hook, another thread or a filter of warnings acts later, where no code of the kernel
names it; `exec` makes code that is in no source. So all modules that a submission uses, wherever it does, must be on a
list, and so must the built-in names.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from grader.state.allowed import BY_NAME, MODULES, is_unsafe, names_safely
from grader.state.pristine import ALLOWED, BUILT_IN
from grader.state.unmergeable import Unmergeable

#: Modules whose names may be used while a submission is imported, in addition to what its kernel may use.
_HINTS = frozenset(
    {"Any", "Callable", "ClassVar", "Collection", "Deque", "DefaultDict", "Dict", "Final", "FrozenSet", "Generic"}
    | {"Hashable", "Iterable", "Iterator", "List", "Literal", "Mapping", "MutableMapping", "NamedTuple", "NewType"}
    | {"NoReturn", "Optional", "Protocol", "Self", "Sequence", "Set", "Sized", "TYPE_CHECKING", "Tuple", "Type"}
    | {"TypeAlias", "TypeVar", "TypedDict", "Union", "cast", "final", "overload", "override", "assert_never"}
)
_FURTHER = {
    "typing": _HINTS,
    "functools": frozenset({"cached_property", "partial", "reduce", "total_ordering", "wraps"}),
}

#: Built-in names that no kernel may use when it runs, but any module.
_HARMLESS = frozenset({"object", "id", "hash", "dir", "memoryview"})

#: Names of a module's own that may be read.
_OF_MODULES = frozenset({"__name__", "__file__", "__debug__", "__class__"})

#: Names that nothing in a module may define: they say what is executed.
_FIXED = frozenset({"__name__", "__builtins__", "TYPE_CHECKING"})


def check_import(texts: Mapping[str, str]) -> None:
    """Raise Unmergeable if the modules of a submission could change Python itself. texts: module -> source."""
    trees = [ast.parse(text) for text in texts.values()]
    if any(map(_matches_by_position, trees)) and any(map(_names_positions, trees)):
        raise Unmergeable("matches attributes that it does not name")
    if "__main__" in texts:
        raise Unmergeable("has a module that is the program")
    names = _Names(trees, texts)
    for tree in trees:
        safe = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and names_safely(node)}
        read = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in _executed(tree):
            if isinstance(node, ast.Name):
                _check_name(node, names, safe)
                if node.id in names.modules and isinstance(node.ctx, ast.Load) and id(node) not in read:
                    raise Unmergeable(f"uses the module {node.id} as a value")
            elif isinstance(node, ast.Attribute):
                _check_attribute(node, names)
            elif isinstance(node, ast.MatchClass) and any(map(is_unsafe, node.kwd_attrs)):
                raise Unmergeable("matches an attribute of Python's own")
            elif not isinstance(node, ast.Constant):
                _check_defined(node)


class _Names:
    """Lists the names that the modules of a submission import.

    strange  names of what is not on the list
    modules  name -> modules of Python that it stands for
    """

    def __init__(self, trees: Iterable[ast.AST], texts: Mapping[str, str]) -> None:
        self.strange: set[str] = set()
        self.modules: dict[str, set[str]] = {}
        imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        for node in imports:
            for alias in node.names:
                if isinstance(node, ast.Import):
                    self._import(alias, texts)
                elif (node.module or "") not in texts:
                    self._import_from(node, alias)
        for node in imports:
            if isinstance(node, ast.ImportFrom) and node.module in texts:
                self.strange |= {a.asname for a in node.names if a.asname and self.holds(a.name)}

    def holds(self, name: str) -> bool:
        """Return True if a name is that of a module, or of what is not on the list."""
        return name in self.strange or name in self.modules

    def _import(self, alias: ast.alias, texts: Mapping[str, str]) -> None:
        top = alias.name.split(".")[0]
        if alias.name in MODULES or alias.name in _FURTHER:
            self.modules.setdefault(alias.asname or top, set()).add(alias.name if alias.asname else top)
        elif alias.name not in texts:
            self.strange.add(alias.asname or top)

    def _import_from(self, node: ast.ImportFrom, alias: ast.alias) -> None:
        module = node.module or ""
        if alias.name == "*":
            self.strange |= set(_not_harmless(module))
        elif module == "collections" and alias.name == "abc":
            self.modules.setdefault(alias.asname or alias.name, set()).add("collections.abc")
        elif node.level or not _is_harmless(module, alias.name):
            self.strange.add(alias.asname or alias.name)


def _executed(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module that may be executed, except those that are only if it is the program."""
    lazy = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" and _is_lazy(n) for n in tree.body)
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("__name__ == '__main__'", "TYPE_CHECKING"):
            waiting += [node.test, *node.orelse]
            continue
        for name, value in ast.iter_fields(node):
            if not (lazy and name in ("annotation", "returns")):
                waiting += [
                    part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)
                ]


def _is_lazy(node: ast.ImportFrom) -> bool:
    """Return True if an import from `__future__` leaves annotations as they are written."""
    return any(alias.name == "annotations" for alias in node.names)


def _matches_by_position(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.MatchClass) and node.patterns for node in ast.walk(tree))


def _names_positions(tree: ast.AST) -> bool:
    """Return True if a class may say itself which attributes a pattern matches by position."""
    single = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call) and len(n.args) == 1 and not n.keywords}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "type" and id(node) not in single:
            return True
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and is_unsafe(node.target.id):
            return True
        if any(value == "__match_args__" for _, value in ast.iter_fields(node)):
            return True
    return False


def _check_name(node: ast.Name, names: _Names, safe: set[int]) -> None:
    name = node.id
    if not isinstance(node.ctx, ast.Load):
        _check_defined(node)
    elif name in names.strange:
        raise Unmergeable(f"uses {name}, which may change Python itself")
    elif name in BY_NAME:
        if id(node) not in safe:
            raise Unmergeable(f"uses {name}() with a name that is not written out")
    elif name in BUILT_IN and id(BUILT_IN[name]) not in ALLOWED and name not in _HARMLESS | _OF_MODULES:
        raise Unmergeable(f"uses {name}()")
    elif name.startswith("__") and name.endswith("__") and name not in BUILT_IN.keys() | _OF_MODULES:
        raise Unmergeable(f"uses {name}")


def _check_attribute(node: ast.Attribute, names: _Names) -> None:
    reads = isinstance(node.ctx, ast.Load)
    of = names.modules.get(node.value.id, set()) if isinstance(node.value, ast.Name) else set()
    if not all(reads and _is_harmless(module, node.attr) for module in of):
        raise Unmergeable(f"uses {node.attr} of a module, which may change Python itself")
    if is_unsafe(node.attr, reads) or (names.holds(node.attr) and not of):
        raise Unmergeable(f"uses {node.attr}, which may change Python itself")


def _check_defined(node: ast.AST) -> None:
    """Refuse anything that gives another meaning to the names which say what is executed."""
    fields = [value for name, value in ast.iter_fields(node) if name != "name" or not isinstance(node, ast.alias)]
    for name in _FIXED.intersection(value for value in fields if isinstance(value, str)):
        raise Unmergeable(f"changes {name}")


def _not_harmless(module: str) -> Iterator[str]:
    """Yield the names that `import *` of a module gives, as far as they are not on the list."""
    if module not in MODULES and module not in _FURTHER:
        raise Unmergeable(f"imports all of {module}, which may change Python itself")
    held = importlib.import_module(module)
    names = getattr(held, "__all__", None) or [name for name in vars(held) if not name.startswith("_")]
    yield from (name for name in names if not _is_harmless(module, name))


def _is_harmless(module: str, name: str) -> bool:
    """Return True if a name of a module leads to nothing that could change Python itself."""
    if module in _FURTHER and name in _FURTHER[module]:
        return True
    if module not in MODULES:
        return False
    names = MODULES[module]
    if module == "__future__" or (module == "collections" and name == "abc"):
        return True
    if name.startswith("_") or isinstance(getattr(importlib.import_module(module), name, None), ModuleType):
        return False
    return names is None or name in names
