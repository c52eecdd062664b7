"""Trusted kernels, loaded into the grader's own process: the references and the misconceptions built on them."""

from __future__ import annotations

import importlib
import sys

from grader.lab import ClassAt, Lab, LabError
from grader.scenario.engine import MakeKernel


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
        raise LabError([f"{at.path}: there is no class {at.name}"]) from None


def reference_kernel(lab: Lab) -> MakeKernel:
    """The model answer of a lab. LabError in a released lab, which has none."""
    if lab.reference is None:
        raise LabError([f"{lab.name}: this lab has no reference kernel (a released lab never has)"])
    return load_class(lab.reference)


def misconceptions(lab: Lab) -> list[str]:
    """The flags of the misconceptions that apply to a lab, or none where there are no misconception kernels."""
    if lab.reference is None or not (lab.reference.path.parent / "misconceptions" / "__init__.py").is_file():
        return []
    reference_kernel(lab)
    module = importlib.import_module(f"{lab.reference.path.resolve().parent.name}.misconceptions")
    return list(module.applicable(lab.name))


def misconception_kernel(lab: Lab, flag: str) -> MakeKernel:
    """The reference of a lab with one typical mistake. LabError, with those there are, if the flag is unknown."""
    base = reference_kernel(lab)
    known = misconceptions(lab)
    if flag not in known:
        import difflib

        close = difflib.get_close_matches(flag, known, n=3)
        near = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(known) or 'none'}"
        raise LabError([f"misconception:{flag}: no such misconception applies to {lab.name}{near}"])
    assert lab.reference is not None
    module = importlib.import_module(f"{lab.reference.path.resolve().parent.name}.misconceptions")
    return module.kernel(flag, base)
