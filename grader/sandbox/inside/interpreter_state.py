"""Finds out if a kernel left the interpreter unchanged, so that the next scenario can run in the same process.

A kernel that replaces a builtin, a function of the machine or a method of the standard library's does so for the whole
process. The worker then ends itself before the next scenario begins, and the grader gives that one a fresh child. This
protects only the kernel's own next verdicts: a kernel that evades it can only lose points of its own.
"""

from __future__ import annotations

import gc
import sys
from functools import cache
from types import ModuleType

from grader.machine import core
from grader.machine.region import Region

#: Modules of ours and of the standard library that the worker and most kernels use (beginnings of names).
_WATCHED = ("builtins", "collections", "json", "json.decoder", "json.encoder", "random")
_OURS = (
    *("grader.machine", "grader.replay.simulated", "grader.protocol.wire"),
    *("grader.sandbox.inside.worker", "grader.sandbox.inside.source", "grader.sandbox.inside.trouble"),
)


@cache
def state() -> tuple[dict[str, ModuleType], list[tuple[object, dict[str, object]]]]:
    """Return the watched modules by name, and each of their namespaces with a copy. The zygote makes it once."""
    modules = {n: m for n, m in sys.modules.items() if n.startswith(_OURS) or n in _WATCHED}
    own = [thing for module in modules.values() for thing in vars(module).values() if isinstance(thing, type)]
    own += [part for part in core.current() if isinstance(part, type)]  # those of a compiled core are in no module
    # Classes that C made cannot be changed.
    classes = {c for c in own if c.__module__ in modules and "__module__" in vars(c) and c.__module__ != "builtins"}
    return modules, [(vars(owner), dict(vars(owner))) for owner in (*modules.values(), *classes)]


class Interpreter:
    """The state of this process, to be compared with a later one."""

    def __init__(self) -> None:
        self._modules, self._spaces = state()
        self._page_size = Region.current_page_size
        self._recursion = sys.getrecursionlimit()
        self._settings, self._held = _settings()

    def untouched(self) -> bool:
        """Return True if all is as it was, or is so again. Comparing identity first takes some ten microseconds."""
        self._put_back()
        return (
            self._settings == _settings()[0]
            and all(sys.modules.get(name) is module for name, module in self._modules.items())
            and all(now == then for now, then in self._spaces)
        )

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
