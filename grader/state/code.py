"""Reads the instructions of a kernel's functions: what they use, and whether that could keep state unseen."""

from __future__ import annotations

import ast
import dis
import enum
import string
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from grader.machine.kernel import Kernel
from grader.state.allowed import BY_NAME, DUNDERS, MODULES, is_unsafe, names_safely
from grader.state.memento import ATOMS
from grader.state.order import source_of
from grader.state.pristine import ALLOWED, BUILT_IN, is_foreign, names_in, stored_in
from grader.state.unmergeable import Unmergeable

#: Constants that are the only object of their value, so that `is` says no more than `==`.
_SINGLE = (None, True, False, Ellipsis, NotImplemented)

#: Kinds of values that are not changed, and of which two equal ones may be two objects.
EQUALS = (int, str, float, bytes, complex, tuple, frozenset)

#: Methods that make an object what it is: called once more, they change what a comparison takes as fixed.
_BEGINS = frozenset({"__init__", "__post_init__"})

#: Methods of texts that read attributes whose names are in the text.
_FORMATS = frozenset({"format", "format_map"})

_LOADS_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_OF_OBJECTS = ("LOAD_ATTR", "LOAD_METHOD")
_GETS = (*_OF_OBJECTS, "LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD", "IMPORT_FROM")
_NAMES = (*_GETS, "STORE_ATTR", "DELETE_ATTR")

#: So many instructions before one can say what it is applied to: `super(A, self).__init__` is the longest.
_BEFORE = 5


class Instruction(NamedTuple):
    """An instruction of Python's virtual machine, as far as it is looked at here."""

    opname: str
    argval: Any
    is_jump_target: bool


class Reader:
    """Reads code, and remembers what it has met.

    visit       called with each value that code can reach
    texts       module -> source, of a submission's modules
    names       all names of attributes in the code, and all texts that could be one
    stored      the attributes that code sets or deletes
    identities  True if some code asks whether two values are one object
    registers   True if some code may register a class as one of an abstract class
    supers      True if some code uses `super` for a class that it names
    modules     the modules that the code is from
    """

    def __init__(self, visit: Callable[[Any], None], texts: Mapping[str, str] | None) -> None:
        self._visit = visit
        self._texts = texts
        self.names: set[str] = set()
        self.stored: set[str] = set()
        self.modules: set[str] = set()
        self.identities = self.registers = self.supers = False

    def note_names(self, code: CodeType) -> None:
        """Note the attributes that some code uses; all that is done with code that is not read."""
        self.names |= names_in(code)
        self.stored |= stored_in(code)

    def read(self, function: FunctionType, code: CodeType) -> None:
        """Read the code of a function, or of one in it. Unmergeable if it could keep state where nobody looks."""
        self.note_names(code)
        self.modules.add(function.__module__)
        instructions = list(_instructions(code))
        imported: dict[str, ModuleType] = {}
        for place, one in enumerate(instructions):
            before, after = instructions[max(place - _BEFORE, 0) : place], instructions[place + 1 : place + 3]
            if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise Unmergeable(f"changes the global variable {one.argval}")
            if one.opname in _NAMES:
                self._check_name(function, one, before)
            if one.opname in _LOADS_GLOBAL:
                self._load(function, one.argval, after)
            elif one.opname == "IMPORT_NAME":
                self._import(one.argval, after, imported)
            elif one.opname == "IS_OP" and not _is_single(function, one, before):
                self.identities = True
            elif "FAST" in one.opname or "DEREF" in one.opname:
                self._load_local(one, after, imported)

    def _check_name(self, function: FunctionType, one: Instruction, before: list[Instruction]) -> None:
        name = one.argval
        if is_unsafe(name, one.opname in _GETS):
            raise Unmergeable(f"uses {name}" if one.opname in _GETS else f"changes {name}")
        if name in _BEGINS and one.opname in _OF_OBJECTS and not _is_of_own(function, one, before):
            raise Unmergeable(f"calls {name} of an object that it has")
        if name in _FORMATS and one.opname in _OF_OBJECTS and not _is_plain_format(function, one, before):
            raise Unmergeable(f"calls {name} of a text that may name attributes")
        self.registers = self.registers or name == "register"

    # -- names --------------------------------------------------------------------------------------------------------

    def _load(self, function: FunctionType, name: str, after: list[Instruction]) -> None:
        space = function.__globals__
        if name not in space:
            self._load_built_in(function, name, after)
        elif name.startswith("__") and name not in DUNDERS:
            raise Unmergeable(f"uses {name}")
        elif type(space[name]) is ModuleType:
            self._load_of_module(space[name], after)
        elif (
            issubclass(type(space[name]), (type, FunctionType))
            and after
            and after[0].opname in ("STORE_ATTR", "DELETE_ATTR")
        ):
            raise Unmergeable(f"changes {name}.{after[0].argval}")
        else:
            self._visit(space[name])

    def _load_built_in(self, function: FunctionType, name: str, after: list[Instruction]) -> None:
        value = BUILT_IN.get(name)
        if name in BY_NAME:
            if not self._by_written_names(function):
                raise Unmergeable(f"uses {name}() with a name that is not written out")
            return
        if name in BUILT_IN and id(value) not in ALLOWED:
            raise Unmergeable(f"uses {name}()")
        if name == "super" and not (
            after and (after[0].opname in ("PRECALL", "CALL") or after[0].argval == "__class__")
        ):
            self.supers = True
        self._visit(value)

    def _load_of_module(self, module: ModuleType, after: list[Instruction]) -> None:
        """Look at what is read of a module, which is all that may be done with one."""
        if module.__name__ not in MODULES:
            raise Unmergeable(f"uses the module {module.__name__}")
        if not after or after[0].opname not in _GETS:
            raise Unmergeable(f"changes the module {module.__name__}, or uses it as a value")
        value = getattr(module, after[0].argval, None)
        if type(value) is ModuleType:
            self._load_of_module(value, after[1:])
        else:
            self._visit_of_module(module, after[0].argval)

    def _visit_of_module(self, module: ModuleType, name: str) -> None:
        value = getattr(module, name, None)
        if id(value) not in ALLOWED and type(value) not in ATOMS:
            raise Unmergeable(f"uses {module.__name__}.{name}")
        self._visit(value)

    def _import(self, name: str, after: list[Instruction], imported: dict[str, ModuleType]) -> None:
        """Look at an import in a function. A module may get one name, and only parts of it may be read."""
        if name not in MODULES:
            raise Unmergeable(f"imports the module {name}")
        module = __import__(name, fromlist=["x"])
        if after and after[0].opname == "STORE_FAST" and "." not in name:
            imported[after[0].argval] = module
        elif not after or after[0].opname != "IMPORT_FROM":
            raise Unmergeable(f"uses the module {name} as a value")
        else:
            self._visit_of_module(module, after[0].argval)

    def _load_local(self, one: Instruction, after: list[Instruction], imported: dict[str, ModuleType]) -> None:
        if one.argval in imported and one.opname != "STORE_FAST":
            if one.opname not in ("LOAD_FAST", "LOAD_FAST_CHECK"):
                raise Unmergeable(f"uses the module {imported[one.argval].__name__} as a value")
            self._load_of_module(imported[one.argval], after)

    # -- source -------------------------------------------------------------------------------------------------------

    def _by_written_names(self, function: FunctionType) -> bool:
        """Return True if getattr and hasattr are only called, with a harmless name written out."""
        text = source_of(function.__module__, self._texts)
        if text is None:
            return False
        tree = ast.parse(text)
        written = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and names_safely(node)}
        return all(id(node) in written for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in BY_NAME)


def _instructions(code: CodeType) -> Iterator[Instruction]:
    """Yield the instructions of some code. Python 3.13 has one instruction for two local variables: it is made two."""
    for one in dis.get_instructions(code):
        first, _, second = one.opname.partition("_FAST_")
        if second and isinstance(one.argval, tuple):
            yield Instruction(f"{first}_FAST", one.argval[0], one.is_jump_target)
            yield Instruction(second, one.argval[1], False)
        elif one.opname not in ("EXTENDED_ARG", "CACHE"):
            yield Instruction(one.opname, one.argval, one.is_jump_target)


def _is_single(function: FunctionType, one: Instruction, before: list[Instruction]) -> bool:
    """Return True if the value on the right of `is` is the only object of its kind that equals it."""
    if one.is_jump_target:  # what stands before it need not be what was there
        return False
    last = before[-1]
    if last.opname == "LOAD_CONST":
        return any(last.argval is value for value in _SINGLE)
    if last.opname in _GETS and before[-2].opname == "LOAD_GLOBAL" and not last.is_jump_target:
        owner = function.__globals__.get(before[-2].argval)
        return type(owner) in (type, enum.EnumMeta) and not issubclass(type(getattr(owner, last.argval, 0)), EQUALS)
    return last.opname == "LOAD_GLOBAL" and issubclass(type(function.__globals__.get(last.argval)), type)


def _is_of_own(function: FunctionType, one: Instruction, before: list[Instruction]) -> bool:
    """Return True if a method is taken of `super()`, or of a class that is a kernel's own."""
    if one.is_jump_target or not before:
        return False
    names = [step.opname for step in before]
    if names[-1] == "LOAD_GLOBAL":
        cls = function.__globals__.get(before[-1].argval)
        return issubclass(type(cls), type) and (cls is Kernel or not is_foreign(cls))
    called = before[-3] if before[-1].argval == 0 else before[0]
    return names[-2:] == ["PRECALL", "CALL"] and called.opname == "LOAD_GLOBAL" and called.argval == "super"


def _is_plain_format(function: FunctionType, one: Instruction, before: list[Instruction]) -> bool:
    """Return True if `format` is called of a known text that asks for no attribute and no item."""
    if one.argval != "format" or one.is_jump_target or not before:
        return False
    last = before[-1]
    text = function.__globals__.get(last.argval) if last.opname == "LOAD_GLOBAL" else last.argval
    return last.opname in ("LOAD_GLOBAL", "LOAD_CONST") and type(text) is str and _has_plain_fields(text)


def _has_plain_fields(text: str) -> bool:
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return False
    return all(
        name is None or ("." not in name and "[" not in name and _has_plain_fields(spec or ""))
        for _, name, spec, _ in fields
    )
