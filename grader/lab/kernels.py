"""Loads trusted kernels into the grader's own process: the references and the misconceptions built on them.

They are found by path. Their folder is never added to `sys.path`: it may be the course's folder, with submissions
in it, and a submission called `random.py` must not become Python's own `random`.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from grader.errors import InputError, did_you_mean
from grader.lab.lab import ClassAt, Lab
from grader.replay.simulated import MakeKernel


def load_class(at: ClassAt) -> MakeKernel:
    """Return the class that lab.yaml names. Its folder is imported as a package: references build on each other."""
    path = at.path.resolve()
    with _loading():
        name = f"{_package(path.parent)}.{path.stem}"
        module = importlib.import_module(name)
        if pathlib.Path(module.__file__ or "") != path:
            del sys.modules[name]  # another lab's, from a folder of the same name
            module = importlib.import_module(name)
    return _class_of(module, at.path, at.name)


@contextmanager
def _loading() -> Iterator[None]:
    """Turn whatever a module raises while it is imported into an InputError with the module's file and line."""
    try:
        yield
    except (InputError, OSError):
        raise
    except (Exception, SystemExit) as error:
        told = error.msg if isinstance(error, SyntaxError) else error
        raise InputError([f"{_place(error)}: this file cannot be loaded: {type(error).__name__}: {told}"]) from error


def _place(error: BaseException) -> str:
    """Return the file and line where an import failed."""
    import traceback

    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


def _class_of(module: ModuleType, path: pathlib.Path, name: str) -> MakeKernel:
    if not hasattr(module, name):
        own = [
            n for n, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
        ]
        near = did_you_mean(name, own) or f"it has {', '.join(own) or 'none'}"
        raise InputError([f"{path} has no class {name}, which lab.yaml names; {near}"])
    kernel: MakeKernel = getattr(module, name)
    return kernel


def _package(folder: pathlib.Path) -> str:
    """Make a folder a package under its own name, whatever `sys.path` is, and return the name.

    InputError if Python has another module of that name.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    name = folder.name
    known = sys.modules.get(name)
    if known is not None and str(folder) == str(next(iter(getattr(known, "__path__", ())), None)):
        return name
    if name in sys.stdlib_module_names or getattr(known, "__file__", None) is not None:
        raise InputError([f"{folder}: Python has a module named {name!r} already; give the folder another name"])
    start = folder / "__init__.py"
    spec = spec_from_file_location(name, start, submodule_search_locations=[str(folder)])
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    if start.is_file():
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]  # half of it would be taken for the whole by the next import
            raise
    else:
        # Without __init__.py, folders of one name are one package, as they are to Python.
        module.__file__ = None
        module.__path__ += [path for path in getattr(known, "__path__", ()) if path != str(folder)]
    return name


def load_file_class(path: pathlib.Path, name: str) -> MakeKernel:
    """Return a class from a file, loaded without a sandbox: a lab's stub, or a student's kernel being debugged."""
    from importlib.util import module_from_spec, spec_from_file_location

    # A name that cannot be imported, so that a kernel in `random.py` does not replace Python's own module.
    spec = spec_from_file_location(f"kernel file {path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError([f"{path}: not a Python file"])
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module
    with _loading():
        spec.loader.exec_module(module)
    return _class_of(module, path, name)


_WAY_OUT = "only the course's own copy can do this"


def reference_kernel(lab: Lab) -> MakeKernel:
    """Return the model answer of a lab. Raises InputError in a released lab, which has none."""
    if lab.reference is None:
        raise InputError([f"{lab.name}: this lab has no reference kernel (a released lab never has); {_WAY_OUT}"])
    return load_class(lab.reference)


def variant_kernels(lab: Lab) -> dict[str, MakeKernel]:
    """Return the correct variants of a lab's reference, by what they do otherwise; empty if there are none."""
    base = reference_kernel(lab)
    assert lab.reference is not None
    folder = lab.reference.path.resolve().parent
    if not (folder / "variants.py").is_file():
        return {}
    with _loading():
        module = importlib.import_module(f"{_package(folder)}.variants")
    kernels: dict[str, MakeKernel] = module.variants(lab.name, base)
    return kernels


def _mistakes(lab: Lab) -> ModuleType | None:
    """Return the module of misconception kernels, or None if there is none."""
    if lab.reference is None or not (lab.reference.path.parent / "misconceptions" / "__init__.py").is_file():
        return None
    reference_kernel(lab)
    with _loading():
        return importlib.import_module(f"{_package(lab.reference.path.resolve().parent)}.misconceptions")


def mistakes(lab: Lab) -> dict[str, Any]:
    """Return each misconception (belief, lab, section) by its flag; empty if there are none."""
    module = _mistakes(lab)
    return {} if module is None else module.MISTAKES


def misconceptions(lab: Lab, taught: bool = False) -> list[str]:
    """Return the flags of the misconceptions possible in a lab; with `taught`, only those it teaches the rule of."""
    module = _mistakes(lab)
    if module is None:
        return []
    flags = list(module.applicable(lab.name))
    return [flag for flag in flags if module.MISTAKES[flag].lab == lab.name] if taught else flags


def misconception_kernel(lab: Lab, flag: str) -> MakeKernel:
    """Return the reference of a lab with one typical mistake. Raises InputError for an unknown flag."""
    base = reference_kernel(lab)
    known = misconceptions(lab)
    if flag not in known:
        near = did_you_mean(flag, known) or f"there are {', '.join(known) or 'none'}"
        raise InputError([f"misconception:{flag}: no such misconception applies to {lab.name}; {near}"])
    module = _mistakes(lab)
    assert module is not None
    kernel: MakeKernel = module.kernel(flag, base)
    return kernel
