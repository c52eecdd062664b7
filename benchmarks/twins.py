"""What disguised twins cost: a batch of the same class with twins and without, in turn, and the ratio.

python benchmarks/twins.py [--count 60] [--lab copy-on-write] [--runs 3] [--jobs 2] [--isolation L2]

The lab without twins is an export of the lab that has neither the reference nor `twins.json`. `right` is the worst
case: every kernel passes all public scenarios, so every twin is tried. `class` has right and wrong kernels. The cost is
to be at most 1.8 times.
"""

from __future__ import annotations

import argparse
import ctypes
import pathlib
import tempfile

import batch
import students


def make_right(folder: pathlib.Path, count: int, lab: str) -> None:
    """Hand in right kernels, each with another text so that none is graded only once for all."""
    text = students.right(lab)
    for number in range(count):
        (folder / f"right-{number:03}").mkdir(parents=True)
        (folder / f"right-{number:03}" / "kernel.py").write_text(f"# {number}\n{text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--isolation", default="L2")
    options = parser.parse_args()
    from grader.lab.lab import load_lab
    from grader.publish.release import write_lab

    # batch.cost adopts the processes whose parent has died, so that none is missed.
    ctypes.CDLL(None).prctl(batch.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        without = root / "without" / options.lab
        write_lab(load_lab(batch.ROOT / "labs" / options.lab), without, hidden=True)
        make_right(root / "right", options.count, options.lab)
        students.make(root / "class", options.count, options.lab, honest=True)
        print(f"{options.count} submissions, labs/{options.lab}, {options.isolation}; best of {options.runs}, in turn")
        for name in ("right", "class"):
            rows: dict[str, list[batch.Cost]] = {"without": [], "with": []}
            for _ in range(options.runs):
                for kind, lab in (("without", str(without)), ("with", options.lab)):
                    took = batch.batch(lab, root / name, root / "out", options.jobs, options.isolation)
                    rows[kind].append(took)
            tell(name, rows)


def tell(name: str, rows: dict[str, list[batch.Cost]]) -> None:
    """Print the best of both, and how much more the twins take."""
    wall = {kind: min(cost.wall for cost in costs) for kind, costs in rows.items()}
    processor = {kind: min(cost.processor for cost in costs) for kind, costs in rows.items()}
    clock, used = wall["with"] / wall["without"], processor["with"] / processor["without"]
    told = f"without {wall['without']:6.2f} s, with {wall['with']:6.2f} s"
    print(f"  {name:6} {told}: x {clock:.2f} by the clock, x {used:.2f} of processor time")


if __name__ == "__main__":
    main()
