"""What one scenario of a student's kernel may use. Crossing a limit ends the child that runs it."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Budgets of one scenario, where nothing else is said.

    cpu_s      processor seconds: what decides `timed_out`. Catches loops; says nothing of a kernel that sleeps.
    wall_s     clock seconds that the grader waits while the kernel neither runs nor is ready to: a backstop, against
               kernels that sleep. Where a kernel was ready to run, but got no processor for three times as long, it is
               `ungradable`, not `timed_out`.
    memory_mib address space of the child, in MiB, interpreter included (about 40). Catches growth, not slowness. To
               fill it takes a small part of cpu_s also on a busy machine, so that growth is not called slowness;
               and it is less than the 768 MB that a Gradescope container has for everything.
    output     bytes that a kernel may print
    answers    bytes of answers, four a number, above what the scenario's own pages may take (script.py): bounds the
               operations, and what they cost the grader
    """

    cpu_s: float = 2.0
    wall_s: float = 10.0
    memory_mib: int = 512
    output: int = 1 << 20
    answers: int = 2 << 20

    def hurried(self) -> Limits:
        """The same with an eighth of the time, for a kernel that has run out of it several times."""
        return self._replace(cpu_s=self.cpu_s / 8, wall_s=self.wall_s / 8)


#: Bytes of source that a kernel may have, and bytes of a quiz sheet.
SOURCE_LIMIT = 256 * 1024
ANSWERS_LIMIT = 64 * 1024

#: Processor seconds after which the kernel's own limit ends a child, however it fares: a backstop for ours.
CPU_BACKSTOP_S = 900
