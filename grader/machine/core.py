"""Finds the compiled core of the machine, and fits it to the classes in Python. Optional: see compiled/README.md.

The core is a package of its own, `forklab_core`. It is used if it is installed, was built from the sources that are
here, and FORKLAB_CORE is not `off`. All results are the same with it and without it, byte for byte.
"""

from __future__ import annotations

import os
import sys
from heapq import heappop, heappush
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.errors import InputError
from grader.machine.disk import DiskCounts
from grader.machine.entry import _FIELDS, Entry
from grader.machine.frames import Failure, Frames
from grader.machine.image import POISONED, ZEROS, Image
from grader.machine.kernel import PageFault
from grader.machine.pagetable import PageTable
from grader.machine.protection import Access, Protection

if TYPE_CHECKING:
    from collections.abc import Callable

#: The variable that switches the core off.
VARIABLE = "FORKLAB_CORE"

#: The module, and its source.
NAME = "forklab_core"
_MACHINE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(_MACHINE, "compiled", "core.c")

#: What the core repeats outside of the machine's folder.
_PROTOCOL = tuple(os.path.join(os.path.dirname(_MACHINE), "protocol", name) for name in ("reenact.py", "wire.py"))


class Core(NamedTuple):
    """The parts that a machine is made of: four classes, and functions that are None for the machine in Python."""

    frames: type[Frames]
    page_table: type[PageTable]
    failure: type[Failure]
    disk_counts: type[DiskCounts]
    access: Callable[..., str] | None = None
    answer: Callable[..., Any] | None = None
    quiet: Callable[..., bool] | None = None
    file: str = ""


#: The machine in Python.
PYTHON = Core(Frames, PageTable, Failure, DiskCounts)


class _Choice:
    """The core that this process uses, and why: `chosen` is False until somebody asks."""

    __slots__ = ("chosen", "core", "loaded", "reason")

    def __init__(self) -> None:
        self.chosen = False
        self.core = PYTHON
        self.loaded: Core | None = None
        self.reason = ""


_choice = _Choice()


def current() -> Core:
    """Return what machines of this process are made of."""
    if not _choice.chosen:
        _choose()
    return _choice.core


def use(core: Core) -> None:
    """Make machines of this from now on."""
    _choice.chosen, _choice.core = True, core


def which() -> str:
    """Return in words which machine runs, and what keeps the compiled core from being used."""
    return "compiled core" if current() is not PYTHON else f"Python{_choice.reason}"


def load() -> Core | None:
    """Return the installed core, or None if there is none that was built from these sources."""
    if _choice.loaded is None:
        try:
            import forklab_core  # type: ignore[import-not-found]
        except ModuleNotFoundError:
            return None
        except ImportError as error:
            _choice.reason = f" ({NAME} cannot be loaded: {error})"
            return None
        if fingerprint() != forklab_core.FINGERPRINT:
            _choice.reason = f" ({NAME} is installed, but was built from other sources: run `make core`)"
            return None
        _choice.loaded = fitted(forklab_core)
    return _choice.loaded


def load_file(path: str) -> None:
    """Use the core in a file, which the grader has checked. For the process of a kernel, which finds no packages.

    It does not stay in `sys.modules`, so a kernel that imports it is refused, as it is without a core.
    """
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = ExtensionFileLoader(NAME, path)
    spec = spec_from_loader(NAME, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules.pop(NAME, None)
    _choice.loaded = fitted(module)
    use(_choice.loaded)


def fingerprint() -> str:
    """Return the sha256 of the core's source and of all Python files that it repeats something of."""
    from hashlib import sha256

    digest = sha256()
    machine = sorted(os.path.join(_MACHINE, name) for name in os.listdir(_MACHINE) if name.endswith(".py"))
    for path in (SOURCE, *_PROTOCOL, *machine):
        with open(path, "rb") as file:
            digest.update(os.path.basename(path).encode() + b"\0" + file.read() + b"\0")
    return digest.hexdigest()


def fitted(module: ModuleType) -> Core:
    """Return the core in a module that was just loaded: its classes get all that it leaves to Python."""
    parts: dict[str, Any] = {
        "Entry": Entry,
        "PageFault": PageFault,
        "Image": Image,
        "Protection": Protection,
        "Access": Access,
        "WRITE": Access.WRITE,
        "POISONED": POISONED,
        "ZEROS": ZEROS,
        "FIELDS": tuple(_FIELDS),
        "heappop": heappop,
        "heappush": heappush,
        "bits": vars(Protection)["bits"],
        **{name: vars(Frames)[name] for name in ("allocate", "free", "zero", "copy")},
        **{name: vars(PageTable)[name] for name in ("get", "map", "protect", "unmap", "_discard")},
    }
    frames, page_table, failure, disk_counts = module.setup(parts)
    pairs = ((frames, Frames), (page_table, PageTable), (failure, Failure), (disk_counts, DiskCounts))
    for compiled, python in pairs:
        compiled.__name__ = python.__name__  # in place of its dotted name, which messages of Python would show
        for name, value in vars(python).items():
            if name not in vars(compiled) or name in ("__doc__", "__slots__"):
                setattr(compiled, name, value)
    parts_in_c = (module.access, module.answer, module.quiet, str(module.__file__))
    return Core(frames, page_table, failure, disk_counts, *parts_in_c)


def _choose() -> None:
    """Choose what the variable says. InputError if it says neither `on`, as it does unless it is set, nor `off`."""
    value = os.environ.get(VARIABLE) or "on"
    if value not in ("on", "off"):
        raise InputError([f"{VARIABLE}={value!r}: use on or off"])
    if value == "off":
        _choice.reason = f" ({VARIABLE}=off)"
    else:
        _choice.core = load() or PYTHON
    _choice.chosen = True
