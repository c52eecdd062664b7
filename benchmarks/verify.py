"""Measures `grader verify`: states and steps a second in the grader's process, next to replay without merging.

    .venv/bin/python benchmarks/verify.py

The copy-on-write world of two pages and two processes must close within 30 s of processor time, the world of one page
within 1 s.
"""

from __future__ import annotations

import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from grader.lab.kernels import reference_kernel  # noqa: E402
from grader.lab.lab import load_lab  # noqa: E402
from grader.lab.scope import Mapped, World  # noqa: E402
from grader.replay.simulated import replay  # noqa: E402
from grader.verify.explore import explore, explore_by_replay  # noqa: E402

#: Pages of the world -> processor seconds in which it must close.
LIMITS = {1: 1.0, 2: 30.0}

#: Steps that the replay without merging is measured with.
STEPS = 3


def main() -> int:
    """Print a line per world, and return 1 if one took too long."""
    lab = load_lab(ROOT / "labs" / "copy-on-write")
    kernel = reference_kernel(lab)
    status = 0
    for pages, limit in LIMITS.items():
        world = World("bench", (Mapped("P", {"name": "h", "pages": pages}),))
        begin = time.process_time()
        outcome = explore(world, kernel, kernel)
        spent = time.process_time() - begin
        assert outcome.closed
        print(
            f"{pages} page(s): closed after {outcome.steps} steps, {outcome.states:,} states, {outcome.edges:,} edges "
            f"in {spent:.2f} s (limit {limit:g}): {outcome.edges / spent:,.0f} edges a second"
        )
        begin = time.process_time()
        naive = explore_by_replay(world, kernel, lambda s, e: bool(replay(s, kernel).steps != e.steps), STEPS)
        spent_naive = time.process_time() - begin
        print(
            f"  by replay: {naive.scenarios:,} scenarios of up to {STEPS} steps in {spent_naive:.2f} s: "
            f"{naive.scenarios / spent_naive:,.0f} scenarios a second"
        )
        status |= spent > limit
    return status


if __name__ == "__main__":
    raise SystemExit(main())
