"""`grader watch` from a save to what it shows, against a cold `grader run` of the same kernel and the bare limit.

python benchmarks/watch.py [--runs 15]

Each turn saves a kernel with a mistake and one without into a copy of the lab copy-on-write (public scenarios) that
`grader watch` shows in a terminal, and reads the terminal: how long until the first failing scenario is there, and how
long until the whole verdict is. What was answered in the same way in an earlier save is not re-enacted, so a third
kernel passes with answers that were never seen, as after an edit that changes every scenario.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import pexpect
import pyte

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAB = "copy-on-write"
ZEROS = "        self.hw.frames.zero(frame)\n"
MISTAKE = ("readable = entry.protection & NOT_WRITE", "readable = entry.protection")
SHOWN = r"FAIL  share/nobody-may-write-after-fork"
FAILED = r"(?s)FAIL  share.*\d s +h hint"
PASSED = r"(?s)All \d+ public scenarios pass.*\d s +h hint"


def kernel() -> str:
    """Return the model answer as one file, as students hand it in."""
    below, above = (ROOT.joinpath("reference", f"{name}.py").read_text() for name in ("demand_paging", "copy_on_write"))
    above = above.replace("from __future__ import annotations\n", "")
    return below + re.sub(r"from reference\.demand_paging import .*\n", "", above)


class Watched:
    """A terminal with `grader watch`."""

    def __init__(self, lab: pathlib.Path) -> None:
        self.lab = lab
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        arguments = ["-I", "-m", "grader", "watch", str(lab), "--isolation", "L2"]
        environment = {**os.environ, "TERM": "linux", "NO_COLOR": "1"}
        self.child = pexpect.spawn(sys.executable, arguments, env=environment, dimensions=(24, 80))
        self.child.delaybeforesend = None
        self.until(PASSED)

    def until(self, pattern: str) -> float:
        """Read the terminal until its screen shows something; return the time."""
        while not re.search(pattern, "\n".join(self.screen.display)):
            self.stream.feed(self.child.read_nonblocking(65536, timeout=60))
        return time.perf_counter()

    def save(self, text: str, *expected: str) -> list[float]:
        """Save a kernel; return the milliseconds until each of some texts was on the screen."""
        time.sleep(0.1)  # as a person, who does not save while the last result is being drawn
        other = self.lab / "saved"
        other.write_text(text)
        began = time.perf_counter()
        other.replace(self.lab / "kernel.py")
        return [(self.until(pattern) - began) * 1000 for pattern in expected]


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    good = kernel()
    bad = good.replace(*MISTAKE)
    assert bad != good and ZEROS in good
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lab = pathlib.Path(folder, "labs", LAB)
        shutil.copytree(ROOT / "labs" / LAB, lab, ignore=shutil.ignore_patterns("hidden"))
        for name in ("reference", "quizzes"):
            pathlib.Path(folder, name).symlink_to(ROOT / name)
        bare = [sys.executable, "benchmarks/bare.py", str(lab), "reference/copy_on_write.py", "CopyOnWriteKernel"]
        cold = [sys.executable, "-I", "-m", "grader", "run", str(lab), "--isolation", "L2", "-q"]
        (lab / "kernel.py").write_text(good)
        watched = Watched(lab)
        for run in range(runs + 1):
            first, whole = watched.save(bad, SHOWN, FAILED)
            turn = {"failure shown": first, "whole verdict (failing)": whole, "cold grader run (failing)": timed(cold)}
            turn["whole verdict (passing)"] = watched.save(good, PASSED)[0]
            turn |= {"cold grader run (passing)": timed(cold), "bare limit": timed(bare)}
            watched.save(bad, FAILED)
            turn["whole verdict (all answers new)"] = watched.save(good.replace(ZEROS, ZEROS * (run + 2)), PASSED)[0]
            for row, value in turn.items() if run else ():
                rows.setdefault(row, []).append(value)
        watched.child.send("q")
        watched.child.wait()
    base = statistics.median(rows["bare limit"])
    print(f"{LAB}, L2, {runs} turns after one that is not counted")
    for row, all_of_them in rows.items():
        middle = statistics.median(all_of_them)
        figures = f"min {min(all_of_them):6.1f}  median {middle:6.1f}  max {max(all_of_them):6.1f} ms"
        print(f"  {row:31} {figures}   x {middle / base:.2f}")


main()
