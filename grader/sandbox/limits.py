"""Sets the limits of a student's kernel, in one scenario and in all scenarios of a submission.

Crossing a limit of a scenario ends the child that runs it. The figures stand on a measurement: a model answer's slowest
scenario takes 13 ms of processor time, and all scenarios of a lab together take 0.1 s. The slowest correct kernel has
no reference counts and searches all page tables for the users of a frame: its time grows with the square of
what is mapped, to 1 s in `fork-faults`. Every scenario allows about ten times what such a kernel needs, so that no
correct kernel comes near a limit, where its verdict would depend on the machine (tests/sandbox/test_limits.py).
"""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Budgets of one scenario, unless a line mentions the submission.

    cpu_s      processor seconds; decides `timed_out`. Catches loops, but not kernels that sleep.
    more_s     processor seconds above cpu_s that a large scenario may take while its kernel comes further: while the
               machine's calls return. No single call gets more than cpu_s, so that a loop costs the same anywhere.
    wall_s     seconds that the grader waits while the kernel neither runs nor is ready to run; catches kernels that
               sleep. Time in which a kernel is ready to run but gets no processor does not count; after four times as
               long the scenario is `ungradable`, not `timed_out`.
    memory_mib address space of the child in MiB, including the interpreter (about 40). Filling it takes a small part of
               cpu_s even on a busy machine, so that growth is not mistaken for slowness. It is less than the 768 MB
               that a Gradescope container has in all.
    output     bytes that a kernel may print
    answers    bytes of answers, four per number, above what the scenario's own pages may take (protocol/messages.py):
               bounds the operations, and the time that the grader needs to re-enact them
    step_answers  the same in one step: bounds the page table entries that the grader has to hold
    all_cpu_s  processor seconds of all scenarios of a submission together
    all_wall_s seconds that all scenarios of a submission together may let pass, as in wall_s
    counted    True if something else limits the work of a kernel (fuel, for kernels in C): its processor time is then a
               backstop, and is not reduced
    reduced    True if cpu_s and wall_s are less than usual because an earlier scenario has overrun a limit
    """

    cpu_s: float = 2.0
    more_s: float = 0.0
    wall_s: float = 2.0
    memory_mib: int = 512
    output: int = 1 << 20
    answers: int = 1 << 20
    step_answers: int = 256 << 10
    all_cpu_s: float = 12.0
    all_wall_s: float = 4.0
    counted: bool = False
    reduced: bool = False

    @property
    def patience_s(self) -> float:
        """Return the seconds after which the machine is to blame: the kernel had to wait for a processor for three
        times the wall limit. A hurried kernel may wait for a busy machine as long as any other.
        """
        return (4.5 * self.wall_s + self.cpu_s + self.more_s) * (20 if self.reduced else 1)

    def sized(self, entries: int) -> Limits:
        """Return the limits of a scenario in which there can be so many page table entries at the same time."""
        return self._replace(more_s=round(_searching(entries), 1))

    def slow(self, due: int, entries: int) -> float:
        """Return the processor seconds of a very slow kernel in a scenario of this size, to compare scenarios by."""
        return HURRIED_S + due * HURRIED_S_PER_BYTE + _searching(entries)

    def hurried(self, due: int, entries: int, pace: float) -> Limits:
        """Return the limits for a kernel that has overrun one: 0.05 s of processor time, in addition to what the
        scenario's size explains, and a twentieth of the sleep. Ten times what the model answer needs.

        due      bytes of answers that the scenario's own pages may take
        entries  page table entries that there can be in it at the same time
        pace     the largest share of what `slow` returns that this kernel has taken in a scenario that it finished: it
                 gets at least ten times as long, so that a slow kernel or machine does not make it run out of time
        """
        wanted = max(HURRIED_S + due * HURRIED_S_PER_BYTE, 10 * pace * self.slow(due, entries))
        cpu_s = self.cpu_s if self.counted else min(self.cpu_s, wanted)
        return self._replace(cpu_s=cpu_s, wall_s=self.wall_s / 20, reduced=True)


#: Processor seconds that a kernel may take to look at an entry, once for every fault of every page: ten times what
#: `page_table.get` takes. 8.4 s in `fork-faults`, nothing that counts in a small scenario.
SEARCH_S = 2e-6

#: What the size of a scenario adds at most.
SEARCH_MAX_S = 10.0

#: Processor seconds of a small scenario for a kernel that has overrun a limit. A new process needs some of them, so it
#: does not depend on the other limits.
HURRIED_S = 0.05

#: Processor seconds for each byte of answers that a scenario's size explains.
HURRIED_S_PER_BYTE = 25e-9

#: Bytes of source that a kernel may have, and bytes of a quiz sheet.
SOURCE_LIMIT = 256 * 1024
ANSWERS_LIMIT = 64 * 1024

#: Seconds to wait for an answer that is no longer needed, before the child is discarded.
DRAIN_S = 0.05

#: Processor seconds after which the operating system ends a child, as a backstop for our own limit.
CPU_BACKSTOP_S = 900


def _searching(entries: int) -> float:
    """Return the processor seconds that a kernel may take to search all page tables in every page fault."""
    return min(entries * entries * SEARCH_S, SEARCH_MAX_S)


def hurried_memory(memory_mib: int) -> int:
    """Return the address space, in MiB, of a child for a kernel that has overrun a limit: twice what it needs."""
    return max(memory_mib // 4, 96)
