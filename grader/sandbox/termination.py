"""Names the ways in which a child can end. Each reason is a sentence for the student, with figures."""

from __future__ import annotations

import os
from typing import NamedTuple

from grader.sandbox.limits import CPU_BACKSTOP_S, Limits

#: MiB that no honest kernel needs. If a child with that much memory was killed, the system had run out of memory.
MUCH_MEMORY = 200

_SIGKILL, _SIGSEGV, _SIGXCPU, _SIGSYS = 9, 11, 24, 31


class Ending(NamedTuple):
    """The end of a child: one of the verdicts, and a sentence for the student.

    by_clock   True if the child had so much time that all its answers have arrived, except for the one that is due
    by_output  True if the child printed too much
    """

    verdict: str
    reason: str
    by_clock: bool = False
    by_output: bool = False


#: How the reasons begin with which a kernel ended its own process.
OWN_END, CLOSED, BY_SIGNAL = (
    "the kernel ended its own process",
    "the kernel closed its connection",
    "the kernel's process was ended by",
)

LOST = Ending("ungradable", "the sandbox ended, not the kernel; run it again")


#: Without figures: they depend on what the kernel needed for the scenarios that it finished.
_REDUCED = "since it gets less once another scenario has run into a limit"


def too_much_time(used: float, more: float, limits: Limits) -> Ending:
    """Return the ending of a kernel that used too much processor time. `more`: of it, what it had above cpu_s."""
    if limits.reduced:
        return Ending("timed_out", f"used too much processor time, {_REDUCED}", True)
    if more < limits.more_s:
        told = f"used {used - more:.1f} s of processor time in one call; the limit is {limits.cpu_s:g} s"
    else:
        told = f"used {used:.1f} s of processor time; the limit is {limits.cpu_s + limits.more_s:g} s"
    return Ending("timed_out", told, True)


def too_slow(idle: float, limits: Limits) -> Ending:
    """Return the ending of a kernel that let too much time pass without using it."""
    if limits.reduced:
        return Ending("timed_out", f"took too long without using the processor, {_REDUCED}", True)
    told = f"took {idle:.0f} s without using the processor; the limit is {limits.wall_s:g} s"
    return Ending("timed_out", told, True)


def starved(waited: float, passed: float) -> Ending:
    """Return the ending of a kernel that was ready to run but got no processor."""
    return Ending("ungradable", f"this machine was too busy: the kernel waited {waited:.0f} of {passed:.0f} s for it")


def too_much_output(limits: Limits) -> Ending:
    """Return the ending of a kernel that printed without end."""
    told = f"printed more than {limits.output >> 10} KiB in one scenario; that is the limit"
    return Ending("timed_out", told, by_output=True)


def too_many_operations(volume: int, room: int, where: str) -> Ending:
    """Return the ending of a kernel that carried out more operations than any needs, in a step or in a scenario."""
    told = f"{volume / (1 << 20):.1f} MiB of operations; the limit is {room / (1 << 20):.1f} MiB"
    return Ending("timed_out", f"carried out more operations in {where} than any kernel needs ({told})")


def not_a_frame(kind: int, size: int) -> Ending:
    """Return the ending for bytes on the channel that no worker writes."""
    return Ending("tampered", f"wrote to the grader's own channel: a frame of kind {kind} and {size} bytes")


class Death(NamedTuple):
    """The end of a child, as its parent, the zygote, reports it.

    status   as wait(2) gives it
    cpu      processor seconds in all
    memory   the most that was resident, in MiB
    killed   True if the zygote killed it because it did not end by itself
    """

    status: int
    cpu: float
    memory: int
    killed: bool


def of_death(death: Death, walled: bool) -> Ending:
    """Return what a death means. `walled`: behind walls where no kernel can send a signal, not even to itself."""
    if death.killed:
        return Ending("crashed", f"{CLOSED} to the grader")
    if os.WIFSIGNALED(death.status):
        return _of_signal(os.WTERMSIG(death.status), death, walled)
    # Any status means that the kernel exited: a child that fails before it is confined never gets here.
    return Ending("crashed", f"{OWN_END} (exit status {os.WEXITSTATUS(death.status)})")


def _of_signal(number: int, death: Death, walled: bool) -> Ending:
    import signal

    if number in (_SIGKILL, _SIGXCPU) and death.cpu >= CPU_BACKSTOP_S:
        return Ending("timed_out", f"used {death.cpu:.0f} s of processor time", True)
    if number == _SIGKILL and death.memory >= MUCH_MEMORY:
        return Ending("crashed", f"the kernel used {death.memory} MiB, more than this machine has")
    if number == _SIGKILL and walled:
        return Ending("ungradable", "the kernel's process was killed from outside; run it again")
    if number == _SIGSYS:
        return Ending("refused", "made a system call that a kernel may not make")
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    hint = " (perhaps an endless recursion)" if number == _SIGSEGV else ""
    return Ending("crashed", f"{BY_SIGNAL} {name}{hint}")
