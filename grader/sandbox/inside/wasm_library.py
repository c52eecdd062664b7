"""The library of the WebAssembly runtime, wasmtime: as much of its C interface as kernels need, called through ctypes.

The package wasmtime declares all of that interface, 760 functions, which takes longer to import than a worker needs for
everything else. So only the package's library is loaded. It is the same in wasmtime 32, 40 and 50; what its functions
do is documented at https://docs.wasmtime.dev/c-api/. All structures but Vector stay opaque, since some differ between
versions.
"""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace
from typing import Any

#: Letters of the types of parameters and results below.
_TYPES: dict[str, Any] = {
    "": None,
    "p": ctypes.c_void_p,
    "n": ctypes.c_size_t,
    "l": ctypes.c_int64,
    "c": ctypes.c_uint8,
    "b": ctypes.c_bool,
}

#: Function -> the letters of its result and of its parameters.
_FUNCTIONS = {
    "wasm_config_new": ("p", ""),
    "wasm_engine_new_with_config": ("p", "p"),
    "wasm_engine_delete": ("", "p"),
    "wasmtime_module_new": ("p", "ppnp"),
    "wasmtime_module_deserialize": ("p", "ppnp"),
    "wasmtime_module_serialize": ("p", "pp"),
    "wasmtime_module_imports": ("", "pp"),
    "wasmtime_module_exports": ("", "pp"),
    "wasmtime_module_delete": ("", "p"),
    "wasm_importtype_module": ("p", "p"),
    "wasm_importtype_name": ("p", "p"),
    "wasm_importtype_type": ("p", "p"),
    "wasm_importtype_vec_delete": ("", "p"),
    "wasm_exporttype_name": ("p", "p"),
    "wasm_exporttype_type": ("p", "p"),
    "wasm_exporttype_vec_delete": ("", "p"),
    "wasm_externtype_kind": ("c", "p"),
    "wasm_externtype_as_functype_const": ("p", "p"),
    "wasm_functype_new": ("p", "pp"),
    "wasm_functype_params": ("p", "p"),
    "wasm_functype_results": ("p", "p"),
    "wasm_functype_delete": ("", "p"),
    "wasm_valtype_new": ("p", "c"),
    "wasm_valtype_kind": ("c", "p"),
    "wasm_valtype_vec_new": ("", "pnp"),
    "wasmtime_linker_new": ("p", "p"),
    "wasmtime_linker_define_func_unchecked": ("p", "ppnpnpppp"),
    "wasmtime_linker_instantiate": ("p", "ppppp"),
    "wasmtime_linker_delete": ("", "p"),
    "wasmtime_store_new": ("p", "ppp"),
    "wasmtime_store_context": ("p", "p"),
    "wasmtime_store_limiter": ("", "plllll"),
    "wasmtime_store_delete": ("", "p"),
    "wasmtime_context_set_fuel": ("p", "pl"),
    "wasmtime_context_get_fuel": ("p", "pp"),
    "wasmtime_instance_export_get": ("b", "pppnp"),
    "wasmtime_func_call_unchecked": ("p", "pppnp"),
    "wasmtime_memory_data": ("p", "pp"),
    "wasmtime_memory_data_size": ("n", "pp"),
    "wasmtime_memory_grow": ("p", "pplp"),
    "wasmtime_trap_new": ("p", "pn"),
    "wasmtime_trap_code": ("b", "pp"),
    "wasm_trap_message": ("", "pp"),
    "wasm_trap_delete": ("", "p"),
    "wasmtime_error_message": ("", "pp"),
    "wasmtime_error_delete": ("", "p"),
    "wasm_byte_vec_delete": ("", "p"),
}

#: Functions that are called thousands of times, under other names: these take only objects of ctypes, whose types are
#: not declared. To look whether an argument has the declared type takes as long as the call.
_OFTEN = {
    "call": "wasmtime_func_call_unchecked",
    "left": "wasmtime_context_get_fuel",
    "fill_up": "wasmtime_context_set_fuel",
}

#: memset of the C library: to be called with objects of ctypes, too.
fill = ctypes.PYFUNCTYPE(None)(ctypes.cast(ctypes.memset, ctypes.c_void_p).value or 0)

#: memcmp of it, too.
compare = (ctypes.PyDLL("msvcrt") if os.name == "nt" else ctypes.PyDLL(None)).memcmp

#: Bytes that are enough for an instance, and for an export: its kind, and from the eighth byte on what it is.
INSTANCE_SIZE, _EXPORT_SIZE, _EXPORTED = 64, 64, 8

#: The functions of the library, once it is loaded; `all` has those that are not declared above.
lib = SimpleNamespace()


class Vector(ctypes.Structure):
    """Several values of the library: bytes, or pointers."""

    _fields_ = (("size", ctypes.c_size_t), ("data", ctypes.c_void_p))

    size: int
    data: int | None

    def bytes(self) -> bytes:
        """Return the values, which are bytes."""
        return ctypes.string_at(self.data, self.size) if self.data else b""

    def pointers(self) -> list[int]:
        """Return the values, which are pointers."""
        return list((ctypes.c_size_t * self.size).from_address(self.data)) if self.data else []


class Owned:
    """A pointer to what the library has made, which is deleted with it. It can be passed to the library's functions."""

    def __init__(self, pointer: int, delete: str) -> None:
        self._as_parameter_ = ctypes.c_void_p(pointer)
        self._delete = getattr(lib, delete)

    def __del__(self) -> None:
        self._delete(self._as_parameter_)


class WasmError(Exception):
    """An error of the library."""


class Trap(WasmError):
    """The end of a module that was stopped, with the places that led there. code: the library's number for it."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


def load(file: str) -> None:
    """Load the library from its file."""
    # Read when a module is translated: a trap then names the line of the C source.
    os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"
    # Nothing else runs in this process, so a call need not let other threads run meanwhile.
    lib.all = ctypes.PyDLL(file)
    for name, (result, parameters) in _FUNCTIONS.items():
        function = getattr(lib.all, name)
        function.restype, function.argtypes = _TYPES[result], [_TYPES[letter] for letter in parameters]
        setattr(lib, name, function)
    for short, name in _OFTEN.items():
        function = lib.all[name]  # an object of its own
        function.restype = ctypes.c_void_p
        setattr(lib, short, function)


def set_option(config: int, name: str, value: int) -> None:
    """Set an option of a configuration, whose value is a number or a truth. AttributeError if there is none."""
    function = getattr(lib.all, f"wasmtime_config_{name}_set")
    function.restype, function.argtypes = None, (ctypes.c_void_p, ctypes.c_uint64)
    function(config, value)


def check(error: int | None) -> None:
    """Raise WasmError if a function has returned an error."""
    if error:
        raise refused(error)


def refused(error: int) -> WasmError:
    """Return the exception for an error, which it replaces."""
    text = Vector()
    lib.wasmtime_error_message(error, ctypes.byref(text))
    lib.wasmtime_error_delete(error)
    return WasmError(_taken(text).decode("utf-8", "replace"))


def trapped(trap: int) -> Trap:
    """Return the exception for a trap, which it replaces."""
    text, code = Vector(), ctypes.c_uint8()
    lib.wasm_trap_message(trap, ctypes.byref(text))
    has_code = lib.wasmtime_trap_code(trap, ctypes.byref(code))
    lib.wasm_trap_delete(trap)
    return Trap(_taken(text).rstrip(b"\0").decode("utf-8", "replace"), code.value if has_code else None)


def _taken(vector: Vector) -> bytes:
    """Return the bytes of a vector that is not needed afterwards."""
    data = vector.bytes()
    lib.wasm_byte_vec_delete(ctypes.byref(vector))
    return data


# -- modules --------------------------------------------------------------------------------------------------


def new_module(engine: Owned, module: bytes) -> Owned:
    """Return a module, translated for this machine. WasmError if it is none."""
    return _module(lib.wasmtime_module_new, engine, module)


def deserialize(engine: Owned, translated: bytes) -> Owned:
    """Return a module that was translated before. WasmError if that was on another machine, or for another version."""
    return _module(lib.wasmtime_module_deserialize, engine, translated)


def _module(make: Any, engine: Owned, data: bytes) -> Owned:
    made = ctypes.c_void_p()
    check(make(engine, data, len(data), ctypes.byref(made)))
    return Owned(made.value or 0, "wasmtime_module_delete")


def serialize(module: Owned) -> bytes:
    """Return a module as it was translated."""
    data = Vector()
    check(lib.wasmtime_module_serialize(module, ctypes.byref(data)))
    return _taken(data)


#: The type of what a module asks for or offers: for a function, the letters of its results and parameters (i is a
#: number of 32 bits, l one of 64); otherwise the library's number for its kind.
Type = tuple[str, str] | int

#: Numbers for kinds.
_FUNCTION, MEMORY = 0, 3


def imports(module: Owned) -> list[tuple[str, str, Type]]:
    """Return what a module asks for: the names of its module and its own, and its type."""
    vector = Vector()
    lib.wasmtime_module_imports(module, ctypes.byref(vector))
    found = []
    for one in vector.pointers():
        names = _text(lib.wasm_importtype_module(one)), _text(lib.wasm_importtype_name(one))
        found.append((*names, _type(lib.wasm_importtype_type(one))))
    lib.wasm_importtype_vec_delete(ctypes.byref(vector))
    return found


def exports(module: Owned) -> dict[str, Type]:
    """Return what a module offers: name -> type."""
    vector = Vector()
    lib.wasmtime_module_exports(module, ctypes.byref(vector))
    found = {_text(lib.wasm_exporttype_name(one)): _type(lib.wasm_exporttype_type(one)) for one in vector.pointers()}
    lib.wasm_exporttype_vec_delete(ctypes.byref(vector))
    return found


def _text(name: int) -> str:
    return Vector.from_address(name).bytes().decode("utf-8", "replace")


_LETTERS = "il"


def _type(kind: int) -> Type:
    number: int = lib.wasm_externtype_kind(kind)
    if number != _FUNCTION:
        return number
    function = lib.wasm_externtype_as_functype_const(kind)
    return _letters(lib.wasm_functype_results(function)), _letters(lib.wasm_functype_params(function))


def _letters(types: int) -> str:
    kinds = map(lib.wasm_valtype_kind, Vector.from_address(types).pointers())
    return "".join([_LETTERS[kind] if kind < len(_LETTERS) else "?" for kind in kinds])


def function_type(results: str, parameters: str) -> Owned:
    """Return the type of a function, from the letters of its results and parameters."""
    both = []
    for letters in (parameters, results):
        kinds = [lib.wasm_valtype_new(_LETTERS.index(letter)) for letter in letters]
        both.append(vector := Vector())
        lib.wasm_valtype_vec_new(ctypes.byref(vector), len(kinds), (ctypes.c_void_p * len(kinds))(*kinds))
    made = lib.wasm_functype_new(ctypes.byref(both[0]), ctypes.byref(both[1]))
    return Owned(made, "wasm_functype_delete")


# -- instances ------------------------------------------------------------------------------------------------


#: Types, kept here: ctypes forgets a type of arrays with the last array, and takes long to make it again.
InstancePlace, _ExportPlace = ctypes.c_char * INSTANCE_SIZE, ctypes.c_char * _EXPORT_SIZE

#: A function or a memory of an instance: a pointer to it, as the library's functions take it.
Exported = Any


class Exports(dict[str, Exported]):
    """The exports of an instance, functions and memories. Each is asked for when it is used; KeyError for others."""

    def __init__(self, context: ctypes.c_void_p, instance: ctypes.Array[ctypes.c_char]) -> None:
        """Remember the instance."""
        super().__init__()
        self._of = context, instance

    def __missing__(self, name: str) -> Exported:
        place, word = _ExportPlace(), name.encode()
        if not lib.wasmtime_instance_export_get(*self._of, word, len(word), ctypes.byref(place)):
            raise KeyError(name)
        self[name] = export = ctypes.byref(place, _EXPORTED)
        return export
