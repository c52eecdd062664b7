"""Starts sandboxes. Imports little: a command starts one first, which warms up while the command imports the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.sandbox.limits import Limits
    from grader.sandbox.sandbox import Sandbox

#: Processor seconds of a scenario on a kernel in C; its fuel takes a second at most.
C_CPU_S = 10.0

#: MiB of address space that an exploration of a kernel in C gets in addition: its seven instances reserve all that a
#: memory may grow to, and use little of it.
RESERVED_MIB = 7 * 32


def started(isolation: str, language: str) -> dict[str, Sandbox]:
    """Return the sandbox for the language (`python`, `c`) that a kernel is probably in, by that language.

    Its first child is confined as soon as it is warm. An empty language starts none. InputError and IsolationError as
    `new_sandbox`.
    """
    if not language:
        return {}
    if isolation == "W":  # only kernels in C can have it; one in an archive does not show in the name
        language = "c"
    box = new_sandbox(isolation, language)
    box.prepare()
    return {language: box}


def new_sandbox(
    isolation: str,
    language: str,
    limits: Limits | None = None,
    *,
    polite: bool = True,
    entry: str = "grader.sandbox.inside.worker:serve",
) -> Sandbox:
    """Return a sandbox for kernels in a language. InputError if what they need is not installed.

    polite  whether Python refuses in words what the walls refuse (sandbox/launch.py)
    entry   what serves in each child
    """
    from grader.sandbox.limits import Limits
    from grader.sandbox.sandbox import Sandbox

    if language == "python":
        return Sandbox(isolation, limits, polite=polite, entry=entry)
    from grader.wasm.runtime import runtime_library

    # Fuel decides how long a kernel in C may work; processor time is only a backstop.
    limits = (limits or Limits())._replace(cpu_s=C_CPU_S, all_cpu_s=3 * C_CPU_S, counted=True)
    return Sandbox(isolation, limits, polite=polite, entry=entry, runtime=runtime_library())


def new_explorer(isolation: str, language: str) -> Sandbox:
    """Return a sandbox for kernels that are explored (sandbox/inside/explorer.py). InputError as `new_sandbox`."""
    from grader.sandbox.limits import Limits

    limits = Limits()
    if language == "c":
        limits = limits._replace(memory_mib=limits.memory_mib + RESERVED_MIB)
    return new_sandbox(isolation, language, limits, entry="grader.sandbox.inside.explorer:serve")
