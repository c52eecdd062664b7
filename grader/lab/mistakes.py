"""Finds the kernels that stand next to a lab's reference: misconceptions, and correct variants.

A misconception is a class of a module in `misconceptions/`: a mixin that goes before a reference class, with

    flag     its name, of which there is one in the course
    belief   completes the sentence "behaves like a kernel that ..."
    lab      the lab that teaches the rule; the mistake can be made there and in every lab that follows
    section  the section of that lab's handout to read again

A correct variant is a class of variants.py with `since`: such a mixin, with `belief`, and with the first lab that it
can be built for, and perhaps as `until` the last one.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from grader.errors import InputError, did_you_mean
from grader.lab.course_order import in_course_order
from grader.lab.kernels import load_module, reference_kernel
from grader.lab.lab import Lab
from grader.replay.simulated import MakeKernel

#: The folder of misconceptions next to a lab's reference, and what each says of itself.
FOLDER, SAYS = "misconceptions", {"belief": str, "lab": str, "section": int}

#: The file of correct variants next to a lab's reference.
VARIANTS = "variants.py"


def course_labs(lab: Lab) -> list[str]:
    """Return the names of the labs in this lab's course, each after the one that it builds on."""
    folders = [path.parent for path in lab.path.resolve().parent.glob("*/lab.yaml")]
    return [folder.name for folder in in_course_order(folders)]


def mistakes(lab: Lab) -> dict[str, Any]:
    """Return a course's misconceptions by their flags, in the order of its labs. InputError if one lacks a field."""
    return _in_order(_modules(lab), course_labs(lab))


def _in_order(modules: list[ModuleType], labs: list[str]) -> dict[str, Any]:
    order = {name: number for number, name in enumerate(labs)}
    first = _said_by(modules, "ORDER", ())
    place = {f"{modules[0].__package__}.{name}": number for number, name in enumerate(first)} if modules else {}
    modules = sorted(modules, key=lambda module: place.get(module.__name__, len(place)))
    every = [_mistakes_of(module) for module in modules]
    every.sort(key=lambda own: min((order.get(one.lab, len(labs)) for one in own), default=0))
    found: dict[str, Any] = {}
    for one in sorted([one for own in every for one in own], key=lambda one: order.get(one.lab, len(labs))):
        if one.flag in found:
            told = f"{found[one.flag].__module__} and {one.__module__} both have a misconception {one.flag!r}"
            raise InputError([f"{told}; give one of them another flag"])
        found[one.flag] = one
    return found


def _modules(lab: Lab) -> list[ModuleType]:
    """Import every module of the folder of misconceptions; there may be none."""
    if lab.reference is None:
        return []
    folder = lab.reference.path.resolve().parent
    paths = [path for path in sorted((folder / FOLDER).glob("*.py")) if path.name != "__init__.py"]
    return [load_module(folder, path) for path in paths]


def _mistakes_of(module: ModuleType) -> list[Any]:
    """Return the misconceptions that a module defines. InputError if one does not say what it is."""
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    found = [value for value in own if getattr(value, "flag", "")]
    for one in found:
        for name, kind in SAYS.items():
            value = getattr(one, name, None)
            if not isinstance(value, kind) or not value:
                what = "the number of a section" if kind is int else "a text"
                raise InputError([f"{module.__file__}: {one.__name__}: a misconception needs `{name}`, {what}"])
    return found


def misconceptions(lab: Lab, taught: bool = False) -> list[str]:
    """Return the flags of the misconceptions possible in a lab; with `taught`, only those it teaches the rule of."""
    return [flag for flag, one in _possible(lab).items() if not taught or one.lab == lab.name]


def _possible(lab: Lab) -> dict[str, Any]:
    """Return the misconceptions of a lab and of the earlier ones whose mistakes can be made in it.

    NOT_IN names the exceptions: a lab, and later ones.
    """
    modules, labs = _modules(lab), course_labs(lab)
    exceptions = _said_by(modules, "NOT_IN", {})
    fitting = [name for name in labs[: labs.index(lab.name) + 1] if lab.name not in exceptions.get(name, ())]
    return {flag: one for flag, one in _in_order(modules, labs).items() if one.lab in fitting}


def _said_by(modules: list[ModuleType], name: str, otherwise: Any) -> Any:
    """Return a value of the __init__.py of the modules' folder, which need not have it, nor be there."""
    package = modules[0].__package__ if modules else None
    return getattr(sys.modules.get(package or ""), name, otherwise)


def of_no_lab(lab: Lab) -> dict[str, str]:
    """Return the misconceptions of labs that the course does not have: flag -> that lab's name."""
    labs = course_labs(lab)
    return {flag: one.lab for flag, one in mistakes(lab).items() if one.lab not in labs}


def misconception_kernel(lab: Lab, flag: str) -> MakeKernel:
    """Return the reference of a lab with one typical mistake. Raises InputError for an unknown flag."""
    base, known = reference_kernel(lab), _possible(lab)
    if flag not in known:
        near = did_you_mean(flag, known) or f"there are {', '.join(known) or 'none'}"
        raise InputError([f"misconception:{flag}: no such misconception applies to {lab.name}; {near}"])
    return mixed(known[flag], base)


def mixed(mixin: Any, base: Any) -> MakeKernel:
    """Return a class that puts a mixin before a reference class."""
    kernel: MakeKernel = type(f"{mixin.__name__}_{base.__name__}", (mixin, base), {"__doc__": mixin.__doc__})
    return kernel


def variant_kernels(lab: Lab) -> dict[str, MakeKernel]:
    """Return the correct variants of a lab's reference, by what they do otherwise; empty if there are none."""
    base = reference_kernel(lab)
    assert lab.reference is not None
    folder = lab.reference.path.resolve().parent
    if not (folder / VARIANTS).is_file():
        return {}
    module = load_module(folder, folder / VARIANTS)
    labs = course_labs(lab)
    every: list[Any] = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, "since")]
    return {one.belief: mixed(one, base) for one in every if lab.name in _from_to(one, labs)}


def _from_to(variant: Any, labs: list[str]) -> list[str]:
    """Return the labs that a variant can be built for. InputError if a lab's name seems to be misspelt."""
    ends = [variant.since, getattr(variant, "until", labs[-1])]
    for name in ends:
        near = did_you_mean(name, labs) if name not in labs else ""
        if near:
            raise InputError([f"{VARIANTS}: {variant.__name__}: no lab {name!r} here; {near}"])
    first, last = (labs.index(name) if name in labs else None for name in ends)
    return [] if first is None or last is None else labs[first : last + 1]
