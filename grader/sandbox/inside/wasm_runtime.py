"""A WebAssembly module and its instances: what it may ask for, how much it may use, and calls in both directions.

Whatever a module does, it can only compute in its own memory and call the functions of IMPORTS. An instance is stopped
by *fuel*, one unit for about one instruction and OPERATION units for a call of the machine: the same kernel uses the
same fuel on every machine and under every load.

Calls go through the C interface that the package wasmtime itself stands on, and which checks no types: a call through
the package's own functions takes four times as long, and a scenario has tens of thousands. The types of everything
that a module imports and exports are compared once, before the first call.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any, Protocol

# Read when the runtime is set up: a trap then names the line of the C source.
os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"

import wasmtime
from wasmtime import _ffi as ffi

from grader.machine.errors import HardwareError
from grader.sandbox.inside.wasm_trap import Crash

#: Units of fuel for one scenario: at least ten times what the model answers need in any.
FUEL = 200_000_000

#: Units that are added for each pair of page table entries that there can be: a kernel without reference counts
#: searches all tables for the users of a frame, at every fault, and needs a quarter of that. At most MOST is added.
SEARCH = 2000
MOST = 20_000_000_000

#: Units that an operation of the machine takes, in addition to those of its instructions: about as long as it lasts.
OPERATION = 1000

#: The message of the trap in which a refused operation ends; `failure` says why it was refused.
REFUSED = "refused"

#: Bytes of memory that a kernel may have: its arrays, and malloc's 16 MiB.
MEMORY = 32 << 20

#: Where the addresses end to which a null pointer to a large structure may lead. What is there stays from call to call.
NULL_END = 4096

#: Host function -> types of its results and of its parameters: i is a number of 32 bits, l one of 64.
IMPORTS = {
    "page_size": ("i", ""),
    "zero_frame": ("i", ""),
    "allocate": ("i", ""),
    "free": ("", "i"),
    "zero": ("", "i"),
    "copy": ("", "ii"),
    "map": ("i", "iiiii"),
    "protect": ("", "iiii"),
    "unmap": ("", "ii"),
    "lookup": ("i", "ii"),
    "entries": ("i", "iiii"),
    "log": ("", "ii"),
    "todo": ("", "ii"),
    "place": ("i", "i"),
    "unplace": ("", "i"),
}

#: Function of the module that the machine calls -> the same.
EXPORTS = {
    "mmap": ("i", "iliii"),
    "munmap": ("i", "ili"),
    "mprotect": ("i", "ilii"),
    "page_fault": ("i", "ilii"),
    "fork": ("i", "ii"),
    "exit": ("", "i"),
}

#: What compiled C does not need; what is switched off cannot be attacked.
_NOT_NEEDED = (
    *("wasm_threads", "wasm_memory64", "wasm_multi_memory", "wasm_relaxed_simd", "wasm_simd", "wasm_tail_call"),
    *("wasm_function_references", "wasm_gc", "wasm_exceptions"),
)

#: Bytes by which a memory grows.
_PAGE = 1 << 16

_KINDS = {"i": "i32", "l": "i64"}

#: A value takes 16 bytes of the array that holds arguments and results; numbers are written in its first ones.
_STRIDE = 4

_HOST_CALL = ctypes.CFUNCTYPE(
    ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32), ctypes.c_size_t
)

_NO_FINALIZER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(0)


class OutOfFuel(Exception):
    """The kernel has used up its fuel."""


class Program:
    """A compiled kernel, translated once and instantiated for each scenario.

    running  the instance whose code runs at the moment: host functions belong to the program and act for it
    """

    def __init__(self, module: bytes, translated: bytes = b"") -> None:
        """Translate a module. Crash if it is none, asks for what is not offered, or lacks what the machine calls.

        translated  what `translated` of an earlier program with this module was; used if it fits this machine
        """
        self.engine = wasmtime.Engine(_config())
        self.translated = translated
        self.module = self._loaded() or self._translate(module)
        _check_types(self.module)
        self.running: Instance | None = None
        self.linker = wasmtime.Linker(self.engine)
        self._callbacks = [self._define(name, *signature) for name, signature in IMPORTS.items()]  # kept alive

    def _loaded(self) -> wasmtime.Module | None:
        """Return the module as it was translated before; None if it was not, or on another machine or version."""
        try:
            return wasmtime.Module.deserialize(self.engine, self.translated) if self.translated else None
        except wasmtime.WasmtimeError:
            return None

    def _translate(self, module: bytes) -> wasmtime.Module:
        try:
            made = wasmtime.Module(self.engine, module)
        except wasmtime.WasmtimeError as error:
            raise Crash("crash", "InvalidModule", str(error)[:500]) from None
        self.translated = bytes(made.serialize())
        return made

    def _define(self, name: str, results: str, parameters: str) -> object:
        """Offer a host function to the module."""
        callback = ctypes.cast(
            _HOST_CALL(self._host(name, bool(results), len(parameters))), ffi.wasmtime_func_unchecked_callback_t
        )
        kind = wasmtime.FuncType([_type(p) for p in parameters], [_type(r) for r in results])
        space, word = (ctypes.create_string_buffer(text.encode()) for text in ("forklab", name))
        error = ffi.wasmtime_linker_define_func_unchecked(
            self.linker.ptr(),
            space,
            len(space.value),
            word,
            len(word.value),
            kind.ptr(),
            callback,
            None,
            _NO_FINALIZER,
        )
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)
        return callback

    def _host(self, name: str, has_result: bool, count: int) -> Callable[..., int]:
        """Return what runs when the module calls a function: an operation, or a trap that stops the module."""
        stop = _STRIDE * count

        def call(_env: int, _caller: int, values: Any, _size: int) -> int:
            instance = self.running
            assert instance is not None
            try:
                instance.operations = number = instance.operations + 1
                if number > instance.fuel // OPERATION:
                    raise OutOfFuel
                # ctypes counts a slice of nothing as one value.
                result = instance.carry_out[name](*values[:stop:_STRIDE]) if stop else instance.carry_out[name]()
                if has_result:
                    values[0] = result
                return 0
            except BaseException as error:
                instance.failure = error
                return ctypes.cast(wasmtime.Trap(REFUSED)._consume(), ctypes.c_void_p).value or 0

        return call


class Observer(Protocol):
    """Somebody who is shown the calls of an instance."""

    def before(self, name: str, arguments: tuple[int, ...]) -> None:
        """Note that a function is about to be called."""

    def after(self, result: int) -> None:
        """Note what it returned."""


class Instance:
    """A module with a memory of its own.

    carry_out   what the functions of IMPORTS do
    operations  calls of the machine so far
    fuel        units that it may use in all
    failure     what the machine refused, if that stopped the module in its last call
    stopped     True if a call did not return, so that the module's stack is not as it was
    observer    is shown each call, before and after it
    """

    def __init__(self, program: Program, operations: dict[str, Callable[..., Any]]) -> None:
        """Make an instance, which `start` makes ready. operations: what the functions of IMPORTS do."""
        self.program = program
        self.carry_out = operations
        self.operations = 0
        self.fuel = FUEL
        self.observer: Observer | None = None
        self.failure: BaseException | None = None
        self.memory: wasmtime.Memory | None = None
        self._stack_place: tuple[int, int] | None = None
        self._values = (ctypes.c_int64 * (_STRIDE // 2 * max(len(p) for _, p in EXPORTS.values())))()
        self._arguments = ctypes.cast(self._values, ctypes.POINTER(ffi.wasmtime_val_raw_t))
        self._result = ctypes.c_int32.from_buffer(self._values)
        # Fewer operations than that are a hundredth of the fuel, and not worth a look after every call.
        self._unchecked = FUEL // OPERATION // 100
        self._make_trap()

    def _make_trap(self) -> None:
        """Make a place for the next trap."""
        self._trap = ctypes.POINTER(ffi.wasm_trap_t)()
        self._trap_place = ctypes.byref(self._trap)

    def start(self) -> None:
        """Lay out a new memory and run the module's own start function. Trap or WasmtimeError if that fails."""
        self.memory, self.stopped = None, False
        self.store = wasmtime.Store(self.program.engine)
        self.store.set_limits(memory_size=MEMORY, instances=1, memories=1, tables=1, table_elements=1000)
        self._context = self.store._context()
        self.refuel()
        self.program.running = self
        try:
            exports = self.program.linker.instantiate(self.store, self.program.module).exports(self.store)
        finally:
            self.program.running = None
        self._exports = {name: exports[name] for name in EXPORTS}  # kept alive
        self._functions = {name: ctypes.byref(export._func) for name, export in self._exports.items()}
        self._stack, self._placer = exports.get("stack"), exports.get("place_blocks")
        self.memory = exports["memory"]

    def refuel(self) -> None:
        """Fill the fuel up."""
        self.operations = 0
        self.store.set_fuel(self.fuel)

    def allow(self, entries: int) -> None:
        """Add fuel for a scenario in which there can be so many page table entries, unless that was done."""
        fuel = FUEL + min(SEARCH * entries * entries, MOST)
        if fuel > self.fuel:
            self.store.set_fuel(self.store.get_fuel() + fuel - self.fuel)
            self.fuel = fuel

    def call(self, name: str, *arguments: int) -> int:
        """Call a function of EXPORTS and return its result, 0 if it has none.

        Trap or WasmtimeError if it does not return. OutOfFuel if it used up more than there is, with its operations.
        """
        if self.observer is not None:
            self.observer.before(name, arguments)
        values = self._values
        for place, argument in enumerate(arguments):
            values[_STRIDE // 2 * place] = argument
        self.failure = None
        self.program.running = self
        try:
            error = ffi.wasmtime_func_call_unchecked(
                self._context, self._functions[name], self._arguments, len(values) // 2, self._trap_place
            )
        finally:
            self.program.running = None
        if error or self._trap:
            self.stopped = True
            trap = self._trap
            self._make_trap()
            raise wasmtime.WasmtimeError._from_ptr(error) if error else wasmtime.Trap._from_ptr(trap)
        if self.operations > self._unchecked and self.used > self.fuel:
            raise OutOfFuel
        result = int(self._result.value) if EXPORTS[name][0] else 0
        if self.observer is not None:
            self.observer.after(result)
        return result

    @property
    def used(self) -> int:
        """Return the fuel used so far, operations included."""
        left: int = self.store.get_fuel()
        return self.fuel - left + OPERATION * self.operations

    def text(self, start: int, size: int) -> str:
        """Return the bytes at a place of the module's memory as text, as far as they are there."""
        if self.memory is None:
            raise HardwareError("a module has no text before it has started")
        start, size = start & 0xFFFFFFFF, min(size & 0xFFFFFFFF, 1000)
        return bytes(self.memory.read(self.store, start, start + size)).decode("utf-8", "replace")

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the module's memory, which must be there."""
        return ctypes.string_at(self.address() + (start & 0xFFFFFFFF), size)

    def write(self, start: int, data: bytes) -> None:
        """Write bytes to a place of the module's memory. HardwareError if it is not there."""
        start &= 0xFFFFFFFF
        if self.memory is None or start + len(data) > self.size():
            raise HardwareError(f"{start:#x} is outside of the kernel's memory")
        ctypes.memmove(self.address() + start, data, len(data))

    # -- the memory as a whole, for wasm_memory.py ------------------------------------------------------------

    def stack(self) -> tuple[int, int]:
        """Return where the stack begins and ends. Crash if the glue does not say so, or says what cannot be.

        The lowest addresses are left out: the stack comes there last, and null pointers lead there.
        """
        if not isinstance(self._stack, wasmtime.Func):
            raise Crash("crash", "InvalidModule", "it does not say where its stack is")
        both = self._stack(self.store) & 0xFFFFFFFF_FFFFFFFF
        start, end = both & 0xFFFFFFFF, both >> 32
        if not start <= end <= self.size():
            raise Crash("crash", "InvalidModule", "its stack is outside of its memory")
        return min(max(start, NULL_END), end), end

    def choose_places(self) -> int:
        """Let `place` and `unplace` decide from now on where blocks of memory lie. Return where there is none yet."""
        if not isinstance(self._placer, wasmtime.Func):
            raise Crash("crash", "InvalidModule", "it does not let others say where its blocks lie")
        self.program.running = self
        try:
            return int(self._placer(self.store)) & 0xFFFFFFFF
        finally:
            self.program.running = None

    def empty_stack(self) -> None:
        """Fill the stack with zeros, between two calls."""
        if self._stack_place is None:
            self._stack_place = self.stack()
        start, end = self._stack_place
        ctypes.memset(self.address() + start, 0, end - start)

    def address(self) -> int:
        """Return where the memory is in this process; it moves when it grows."""
        assert self.memory is not None
        return ctypes.cast(self.memory.data_ptr(self.store), ctypes.c_void_p).value or 0

    def size(self) -> int:
        """Return the bytes that the memory has."""
        assert self.memory is not None
        return int(self.memory.data_len(self.store))

    def grow(self, size: int) -> bool:
        """Let the memory have at least that many bytes. Return False if it may not have so many."""
        assert self.memory is not None
        try:
            self.memory.grow(self.store, max(size - self.size() + _PAGE - 1, 0) // _PAGE)
        except wasmtime.WasmtimeError:
            return False
        return True


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.parallel_compilation = False
    # Kernels compute little and are translated often: translation takes half as long, their runs hardly longer.
    config.cranelift_opt_level = "none"
    config.memory_reservation = config.memory_reservation_for_growth = config.memory_guard_size = 0
    config.memory_init_cow = False  # it would need a file in memory, which a confined process may not make
    for feature in _NOT_NEEDED:
        setattr(config, feature, False)
    return config


def _check_types(module: wasmtime.Module) -> None:
    """Raise Crash unless a module asks for no more than IMPORTS, and has EXPORTS and a memory: calls check nothing."""
    for wanted in module.imports:
        if wanted.module != "forklab" or wanted.name not in IMPORTS:
            told = f"it asks for {wanted.module}.{wanted.name}, which the machine does not offer"
            raise Crash("crash", "InvalidModule", told)
        if _signature(wanted.type) != IMPORTS[wanted.name]:
            raise Crash("crash", "InvalidModule", f"it asks for {wanted.name} with other parameters than it has")
    found = {export.name: export.type for export in module.exports}
    for name, signature in EXPORTS.items():
        if name not in found or _signature(found[name]) != signature:
            raise Crash("crash", "InvalidModule", f"it has no function {name} as the machine calls it")
    if not isinstance(found.get("memory"), wasmtime.MemoryType):
        raise Crash("crash", "InvalidModule", "it exports no memory")


def _signature(kind: object) -> tuple[str, str] | None:
    """Return the types of a function's results and parameters as IMPORTS writes them; None if that is impossible."""
    if not isinstance(kind, wasmtime.FuncType):
        return None
    letters = {word: letter for letter, word in _KINDS.items()}
    words = [[letters.get(str(value), "?") for value in values] for values in (kind.results, kind.params)]
    return "".join(words[0]), "".join(words[1])


def _type(letter: str) -> wasmtime.ValType:
    return wasmtime.ValType.i32() if letter == "i" else wasmtime.ValType.i64()
