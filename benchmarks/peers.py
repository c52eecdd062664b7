"""`grader run` on the work that other graders were measured with, against a plain machine that grades nothing.

python benchmarks/peers.py [--runs 15] [--isolation L2]

The work: 20 scenarios with 33,122 accesses and 20,344 page faults, one of them the lab page's practice with 1024 pages,
and a short correct kernel (tests/hostile/honest.py). The plain machine (peers_plain.py) is what a course would write
for it: one process imports the kernel, reads the YAML and replays the scenarios. `grader run` reads the same files in
a cold process: again without a change, with answers that no earlier run has given, and with an empty cache; on the
machine in Python, and on the compiled core where it is built. All take turns.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec

import cold_start

HERE = pathlib.Path(__file__).resolve().parent

#: What the scenarios add up to.
ACCESSES, FAULTS = 33_122, 20_344

LAB = """
format: 1
title: Fork with copy-on-write
kernel: kernel.py:Honest
reference: ../../reference/fork.py:Honest
tasks:
  - {id: fork, title: Fork with copy-on-write, points: 100}
"""

SCENARIO = """
format: 1
title: {title}
task: fork
machine: {{page_size: 4096, frames: {frames}}}
processes: [parent]
steps:
  - mmap:  {{by: parent, name: h, pages: {pages}, expect: {{faults: 0}}}}
  - write: {{by: parent, at: h, value: 7, expect: {{faults: {pages}}}}}
  - fork:  {{by: parent, child: child, expect: {{faults: 0}}}}
  - read:  {{by: child, at: "h[0:{child_reads}]", expect: {{value: 7, faults: 0}}}}
  - write: {{by: child, at: "h[{child_from}:{pages}]", value: 8, expect: {{faults: {child_writes}}}}}
{again}  - exit:  {{by: child}}
  - write: {{by: parent, at: h, value: 9, expect: {{faults: {pages}}}}}
"""

AGAIN = '  - read:  {{by: parent, at: "h[0:{reads}]", expect: {{value: 7, faults: 0}}}}\n'

#: The kernel of both sides.
KERNEL = (HERE.parent / "tests" / "hostile" / "honest.py").read_text(encoding="utf-8")


def scenarios() -> dict[str, str]:
    """Return the texts of the 20 scenarios by id."""
    made = {"practice": scenario("The practice at full size", 1024, 512, 512, 0)}
    for number in range(19):
        # Each has 936 faults, and 11 of them one access more than the others.
        pages = 324 + 2 * number
        reads = 645 + (number < 11) - pages
        made[f"fork-{number + 1:02}"] = scenario(f"Fork with {pages} pages", pages, pages, 936 - 2 * pages, reads)
    return made


def scenario(title: str, pages: int, child_reads: int, child_writes: int, reads: int) -> str:
    """Return a scenario as YAML; `reads`: pages that the parent reads after the child has written."""
    again = AGAIN.format(reads=reads) if reads else ""
    numbers = {"pages": pages, "frames": 2 * pages, "child_from": pages - child_writes}
    return SCENARIO.format(title=title, child_reads=child_reads, child_writes=child_writes, again=again, **numbers)


def write_lab(folder: pathlib.Path) -> pathlib.Path:
    """Write the lab, its reference and a student's kernel below a folder. Return the lab's folder."""
    lab = folder / "labs" / "fork"
    files = {lab / "scenarios" / f"{name}.yaml": text for name, text in scenarios().items()}
    files |= {lab / "lab.yaml": LAB, lab / "README.md": "# Fork with copy-on-write\n\n## 1. Fork\n"}
    files |= {folder / "reference" / "fork.py": KERNEL, folder / "student" / "kernel.py": f"# my kernel\n{KERNEL}"}
    files[lab / "kernel.py"] = "from grader.machine import Kernel\n\n\nclass Honest(Kernel):\n    pass\n"
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-c", cold_start.PROGRAM, str(cold_start.ROOT), "record", str(lab)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return lab


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--isolation", default="L2")
    options = parser.parse_args()
    cores = {"Python": "off"} | ({"core": "on"} if find_spec("forklab_core") is not None else {})
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        lab = write_lab(here)
        student = here / "student" / "kernel.py"
        bare = [sys.executable, "-I", str(HERE / "peers_plain.py"), str(lab), str(student), "Honest"]
        told = subprocess.run(bare, check=True, capture_output=True, text=True).stdout
        assert told.split() == [str(ACCESSES), str(FAULTS)], told
        graded = [sys.executable, "-I", "-c", cold_start.PROGRAM, str(cold_start.ROOT), "run", str(lab)]
        graded += ["--isolation", options.isolation, "-q", "--submission", str(student)]
        rows: dict[str, list[tuple[float, float]]] = {}
        for turn in range(options.runs + 1):
            for row, command, core, cache, forgotten in commands(bare, graded, cores, here):
                shutil.rmtree(forgotten, ignore_errors=True)
                os.environ["FORKLAB_CORE"] = core
                run = cold_start.timed(command, cache)
                if turn:
                    rows.setdefault(row, []).append(run)
    print(f"20 scenarios, {ACCESSES:,} accesses, {FAULTS:,} faults, {options.isolation}, {options.runs} runs in turn")
    print("minimum, median and maximum; the ratio is that of the medians")
    cold_start.table(rows, "plain machine")


def commands(
    bare: list[str], graded: list[str], cores: dict[str, str], here: pathlib.Path
) -> list[tuple[str, list[str], str, pathlib.Path, pathlib.Path]]:
    """Return the name of each row, its command, the core, the cache, and what of the cache is removed before."""
    nothing = here / "nothing"
    made = [("plain machine", bare, "off", nothing, nothing)]
    for name, core in cores.items():
        again, new, empty = (here / f"{kind}-{core}" for kind in ("again", "new", "empty"))
        made.append((f"grader run, {name}, again", graded, core, again, nothing))
        made.append((f"grader run, {name}, answers new", graded, core, new, new / "forklab" / "answers"))
        made.append((f"grader run, {name}, empty cache", graded, core, empty, empty))
    return made


if __name__ == "__main__":
    main()
