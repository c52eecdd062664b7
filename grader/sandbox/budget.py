"""Limits what a submission may use in all its scenarios together, so that no broken kernel holds up a class.

Its twins have another such budget.

Three rules, and none of them takes a point from a kernel whose scenarios come to an end:

- After a scenario that overran a limit the others are hurried: they get less time and a quarter of the memory, which is
  still ten times the time that the model answer needs, and ten times what this kernel needs by its slowest pace.
- A kernel whose first six scenarios all overran a limit, so that none has come to an end, is not tried any more.
- A submission that has used its processor time, or its time in sleep, for all scenarios together is not tried any more.
"""

from __future__ import annotations

from grader.sandbox.limits import Limits
from grader.sandbox.termination import Ending

#: Number of overruns for which the full limits apply.
PATIENCE = 1

#: Number of overruns after which no more scenarios are tried, if none has finished.
GIVE_UP = 6

#: Number of starved scenarios in a row after which the machine is too busy for all of them.
STARVED = 3


class Budget:
    """The account of one submission."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cpu = self._idle = 0.0
        self._overruns = 0
        self._methods: set[str] = set()
        self._verdict = ""
        self._finished = False
        self._pace = 0.0  # the slowest of a scenario that was finished, as a share of Limits.slow
        self._slow = limits.slow(0, 0)  # what that returns for the scenario under way
        self._starved = 0

    @property
    def hurried(self) -> bool:
        """Return True if the next scenario is hurried."""
        return self._overruns >= PATIENCE

    def limits(self, due: int, entries: int = 0) -> Limits:
        """Return the limits of the next scenario.

        due      bytes of answers that its own pages may take
        entries  page table entries that can exist in it at the same time
        """
        self._slow = self._limits.slow(due, entries)
        return self._limits.hurried(due, entries, self._pace) if self.hurried else self._limits.sized(entries)

    def charge(self, cpu: float, idle: float) -> None:
        """Add what a child has used up."""
        self._cpu += cpu
        self._idle += idle

    def overran(self, verdict: str, method: str) -> None:
        """Note a scenario that ended by a limit: with which verdict, and in which method, if that is known."""
        self._overruns += 1
        self._verdict = verdict
        self._methods.add(method)

    def finished(self, cpu: float = 0.0) -> None:
        """Note a scenario that came to an end, whatever its verdict, and the processor seconds that it took."""
        self._finished = True
        self._pace = max(self._pace, cpu / self._slow)
        self._starved = 0

    def starved(self) -> None:
        """Note a scenario for which this machine was too busy."""
        self._starved += 1

    def exhausted(self, cpu: float, idle: float) -> Ending | None:
        """Return how every further scenario ends, or None. `cpu`, `idle`: of a child that was not charged yet."""
        limits = self._limits
        if self._starved >= STARVED:
            return Ending("ungradable", f"not tried: this machine was too busy for {STARVED} scenarios before this one")
        if self._overruns >= GIVE_UP and not self._finished:
            where = f" in {next(iter(self._methods))}" if len(self._methods) == 1 and "" not in self._methods else ""
            return Ending(self._verdict, f"not tried: the first {self._overruns} scenarios all ran into a limit{where}")
        if self._cpu + cpu > limits.all_cpu_s:
            used = f"{limits.all_cpu_s:g} s of processor time that it has for all scenarios"
            return Ending("timed_out", f"not tried: the submission used up the {used}")
        if self._idle + idle > limits.all_wall_s:
            used = f"{limits.all_wall_s:g} s that it may sleep in all scenarios"
            return Ending("timed_out", f"not tried: the submission used up the {used}")
        return None
