"""Make a random program simpler as long as it still shows a difference: fewer moves first, then smaller numbers.

What a number stands for is the simpler, the smaller it is (vocabulary.py puts the simplest first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grader.authoring.fuzz.program import Move, Program

#: Programs that are tried at most.
TRIES = 1500


def shrunk(program: Program, differs: Callable[[Program], bool]) -> Program:
    """Return a program for which `differs` is true, from which no single change of `_simpler` can be made.

    After TRIES programs the simplest one found so far is returned.
    """
    tried = 0
    seen = {_key(program)}
    changed = True
    while changed:
        changed = False
        for simpler in _simpler(program):
            if _key(simpler) in seen:
                continue
            seen.add(_key(simpler))
            tried += 1
            if tried > TRIES:
                return program
            if differs(simpler):
                program, changed = simpler, True
                break
    return program


def _key(program: Program) -> tuple[int, tuple[Move, ...]]:
    return program[0], tuple(program[1])


def _simpler(program: Program) -> Iterator[Program]:
    """Yield programs that are a step simpler, the largest steps first."""
    hardware, moves = program
    size = len(moves)
    while size:
        # From the end: what comes later depends on what came before.
        for first in range(len(moves) - size, -1, -1):
            yield hardware, [*moves[:first], *moves[first + size :]]
        size //= 2
    for smaller in _smaller(hardware):
        yield smaller, moves
    for n, move in enumerate(moves):
        for place, number in enumerate(move):
            for smaller in _smaller(number):
                yield hardware, [*moves[:n], _with(move, place, smaller), *moves[n + 1 :]]


def _smaller(number: int) -> Iterator[int]:
    """Yield smaller numbers, the smallest first."""
    yield from dict.fromkeys(n for n in (0, number // 2, number - 1) if 0 <= n < number)


def _with(move: Move, place: int, number: int) -> Move:
    verb, process, mapping, page, more = (number if n == place else old for n, old in enumerate(move))
    return verb, process, mapping, page, more
