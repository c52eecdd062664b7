"""Trusted kernels, loaded into the grader's own process: the references and the misconceptions built on them."""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

from grader.errors import InputError, did_you_mean
from grader.lab.lab import ClassAt, Lab
from grader.replay.simulated import MakeKernel


def load_class(at: ClassAt) -> MakeKernel:
    """The class that lab.yaml names. Its folder is imported as a package, so that references build on each other."""
    path = at.path.resolve()
    root = str(path.parent.parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    module = importlib.import_module(f"{path.parent.name}.{path.stem}")
    try:
        return getattr(module, at.name)
    except AttributeError:
        raise InputError([f"{at.path}: there is no class {at.name}"]) from None


def load_file_class(path: pathlib.Path, name: str) -> MakeKernel:
    """A class from a file, as it stands: a lab's own stub, or a student's kernel that is being debugged."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError([f"{path}: this is no Python file"])
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise InputError([f"{path}: there is no class {name}"])
    return getattr(module, name)


def reference_kernel(lab: Lab) -> MakeKernel:
    """The model answer of a lab. InputError in a released lab, which has none."""
    if lab.reference is None:
        raise InputError([f"{lab.name}: this lab has no reference kernel (a released lab never has)"])
    return load_class(lab.reference)


def _mistakes(lab: Lab) -> Any:
    """The module of misconception kernels, or None where there is none."""
    if lab.reference is None or not (lab.reference.path.parent / "misconceptions" / "__init__.py").is_file():
        return None
    reference_kernel(lab)
    return importlib.import_module(f"{lab.reference.path.resolve().parent.name}.misconceptions")


def mistakes(lab: Lab) -> dict[str, Any]:
    """flag -> what a misconception says of itself (belief, lab, section); empty where there are none."""
    module = _mistakes(lab)
    return {} if module is None else module.MISTAKES


def misconceptions(lab: Lab, taught: bool = False) -> list[str]:
    """The flags of the misconceptions that can be had in a lab; with `taught`, those whose rule this lab teaches."""
    module = _mistakes(lab)
    if module is None:
        return []
    flags = list(module.applicable(lab.name))
    return [flag for flag in flags if module.MISTAKES[flag].lab == lab.name] if taught else flags


def misconception_kernel(lab: Lab, flag: str) -> MakeKernel:
    """The reference of a lab with one typical mistake. InputError, with those there are, if the flag is unknown."""
    base = reference_kernel(lab)
    known = misconceptions(lab)
    if flag not in known:
        near = did_you_mean(flag, known) or f"there are {', '.join(known) or 'none'}"
        raise InputError([f"misconception:{flag}: no such misconception applies to {lab.name}; {near}"])
    return _mistakes(lab).kernel(flag, base)
