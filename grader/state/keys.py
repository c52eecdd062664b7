"""Checks that a dict or a set finds its own keys.

It remembers the hash that a key had when it was inserted. If the key has changed since, the dict no longer finds it,
and yet looks like one that does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grader.machine.region import Region
from grader.state.memento import Opaque

#: The hash functions of what does not change, or of what is compared by its identity.
_FIXED: frozenset[object] = frozenset(
    kind.__hash__
    for kind in (int, str, float, bytes, complex, type(None), object, type, range, type(len), type(str.join))
)

_OF_TUPLES: object = tuple.__hash__


def check_keys(value: Any) -> None:
    """Raise Opaque if a dict or a set may not find one of its keys."""
    keys = dict.keys(value) if isinstance(value, dict) else value  # an OrderedDict looks for a key to find the next
    if all(kind.__hash__ in _FIXED for kind in set(map(type, keys))) or _cannot_change(keys):
        return
    # Each key is found, and no two are equal: so it was found itself, with the hash that it has now.
    if not all(key in value for key in keys) or len(set(keys)) != len(keys):
        raise Opaque(value)


def _cannot_change(keys: Iterable[Any]) -> bool:
    """Return True if no hash of these can change, nor that of what is in them."""
    return all(_parts_cannot_change(key, type(key)) for key in keys)


def _parts_cannot_change(key: Any, kind: type) -> bool:
    if kind.__hash__ in _FIXED:
        return True
    if issubclass(kind, tuple) and kind.__hash__ is _OF_TUPLES:
        return _cannot_change(tuple.__iter__(key))
    if kind is frozenset:
        return _cannot_change(key)
    return kind is Region and _cannot_change(key._key())
