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

from grader.errors import InputError, did_you_mean
from grader.lab.lab import ClassAt, Lab
from grader.replay.simulated import MakeKernel


def load_class(at: ClassAt) -> MakeKernel:
    """Return the class that lab.yaml names. Its folder is imported as a package: references build on each other."""
    path = at.path.resolve()
    return _class_of(load_module(path.parent, path), at.path, at.name)


def load_module(folder: pathlib.Path, path: pathlib.Path) -> ModuleType:
    """Import a file that is in a folder or below it; the folder is a package. Both paths are absolute and not links."""
    with _loading():
        name = _package(folder)
        for part in path.relative_to(folder).parts[:-1]:
            name, folder = f"{name}.{part}", folder / part
            _subpackage(name, folder)
        name = f"{name}.{path.stem}"
        module = importlib.import_module(name)
        if pathlib.Path(module.__file__ or "") != path:
            del sys.modules[name]  # another lab's, from a folder of the same name
            module = importlib.import_module(name)
    return module


def _subpackage(name: str, folder: pathlib.Path) -> None:
    """Make a folder the package of a name, unless it is; one of another course has to go, with its modules."""
    if str(folder) in getattr(sys.modules.get(name), "__path__", ()):
        return
    for other in [other for other in sys.modules if f"{other}.".startswith(f"{name}.")]:
        del sys.modules[other]
    _make_package(name, folder)


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
    name = folder.name
    known = sys.modules.get(name)
    if known is not None and str(folder) == str(next(iter(getattr(known, "__path__", ())), None)):
        return name
    if name in sys.stdlib_module_names or getattr(known, "__file__", None) is not None:
        raise InputError([f"{folder}: Python has a module named {name!r} already; give the folder another name"])
    module = _make_package(name, folder)
    if module.__file__ is None:
        # Without __init__.py, folders of one name are one package, as they are to Python.
        module.__path__ += [path for path in getattr(known, "__path__", ()) if path != str(folder)]
    return name


def _make_package(name: str, folder: pathlib.Path) -> ModuleType:
    """Make a folder the package of a name, with or without an __init__.py."""
    from importlib.util import module_from_spec, spec_from_file_location

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
        module.__file__ = None
    return module


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
