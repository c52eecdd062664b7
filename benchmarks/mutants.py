"""Measures which share of mutants each lab catches: those of its reference, and of other correct kernels.

    .venv/bin/python benchmarks/mutants.py [--jobs N] [--kernel NAME ...] [LAB ...]

A mutant counts if the lab's scenarios catch it, or if it differs within 6 steps in a world of the lab. Kernels that
tests put together from a part of another one are left out: their part is measured where it comes from.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from grader.authoring.mutants import Strength, measure  # noqa: E402
from grader.lab.lab import load_lab  # noqa: E402
from grader.scenario.describe import sentence  # noqa: E402
from tests.reference.alternatives import ALTERNATIVES  # noqa: E402

#: Lab -> module and class of other correct kernels of the tests.
MORE = {
    "file-backed": {
        "tests.reference.file_backed_kernels": ["FromTheHandout", "LooksForUsers", "SavesBackwards", "MarksTheCache"]
    },
    "swapping": {"tests.reference.swapping_kernels": ["SwapsFromTheHandout", "RingWithHand", "LooksAtEveryPage"]},
    "tlb": {"tests.reference.tlb_kernels": ["RecordPerPage"]},
    "linux": {
        "tests.reference.linux_kernels": ["MarksPages", "MapsBackwards"],
    },
}

LABS = ("demand-paging", "copy-on-write", "shared-memory", "kernel-access", "file-backed", "swapping", "tlb", "linux")


def kernels(lab: str) -> list[tuple[str, str]]:
    """Return module and class of the kernels that are measured in a lab; ("", "") is its reference."""
    found = [("", "")]
    for kernel in ALTERNATIVES.get(lab, ()):
        module = importlib.import_module(kernel.__module__)
        if module.__name__.startswith("tests.") and getattr(module, kernel.__name__, None) is kernel:
            found.append((kernel.__module__, kernel.__name__))
    found += [(module, name) for module, names in MORE.get(lab, {}).items() for name in names]
    return found


def measured(job: tuple[str, str, str]) -> tuple[tuple[str, str, str], Strength, list[str], float]:
    """Measure one kernel; return survivors as lines, since mutants cannot be sent to another process."""
    lab, module, name = job
    begin = time.process_time()
    kernel = getattr(importlib.import_module(module), name) if name else None
    strength = measure(load_lab(ROOT / "labs" / lab), kernel=kernel)
    lines = [
        f"{mutant.place}, {mutant.change}: " + "; ".join(sentence(step) for step in scenario.steps)
        for mutant, scenario in strength.survivors
    ]
    return job, strength._replace(survivors=[]), lines, time.process_time() - begin


def main() -> int:
    """Print a line for each kernel, with the mutants that its lab misses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labs", nargs="*", default=LABS, metavar="LAB")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kernel", action="append", metavar="NAME", help="measure only this kernel (reference: '')")
    options = parser.parse_args()
    known = [(lab, module, name) for lab in options.labs for module, name in kernels(lab)]
    jobs = [job for job in known if options.kernel is None or job[2] in options.kernel]
    with ProcessPoolExecutor(options.jobs, max_tasks_per_child=1) as pool:
        for (lab, _, name), strength, missed, seconds in pool.map(measured, jobs):
            caught = strength.public + strength.hidden
            of = caught + len(missed)
            print(
                f"{lab:14} {name or 'the reference':24} {caught:4} of {of:4} ({caught / max(of, 1):6.1%}), "
                f"{strength.public} by public scenarios; {strength.made} made, {seconds:.0f} s",
                flush=True,
            )
            for line in missed:
                print(f"    {line}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
