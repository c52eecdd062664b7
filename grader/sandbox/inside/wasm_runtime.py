"""A WebAssembly module and its instances: what it may ask for, how much it may use, and calls in both directions.

Whatever a module does, it can only compute in its own memory and call the functions of IMPORTS. An instance is stopped
by *fuel*, one unit for about one instruction and OPERATION units for a call of the machine: the same kernel uses the
same fuel on every machine and under every load.

Calls go through functions of the library that check no types: others take four times as long, and a scenario has tens
of thousands. The types of everything that a module imports and exports are compared once, before the first call.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any

from grader.machine.errors import HardwareError
from grader.sandbox.inside import wasm_library as library
from grader.sandbox.inside.wasm_library import Exported, Owned, WasmError
from grader.sandbox.inside.wasm_trap import Crash

#: Units of fuel for one scenario: at least ten times what the model answers need in any.
FUEL = 200_000_000

#: Units that are added for each pair of page table entries that there can be: a kernel without reference counts
#: searches all tables for the users of a frame, at every fault, and needs a quarter of that. At most MOST is added.
SEARCH = 2000
MOST = 20_000_000_000

#: Units that an operation of the machine takes, in addition to those of its instructions: about as long as it lasts.
OPERATION = 1000

#: Fewer operations than that are a hundredth of the fuel, and not worth a look after every call.
_FEW = FUEL // OPERATION // 100

#: The message of the trap in which a refused operation ends; `failure` says why it was refused.
REFUSED = b"refused"

#: Bytes of memory that a kernel may have: its variables, its stack and the blocks of malloc.
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

#: Function that `grader verify` asks, and that a module may do without -> the same.
ASKED = {"stack": ("l", ""), "place_blocks": ("i", "")}

#: What compiled C does not need; what is switched off cannot be attacked.
_NOT_NEEDED = (
    *("wasm_threads", "wasm_memory64", "wasm_multi_memory", "wasm_relaxed_simd", "wasm_simd", "wasm_tail_call"),
    *("wasm_function_references", "wasm_gc", "wasm_exceptions"),
)

#: Bytes by which a memory grows.
_PAGE = 1 << 16

#: Bytes of a value in the array that holds arguments and results; numbers are written in its first ones.
_VALUE = 16

#: What the library calls for a function of IMPORTS. The place of the values comes as a number: an object for each
#: pointer would take as long as everything else about the call.
_HOST_CALL = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

#: Places of values that are kept: there is one for each depth of the module's stack at which it calls the machine.
_PLACES = 256


def _layout(letter: str, count: int) -> Struct:
    """Return how so many numbers lie in an array of values."""
    number = Struct(f"={letter}")
    return Struct("=" + f"{letter}{_VALUE - number.size}x" * count)


#: Function of EXPORTS -> what puts its arguments into an array of values, and whether it has a result.
_CALLS = {name: (_layout("q", len(types)).pack_into, bool(results)) for name, (results, types) in EXPORTS.items()}

_NOTHING = memoryview(bytearray())

#: Values that there are room for in a call.
_MOST_VALUES = max(len(parameters) for _, parameters in EXPORTS.values())
_Values = ctypes.c_char * (_VALUE * _MOST_VALUES)


class OutOfFuel(Exception):
    """The kernel has used up its fuel."""


class Host:
    """The part of the runtime that all kernels share: the engine, and the functions that modules may call.

    running  the instance whose code ran last: these functions act for it
    """

    def __init__(self) -> None:
        """Make an engine, and offer the functions of IMPORTS to its modules."""
        self.running: Instance | None = None
        self.engine = Owned(library.lib.wasm_engine_new_with_config(_config()), "wasm_engine_delete")
        self.linker = Owned(library.lib.wasmtime_linker_new(self.engine), "wasmtime_linker_delete")
        self._callbacks = [self._define(name, *signature) for name, signature in IMPORTS.items()]  # kept alive

    def _define(self, name: str, results: str, parameters: str) -> object:
        """Offer a host function to the module."""
        callback = _HOST_CALL(self._host(name, bool(results), len(parameters)))
        kind = library.function_type(results, parameters)
        space, word = b"forklab", name.encode()
        define = library.lib.wasmtime_linker_define_func_unchecked
        library.check(define(self.linker, space, len(space), word, len(word), kind, callback, None, None))
        return callback

    def _host(self, name: str, has_result: bool, count: int) -> Callable[..., int]:
        """Return what runs when the module calls a function: an operation, or a trap that stops the module."""
        numbers, values = _layout("i", count).unpack_from, ctypes.c_char * (_VALUE * max(count, 1))
        places: dict[int, memoryview] = {}

        def call(_env: int, _caller: int, place: int, _size: int) -> int:
            instance = self.running
            assert instance is not None
            try:
                instance.operations = number = instance.operations + 1
                if number * OPERATION > instance.fuel:
                    raise OutOfFuel
                try:
                    there = places[place]
                except KeyError:
                    if len(places) >= _PLACES:
                        places.clear()
                    there = places[place] = memoryview(values.from_address(place)).cast("B").cast("I")
                result = instance.carry_out[name](*numbers(there))
                if has_result:
                    there[0] = result & 0xFFFFFFFF
                return 0
            except BaseException as error:
                instance.failure = error
                trap: int = library.lib.wasmtime_trap_new(REFUSED, len(REFUSED))
                return trap

        return call


@cache
def host() -> Host:
    """Return the host of this process. A fork of it has the same."""
    return Host()


class Program:
    """A compiled kernel, translated once and instantiated for each scenario.

    offers     the names and types of what it exports
    has_stack  True if it says where its stack is
    """

    def __init__(self, module: bytes, translated: bytes = b"") -> None:
        """Translate a module. Crash if it is none, asks for what is not offered, or lacks what the machine calls.

        translated  what `translated` of an earlier program with this module was; used if it fits this machine
        """
        self.host = host()
        self.translated = translated
        self.module = self._loaded() or self._translate(module)
        self.offers = library.exports(self.module)
        _check_types(self.module, self.offers)
        self.has_stack = "stack" in self.offers

    def _loaded(self) -> Owned | None:
        """Return the module as it was translated before; None if it was not, or on another machine or version."""
        try:
            return library.deserialize(self.host.engine, self.translated) if self.translated else None
        except WasmError:
            return None

    def _translate(self, module: bytes) -> Owned:
        try:
            made = library.new_module(self.host.engine, module)
        except WasmError as error:
            raise Crash("crash", "InvalidModule", str(error)[:500]) from None
        self.translated = library.serialize(made)
        return made


class Instance:
    """A module with a memory of its own.

    carry_out   what the functions of IMPORTS do
    operations  calls of the machine so far
    address     where its memory begins in this process, once it has started
    entered     times that its code has run
    fuel        units that it may use in all
    failure     what the machine refused, if that stopped the module in its last call
    stopped     True if a call did not return, so that the module's stack is not as it was
    """

    def __init__(self, program: Program, operations: dict[str, Callable[..., Any]]) -> None:
        """Make an instance, which `start` makes ready. operations: what the functions of IMPORTS do."""
        self.program = program
        self._host = program.host
        self.carry_out = operations
        self.operations = self.entered = self.address = 0
        self.fuel = FUEL
        self.failure: BaseException | None = None
        self.memory: Exported | None = None
        self._seen = _NOTHING  # its memory, as large as it was when somebody last looked
        self._emptying: tuple[Any, Any, Any] | None = None
        self._emptied = -1  # when the stack was emptied last: what `entered` was then
        self._values = _Values()
        self._result = ctypes.c_int32.from_buffer(self._values)
        self._room = ctypes.c_size_t(_MOST_VALUES)
        self._left = ctypes.c_uint64()  # the library writes there how much fuel is left
        self._left_place = ctypes.byref(self._left)
        self._filled = ctypes.c_uint64()  # the fuel that was given last
        self._trap = ctypes.c_void_p()
        self._trap_place = ctypes.byref(self._trap)

    def start(self) -> None:
        """Lay out a new memory and run the module's own start function. Trap or WasmError if that fails."""
        lib, program, host = library.lib, self.program, self._host
        self.memory, self.stopped, self._seen = None, False, _NOTHING
        self.store = Owned(lib.wasmtime_store_new(host.engine, None, None), "wasmtime_store_delete")
        # Bytes of memory, elements of tables, and how many instances, tables and memories there may be.
        lib.wasmtime_store_limiter(self.store, MEMORY, 1000, 1, 1, 1)
        self._context = ctypes.c_void_p(lib.wasmtime_store_context(self.store))
        self.refuel()
        made = library.InstancePlace()
        host.running = self
        error = lib.wasmtime_linker_instantiate(host.linker, self._context, program.module, made, self._trap_place)
        if error or self._trap:
            raise self._stopped_by(error)
        self._exports = library.Exports(self._context, made)
        self.memory = self._exports["memory"]
        self.address = lib.wasmtime_memory_data(self._context, self.memory) or 0
        self._emptying, self._emptied = None, -1

    def _enter(self, name: str) -> None:
        """Call a function with the arguments in `_values`, and leave its result there. Trap if it does not return."""
        self._host.running = self
        self.entered += 1
        error = library.lib.call(self._context, self._exports[name], self._values, self._room, self._trap_place)
        if error or self._trap:
            raise self._stopped_by(error)

    def _stopped_by(self, error: int | None) -> WasmError:
        """Note that the module did not return. Return the exception that says why: an error, or its trap."""
        self.stopped = True
        trap, self._trap.value = self._trap.value or 0, None
        return library.refused(error) if error else library.trapped(trap)

    def refuel(self) -> None:
        """Fill the fuel up."""
        self.operations = 0
        self._set_fuel(self.fuel)

    def _set_fuel(self, fuel: int) -> None:
        self._filled.value = fuel
        library.check(library.lib.fill_up(self._context, self._filled))

    @property
    def left(self) -> int:
        """Return the fuel that is left, operations not counted."""
        if error := library.lib.left(self._context, self._left_place):
            raise library.refused(error)
        return self._left.value

    def allow(self, entries: int) -> None:
        """Add fuel for a scenario in which there can be so many page table entries, unless that was done."""
        fuel = FUEL + min(SEARCH * entries * entries, MOST)
        if fuel > self.fuel:
            self._set_fuel(self.left + fuel - self.fuel)
            self.fuel = fuel

    def call(self, name: str, *arguments: int) -> int:
        """Call a function of EXPORTS and return its result, 0 if it has none.

        Trap or WasmError if it does not return. OutOfFuel if it used up more than there is, with its operations.
        What an earlier call has left on the stack is gone, so that no run depends on it.
        """
        if self._emptied != self.entered and self.program.has_stack:
            self.empty_stack()
        put, has_result = _CALLS[name]
        put(self._values, 0, *arguments)
        self.failure = None
        # The body of _enter, inlined for speed.
        self._host.running = self
        self.entered += 1
        error = library.lib.call(self._context, self._exports[name], self._values, self._room, self._trap_place)
        if error or self._trap:
            raise self._stopped_by(error)
        if self.operations > _FEW and OPERATION * self.operations > self.left:
            raise OutOfFuel
        return self._result.value if has_result else 0

    @property
    def used(self) -> int:
        """Return the fuel used so far, operations included."""
        return self.fuel - self.left + OPERATION * self.operations

    def text(self, start: int, size: int) -> str:
        """Return the bytes at a place of the module's memory as text, as far as they are there."""
        if self.memory is None:
            raise HardwareError("a module has no text before it has started")
        start, size = start & 0xFFFFFFFF, min(size & 0xFFFFFFFF, 1000)
        return self.read(start, min(size, max(self.size() - start, 0))).decode("utf-8", "replace")

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the module's memory, which must be there."""
        return ctypes.string_at(self.address + (start & 0xFFFFFFFF), size)

    def write(self, start: int, data: bytes) -> None:
        """Write bytes to a place of the module's memory. HardwareError if it is not there."""
        start &= 0xFFFFFFFF
        end = start + len(data)
        if end > len(self._seen):
            # The library is asked only where that may matter: a memory never moves, and never gets smaller.
            if self.memory is None or end > self.size():
                raise HardwareError(f"{start:#x} is outside of the kernel's memory")
            self._seen = self.view()
        self._seen[start:end] = data

    # -- the memory as a whole, for wasm_memory.py -----------------------------------------------------------

    def stack(self) -> tuple[int, int]:
        """Return where the stack begins and ends. Crash if the glue does not say so, or says what cannot be.

        The lowest addresses are left out: the stack comes there last, and null pointers lead there.
        """
        both = self._asked("stack", "it does not say where its stack is")
        start, end = both & 0xFFFFFFFF, both >> 32
        if not start <= end <= self.size():
            raise Crash("crash", "InvalidModule", "its stack is outside of its memory")
        return min(max(start, NULL_END), end), end

    def choose_places(self) -> int:
        """Let `place` and `unplace` decide from now on where blocks of memory lie. Return where there is none yet."""
        return self._asked("place_blocks", "it does not let others say where its blocks lie") & 0xFFFFFFFF

    def _asked(self, name: str, told: str) -> int:
        """Return the result of one of ASKED. Crash, with the message `told`, if the module has no such function."""
        if self.program.offers.get(name) != ASKED[name]:
            raise Crash("crash", "InvalidModule", told)
        self._enter(name)
        return int.from_bytes(self._values.raw[:8], sys.byteorder)

    def empty_stack(self) -> None:
        """Fill the stack with zeros, between two calls."""
        if self._emptying is None:
            start, end = self.stack()
            # Made once: the library would make them of numbers each time, which takes as long as the filling.
            self._emptying = ctypes.c_void_p(self.address + start), ctypes.c_int(0), ctypes.c_size_t(end - start)
        library.fill(*self._emptying)
        self._emptied = self.entered

    def view(self) -> memoryview:
        """Return the memory itself, to read and write. It ends where the memory does now."""
        return memoryview(_bytes(self.size()).from_address(self.address)).cast("B")

    def size(self) -> int:
        """Return the bytes that the memory has."""
        assert self.memory is not None
        size: int = library.lib.wasmtime_memory_data_size(self._context, self.memory)
        return size

    def grow(self, size: int) -> bool:
        """Let the memory have at least that many bytes. Return False if it may not have so many."""
        assert self.memory is not None
        pages, before = max(size - self.size() + _PAGE - 1, 0) // _PAGE, ctypes.c_uint64()
        try:
            library.check(library.lib.wasmtime_memory_grow(self._context, self.memory, pages, ctypes.byref(before)))
        except WasmError:
            return False
        return True


@cache
def _bytes(size: int) -> type[ctypes.Array[ctypes.c_char]]:
    """Return the type of so many bytes, and keep it: otherwise it goes with the last memory of that size."""
    return ctypes.c_char * size


def _config() -> int:
    config: int = library.lib.wasm_config_new()
    options = {"consume_fuel": 1, "parallel_compilation": 0}
    # Kernels compute little and are translated often: translation takes half as long, their runs hardly longer.
    options["cranelift_opt_level"] = 0
    # A memory stays where it is, whatever it grows to, so that its address need not be asked for before each use.
    options |= {"memory_reservation": MEMORY, "memory_may_move": 0}
    options |= dict.fromkeys(("memory_reservation_for_growth", "memory_guard_size"), 0)
    options["memory_init_cow"] = 0  # it would need a file in memory, which a confined process may not make
    for name, value in options.items():
        library.set_option(config, name, value)
    for feature in _NOT_NEEDED:
        with contextlib.suppress(AttributeError):  # a version that cannot switch it off does not have it
            library.set_option(config, feature, 0)
    return config


def _check_types(module: Owned, offers: dict[str, library.Type]) -> None:
    """Raise Crash unless a module asks for no more than IMPORTS, and has EXPORTS and a memory: calls check nothing."""
    for space, name, kind in library.imports(module):
        if space != "forklab" or name not in IMPORTS:
            raise Crash("crash", "InvalidModule", f"it asks for {space}.{name}, which the machine does not offer")
        if kind != IMPORTS[name]:
            raise Crash("crash", "InvalidModule", f"it asks for {name} with other parameters than it has")
    for name, signature in EXPORTS.items():
        if offers.get(name) != signature:
            raise Crash("crash", "InvalidModule", f"it has no function {name} as the machine calls it")
    if offers.get("memory") != library.MEMORY:
        raise Crash("crash", "InvalidModule", "it exports no memory")
