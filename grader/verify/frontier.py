"""Keeps how far an exploration came that was stopped, so that the same command goes on from there.

Nothing of a kernel's state is kept: for each state that is known the hash of its form, for each that waits the steps
that lead to it. They are taken again when its turn comes, and must lead to a state with that hash. What is kept depends
on the grader's code, the lab, the world and the submission, and is found by a hash of all of these, in the user's own
cache, where others cannot write (grader/kept.py).
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any, NamedTuple

from grader import kept
from grader.scenario.model import FIELDS, Step

#: Folder of the cache, and the number of explorations that are kept.
KIND, MOST = "verify", 20


class Kept(NamedTuple):
    """An exploration between two states.

    level      steps after the mappings of the states that come next
    edges      steps tried so far
    known      the hash of each state, in the order of their numbers
    following  state -> (steps, state that follows) for each action
    waiting    steps after the mappings -> number and steps of each state that waits
    """

    level: int
    edges: int
    known: list[bytes]
    following: list[list[tuple[int, int]]]
    waiting: dict[int, list[tuple[int, tuple[Step, ...]]]]


class Frontier:
    """The place of one exploration in the cache. parts: everything that it depends on."""

    def __init__(self, *parts: str) -> None:
        text = "\0".join([*parts, sys.version])
        self._key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def read(self) -> Kept | None:
        """Return what was kept; None if there is nothing, or if it is not as it should be."""
        data = kept.read(KIND, self._key)
        try:
            return _checked(json.loads(data)) if data is not None else None
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            return None

    def keep(self, found: Kept) -> bool:
        """Keep an exploration. Return False if it is too large (from about 100,000 states), or cannot be written."""
        waiting = {level: [[n, list(map(_told, steps))] for n, steps in rows] for level, rows in found.waiting.items()}
        known = [digest.hex() for digest in found.known]
        data = json.dumps([found.level, found.edges, known, found.following, waiting]).encode()
        try:
            return len(data) <= kept.LIMIT and kept.keep(KIND, self._key, data, MOST)
        except OSError:
            return False

    def forget(self) -> None:
        """Forget what was kept: the exploration has come to its end."""
        kept.forget(KIND, self._key)


def _told(step: Step) -> list[Any]:
    return [step.verb, step.by, step.fields]


def _checked(given: Any) -> Kept:
    """Return what was kept. ValueError, or what wrong types raise, if it is something else."""
    level, edges, known, following, waiting = given
    count = len(known)
    after = [[(_number(steps, 1, 3), _number(to, 0, count)) for steps, to in row] for row in following]
    if len(after) != count or not count:
        raise ValueError("another number of states")
    rows = {int(at): [(_number(n, 0, count), _steps(told)) for n, told in found] for at, found in waiting.items()}
    return Kept(_number(level, 0, 1 << 20), _number(edges, 0, 1 << 60), list(map(bytes.fromhex, known)), after, rows)


def _number(value: Any, low: int, end: int) -> int:
    if type(value) is not int or not low <= value < end:
        raise ValueError(value)
    return value


def _steps(told: Any) -> tuple[Step, ...]:
    steps = tuple([Step(number, verb, by, fields, {}) for number, (verb, by, fields) in enumerate(told, 1)])
    if any(step.verb not in FIELDS or type(step.by) is not str or type(step.fields) is not dict for step in steps):
        raise ValueError("a step that is none")
    return steps
