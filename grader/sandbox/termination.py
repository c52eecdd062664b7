"""How a child can end, and what that is called. Each reason is a sentence for the student, with figures."""

from __future__ import annotations

import os
from typing import NamedTuple

from grader.sandbox.limits import CPU_BACKSTOP_S, Limits

#: MiB that no honest kernel comes near. A child that had so much and was killed was the machine's choice for a reason.
MUCH_MEMORY = 200

_SIGKILL, _SIGSEGV, _SIGXCPU, _SIGSYS = 9, 11, 24, 31


class Ending(NamedTuple):
    """How a child ended: one of the verdicts, and a sentence for the student."""

    verdict: str
    reason: str


#: How the reasons begin with which a kernel ended its own process.
OWN_END, CLOSED, BY_SIGNAL = (
    "the kernel ended its own process",
    "the kernel closed its connection",
    "the kernel's process was ended by",
)

LOST = Ending("ungradable", "the sandbox ended, not the kernel; run it again")


#: Without figures: they depend on what the kernel needed for the scenarios that it finished.
_REDUCED = "since it gets less once another scenario has run into a limit"


def too_much_time(used: float, limits: Limits) -> Ending:
    """The processor-time limit was crossed."""
    if limits.reduced:
        return Ending("timed_out", f"used too much processor time, {_REDUCED}")
    return Ending("timed_out", f"used {used:.1f} s of processor time; the limit is {limits.cpu_s:g} s")


def too_slow(idle: float, limits: Limits) -> Ending:
    """Time passed, and the kernel did not use it."""
    if limits.reduced:
        return Ending("timed_out", f"took too long without using the processor, {_REDUCED}")
    return Ending("timed_out", f"took {idle:.0f} s without using the processor; the limit is {limits.wall_s:g} s")


def starved(waited: float, passed: float) -> Ending:
    """The kernel wanted to run, and this machine did not let it."""
    return Ending("ungradable", f"this machine was too busy: the kernel waited {waited:.0f} of {passed:.0f} s for it")


def too_much_output(limits: Limits) -> Ending:
    """The kernel printed without end."""
    return Ending("timed_out", f"printed more than {limits.output >> 10} KiB in one scenario; that is the limit")


def too_many_operations(volume: int, room: int, where: str) -> Ending:
    """The kernel carried out more than any kernel needs, in one step or in one scenario."""
    told = f"{volume / (1 << 20):.1f} MiB of operations; the limit is {room / (1 << 20):.1f} MiB"
    return Ending("timed_out", f"carried out more operations in {where} than any kernel needs ({told})")


def not_a_frame(kind: int, size: int) -> Ending:
    """Bytes on the channel that the worker does not write."""
    return Ending("tampered", f"wrote to the grader's own channel: a frame of kind {kind} and {size} bytes")


class Death(NamedTuple):
    """What the zygote, the parent, tells of a child that is gone.

    status   as wait(2) gives it
    cpu      processor seconds in all
    memory   the most that was resident, in MiB
    killed   it was we who ended it, after it had fallen silent
    """

    status: int
    cpu: float
    memory: int
    killed: bool


def of_death(death: Death, walled: bool) -> Ending:
    """What a death means. `walled`: behind walls where no kernel can send a signal, not even to itself."""
    if death.killed:
        return Ending("crashed", f"{CLOSED} to the grader")
    if os.WIFSIGNALED(death.status):
        return _of_signal(os.WTERMSIG(death.status), death, walled)
    # Whatever the status: before its walls stand, a child has not said HELLO, and is not asked how it ended.
    return Ending("crashed", f"{OWN_END} (exit status {os.WEXITSTATUS(death.status)})")


def _of_signal(number: int, death: Death, walled: bool) -> Ending:
    import signal

    if number in (_SIGKILL, _SIGXCPU) and death.cpu >= CPU_BACKSTOP_S:
        return Ending("timed_out", f"used {death.cpu:.0f} s of processor time")
    if number == _SIGKILL and death.memory >= MUCH_MEMORY:
        return Ending("crashed", f"the kernel used {death.memory} MiB, more than this machine has")
    if number == _SIGKILL and walled:
        return Ending("ungradable", "the kernel's process was killed by somebody else; run it again")
    if number == _SIGSYS:
        return Ending("refused", "made a system call that a kernel may not make")
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    hint = " (perhaps a recursion without end)" if number == _SIGSEGV else ""
    return Ending("crashed", f"{BY_SIGNAL} {name}{hint}")
