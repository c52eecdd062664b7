"""Finds the functions that a kernel runs in each small world of its lab: a change in any other one makes no difference.

A kernel that was changed in a function does what it did before until that function is called. So a mutant of a function
need not be explored in a world where the kernel itself never runs it.
"""

from __future__ import annotations

import ast
import sys
from types import FrameType

from grader.lab.lab import Lab
from grader.lab.scope import World
from grader.replay.simulated import MakeKernel
from grader.verify.verify import verify_kernel, worlds


def functions(tree: ast.Module) -> dict[int, int]:
    """Return the first line of the innermost function, by the ids of functions and of the nodes in their bodies."""
    found: dict[int, int] = {}
    for function in ast.walk(tree):  # inner functions come after the outer ones
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
            found.update((id(node), first) for part in function.body for node in ast.walk(part))
            found[id(function)] = first  # a statement of it may be dropped
    return found


def reached(lab: Lab, kernel: MakeKernel, steps: int) -> dict[str, set[tuple[str, int]]]:
    """Return file and first line of all functions that a kernel runs within so many steps, by the lab's worlds."""
    return {world.name: _reached_in(lab, world, kernel, steps) for world in worlds(lab)}


def _reached_in(lab: Lab, world: World, kernel: MakeKernel, steps: int) -> set[tuple[str, int]]:
    found = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            found.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        verify_kernel(lab, world, kernel, steps).outcome.whole()
    finally:
        sys.setprofile(before)
    return {(code.co_filename, code.co_firstlineno) for code in found}
