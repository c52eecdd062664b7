"""Finds out if a kernel left the interpreter unchanged, so that the next scenario can run in the same process.

A kernel that replaces a builtin, a function of the machine or a method of the standard library's does so for the whole
process. The worker then ends itself before the next scenario begins, and the grader gives that one a fresh child. This
protects only the kernel's own next verdicts: a kernel that evades it can only lose points of its own.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from operator import eq, is_
from types import ModuleType
from typing import NamedTuple

from grader.machine import core
from grader.machine.region import Region
from grader.sandbox.inside.dict_versions import Versions, reader

#: Modules of ours and of the standard library that the worker and most kernels use (beginnings of names).
_WATCHED = ("builtins", "collections", "json", "json.decoder", "json.encoder", "random")
_OURS = (
    *("grader.machine", "grader.replay.simulated", "grader.protocol.wire"),
    *("grader.sandbox.inside.worker", "grader.sandbox.inside.source", "grader.sandbox.inside.trouble"),
)


class State(NamedTuple):
    """Holds the watched modules by name, their namespaces and those of their classes, and a copy of each namespace.

    versions  reads the versions of the namespaces; None if they have none
    seen      the versions when the copies were made
    """

    modules: dict[str, ModuleType]
    spaces: Sequence[Mapping[str, object]]
    copies: Sequence[dict[str, object]]
    versions: Versions | None
    seen: list[int]


@cache
def state() -> State:
    """Return what is watched. The zygote makes it once."""
    modules = {n: m for n, m in sys.modules.items() if n.startswith(_OURS) or n in _WATCHED}
    own = [thing for module in modules.values() for thing in vars(module).values() if isinstance(thing, type)]
    own += [part for part in core.current() if isinstance(part, type)]  # those of a compiled core are in no module
    # Classes that C made cannot be changed.
    classes = {c for c in own if c.__module__ in modules and "__module__" in vars(c) and c.__module__ != "builtins"}
    spaces = [vars(owner) for owner in (*modules.values(), *classes)]
    versions = reader(spaces)
    return State(modules, spaces, list(map(dict, spaces)), versions, versions() if versions is not None else [])


class Interpreter:
    """The state of this process, to be compared with a later one."""

    def __init__(self) -> None:
        self._modules, self._spaces, self._copies, self._versions, self._seen = state()
        self._page_size = Region.current_page_size
        self._recursion = sys.getrecursionlimit()
        self._settings, self._held = _settings()

    def untouched(self) -> bool:
        """Return True if all is as it was, or is so again. This precedes every scenario and looks at 2000 names."""
        self._put_back()
        return (
            self._settings == _settings()[0]
            and all(map(is_, map(sys.modules.get, self._modules), self._modules.values()))
            and self._same_names()
        )

    def _same_names(self) -> bool:
        """Return True if every name of the namespaces stands for what it did."""
        if self._versions is None:
            return all(map(eq, self._spaces, self._copies))
        now = self._versions()
        if now == self._seen:
            return True
        # Our own machine binds a name again. What was changed and put back counts as the same, too.
        changed = [n for n, version in enumerate(now) if version != self._seen[n]]
        same = all(self._spaces[n] == self._copies[n] for n in changed)
        self._seen = now if same else self._seen
        return same

    def _put_back(self) -> None:
        """Restore what honest work changes and what can be restored completely. The comparison checks that it is."""
        # Our own machine changes this.
        if Region.current_page_size != self._page_size:
            Region.current_page_size = self._page_size
        # Programs for online judges raise the recursion limit in their first lines, and students do so out of habit.
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)


def _settings() -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the settings, and the objects that they name by id: while these are kept, no other one has that id."""
    held = (sys.gettrace(), sys.getprofile(), sys.stdout, sys.stderr, *sys.meta_path, *sys.path, *_log_handlers())
    numbers = (len(sys.path), sys.getrecursionlimit(), sys.getswitchinterval(), len(gc.callbacks), gc.isenabled())
    return (*map(id, held), *numbers, gc.get_threshold()), held


def _log_handlers() -> list[object]:
    """Return what loggers write to, if a kernel has imported logging: a handler added again prints each line twice."""
    logging = sys.modules.get("logging")
    if logging is None:
        return []
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    return [handler for logger in loggers for handler in getattr(logger, "handlers", ())]
