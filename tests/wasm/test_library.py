"""The library of the WebAssembly runtime: where it is, and whether it is declared as the package declares it."""

import ctypes
import importlib
import sys

import pytest

from grader.errors import InputError
from grader.sandbox.inside import wasm_library
from grader.wasm import runtime


def size(kind):
    """Return the bytes of a parameter or result."""
    return 0 if kind is None else ctypes.sizeof(kind)


@pytest.mark.parametrize("name", sorted(wasm_library._FUNCTIONS))
def test_a_function_is_declared_as_the_package_declares_it(name):
    """As many parameters of the same sizes: what another version changes is found here, not by a crash."""
    bindings = importlib.import_module("wasmtime._bindings")
    theirs, ours = getattr(bindings, f"_{name}"), getattr(wasm_library.lib, name)

    assert [size(t) for t in ours.argtypes] == [size(t) for t in theirs.argtypes]
    assert size(ours.restype) == size(theirs.restype)


def test_opaque_structures_have_room():
    """An export's kind is followed by what it is, eight bytes later, and neither it nor an instance is larger."""
    bindings = importlib.import_module("wasmtime._bindings")

    assert bindings.wasmtime_extern_t.of.offset == wasm_library._EXPORTED
    assert ctypes.sizeof(bindings.wasmtime_extern_t) <= wasm_library._EXPORT_SIZE
    assert ctypes.sizeof(bindings.wasmtime_instance_t) <= wasm_library.INSTANCE_SIZE
    assert ctypes.sizeof(bindings.wasm_byte_vec_t) == ctypes.sizeof(wasm_library.Vector)


def test_an_error_says_what_the_library_says():
    """What is no module is refused with the library's words."""
    engine = wasm_library.Owned(
        wasm_library.lib.wasm_engine_new_with_config(wasm_library.lib.wasm_config_new()), "wasm_engine_delete"
    )

    with pytest.raises(wasm_library.WasmError, match="magic"):
        wasm_library.new_module(engine, b"this is no module")


def test_a_system_without_a_library(monkeypatch):
    """A package that was built for other systems is refused with what to install."""
    monkeypatch.setattr(sys, "platform", "plan9")

    with pytest.raises(InputError, match="pip install ziglang wasmtime"):
        runtime.runtime_library()
