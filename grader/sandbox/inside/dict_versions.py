"""Reads the versions of namespaces: numbers that change whenever a name in them is bound again or removed.

Comparing 2000 names before every scenario takes a tenth of a small scenario's time: it counts references to all of
them, and so copies the pages of memory that a child shares with the zygote. CPython 3.11 and 3.12 keep a version of
every dict for themselves. It is read from memory, and only if a test of it succeeds here; elsewhere names are compared.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

#: Bytes before `ma_version_tag` in a dict: two for its references and its type, and `ma_used`, of eight each.
_OFFSET = 24

#: The versions of Python whose dicts have it there.
_KNOWN = ((3, 11), (3, 12))

#: Returns the present versions.
Versions = Callable[[], list[int]]


def reader(spaces: Sequence[Mapping[str, object]]) -> Versions | None:
    """Return a function that reads the versions of namespaces, as `vars` returns them; None if that is not possible.

    The namespaces must not be freed while it is used.
    """
    # Only where the layers around a child have imported it: that takes as long as some scenarios.
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or sys.implementation.name != "cpython" or sys.version_info[:2] not in _KNOWN:
        return None
    if ctypes.sizeof(ctypes.c_void_p) != 8 or not _works(ctypes):
        return None
    return _reader(ctypes, spaces)


def _reader(ctypes: Any, spaces: Sequence[Mapping[str, object]]) -> Versions:
    tags = [ctypes.c_uint64.from_address(id(_dict_of(space)) + _OFFSET) for space in spaces]
    return lambda: [tag.value for tag in tags]


def _dict_of(space: Mapping[str, object]) -> Mapping[str, object]:
    """Return the dict itself, which `vars` of a class hides behind a proxy."""
    if type(space) is dict:
        return space
    (found,) = (one for one in gc.get_referents(space) if type(one) is dict)
    return found


class _Probe:
    """A class whose namespace is changed, to see whether its version is."""

    name: int = 0


def _works(ctypes: Any) -> bool:
    """Return True if every way to change a namespace changes what is read, and nothing else does."""
    names: dict[str, object] = {"name": 0}
    probe: Any = _Probe
    versions = _reader(ctypes, [names, vars(_Probe)])
    seen = [versions(), versions()]
    if seen[0] != seen[1]:
        return False
    names["name"], probe.name = 1, 1  # bound again
    seen.append(versions())
    names["other"], probe.other = 2, 2  # added
    seen.append(versions())
    del names["other"], probe.other
    seen.append(versions())
    names.update(name=3)
    probe.name = 3
    seen.append(versions())
    seen[0] = versions()  # and nothing happened
    return seen[0] == seen[-1] and all(len({one[n] for one in seen[1:]}) == len(seen) - 1 for n in (0, 1))
