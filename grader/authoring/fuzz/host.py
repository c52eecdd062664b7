"""Search random scenarios for one on which the host's own kernel differs from the Linux profile."""

from __future__ import annotations

import os
from collections import Counter
from typing import NamedTuple

from grader.authoring.fuzz.program import ReferenceFault
from grader.authoring.fuzz.search import Found, find_difference
from grader.authoring.fuzz.vocabulary import FRAMES, Hardware, Vocabulary, vocabulary
from grader.errors import InputError
from grader.grade.attempt import Attempt
from grader.grade.verdicts import FAILED, PASSED
from grader.host.compare import differences
from grader.host.machine import HostMachine
from grader.host.model import linux_kernel
from grader.host.probes import missing, probe
from grader.host.replay import HostReplay
from grader.lab.lab import Lab
from grader.scenario.describe import sentence
from grader.scenario.model import LINUX, Scenario
from grader.scenario.profile import FRAMES as ENOUGH
from grader.trace.records import Trace
from grader.trace.state import State

#: Calls that only the Linux profile has, by their shares among the verbs of the lab.
CALLS = ("madvise", "madvise", "mremap", "mlock")

#: Bytes that a process may have to lock in a random scenario, at most.
LOCKED = 4 << 20


class Search(NamedTuple):
    """Holds the outcome of a search.

    found     the shortest scenario with a difference, or None
    tried     the count of verdicts
    seconds   processor time of the replays
    left_out  what this machine kept out of the random scenarios
    faults    scenarios on which the profile's own kernel fails
    """

    found: Found | None
    tried: Counter[str]
    seconds: float
    left_out: list[str]
    faults: list[ReferenceFault]


def find_host_difference(lab: Lab, seed: int, examples: int) -> Search:
    """Search for a random scenario on which this machine differs from the profile.

    InputError where this machine cannot replay scenarios, or does not follow rules that random ones show.
    """
    if linux_kernel(lab) is None:
        raise InputError([f"{lab.name}: `--host` needs reference/linux.py, which a released lab does not have"])
    reason = missing()
    if reason:
        raise InputError([f"--host is not possible here: {reason}"])
    with HostMachine() as host:
        probed = probe(host)
        kernel = linux_kernel(lab, probed.sizes)
        assert kernel is not None
        if probed.breaks:
            rules = ", ".join(map(str, probed.breaks))
            raise InputError([f"this kernel does not follow rules {rules} of Linux as modelled; see `grader host`"])
        if not probed.populates:
            raise InputError(["this kernel has no MADV_POPULATE, which random scenarios use; Linux 5.14 has it"])

        def attempt(scenario: Scenario, expected: Trace) -> Attempt:
            return _attempt(host, scenario, expected)

        words = host_words(vocabulary(lab), probed.sizes.read_ahead or 0)
        faults: list[ReferenceFault] = []
        found, tried = find_difference(lab, kernel, attempt, seed, examples, words, faults)
        return Search(found, tried, host.seconds, left_out(vocabulary(lab), words), faults)


def host_words(words: Vocabulary, read_ahead: int) -> Vocabulary:
    """Return the vocabulary of the Linux profile: with its verbs and fields, without swap or injected failures.

    read_ahead  pages that one read from the disk brings. When a process comes to the last quarter of them, Linux reads
                on before it has to, which is not modelled; so files on disk are not longer than the rest.
    """

    def modelled(one: Hardware) -> bool:
        return all(file.cached or file.pages <= read_ahead * 3 // 4 for file in one.files)

    usable = (one for one in words.hardware if one.machine.frames <= FRAMES and modelled(one))
    hardware = dict.fromkeys(_on_linux(one) for one in usable)
    verbs = [verb for verb in words.verbs if verb != "fail"]
    calls = [call for call in CALLS if call != "mlock" or _may_lock()]
    return words._replace(hardware=list(hardware), verbs=[*verbs, *calls], failures=[], at=True, linux=True)


def left_out(words: Vocabulary, used: Vocabulary) -> list[str]:
    """Return in words what host_words left out because of this machine."""
    lengths = {file.pages for one in words.hardware for file in one.files if not file.cached}
    kept = {file.pages for one in used.hardware for file in one.files if not file.cached}
    long = sorted(lengths - kept)
    found = [f"files of {', '.join(map(str, long))} pages on the disk, which is read on in advance"] if long else []
    return found + (
        [] if "mlock" in used.verbs else [f"mlock, which `ulimit -l` limits to less than {LOCKED >> 10} KiB"]
    )


def _may_lock() -> bool:
    """Return True if a process may lock as much memory as a random scenario asks for at most."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    return limit == resource.RLIM_INFINITY or limit >= LOCKED


def _on_linux(one: Hardware) -> Hardware:
    machine = one.machine._replace(
        profile=LINUX, frames=ENOUGH, swap=0, tlb=False, zero_page=False, max_processes=64, replacement="fifo"
    )
    return one._replace(machine=machine)


def _attempt(host: HostMachine, scenario: Scenario, expected: Trace) -> Attempt:
    """Replay a scenario on the host and compare."""
    steps, _ = HostReplay(host, scenario).run()
    state = State(scenario)
    for step, record, seen in zip(scenario.steps, expected.steps, steps, strict=True):
        state.follow(record)
        odd = differences(step, record, state, seen)
        if odd:
            lines = (
                f"step {step.number}, {sentence(step)}: this machine differs from the model in {', '.join(odd)}",
                f"the model: {record.outcome}, faults {record.faults}, reads {record.values}",
                f"this machine: {seen.outcome}, faults {seen.faults}, reads {seen.values}",
                f"Linux {os.uname().release}, {os.uname().machine}",
            )
            return Attempt(FAILED, lines=lines)
    return Attempt(PASSED)
