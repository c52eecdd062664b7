"""How long a student waits for a kernel that loops, sleeps, prints or fills its memory without end.

"loops late" is a loop that only the largest scenario of a lab meets.

python benchmarks/broken.py [--labs copy-on-write,demand-paging] [--methods fork,page_fault,exit] [--isolation auto]

The model answer with one method replaced is graded as `grader run` grades it. Prints for each the seconds by the clock
and of processor time, how many times as long as the model answer it takes, what the kernel still earns, and how often
each verdict was given. Nobody should wait longer than 6 s on a quiet machine.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

#: What the broken method does instead of its work.
BROKEN = {
    "loops": "while True: pass",
    "loops late": "while len(arguments[0].page_table.pages()) > 300: pass\n        return super().{method}(*arguments)",
    "sleeps": "import time; time.sleep(1000)",
    "prints": "while True: print('a line of text without an end')",
    "large objects": "self.hoard = [bytearray(1 << 20) for _ in range(10_000)]",
    "small objects": "self.hoard = []\n        while True: self.hoard.append(object())",
    "recursion": "{method}_ = self.{method}(*arguments)",
}


def kernel(lab: str, method: str, body: str) -> str:
    """Return the model answer as one file, with one method broken."""
    from students import right

    from grader.lab.kernels import reference_kernel
    from grader.lab.lab import load_lab

    name = reference_kernel(load_lab(ROOT / "labs" / lab)).__name__
    told = body.replace("{method}", method)
    broken = f"class {name}(Reference):\n    def {method}(self, *arguments):\n        {told}\n"
    return f"{right(lab)}\n\nReference = {name}\n\n\n{broken}"


def grade(lab: str, submission: pathlib.Path, isolation: str) -> tuple[float, float, dict[str, object]]:
    """Return the seconds by the clock, those of processor time, and the result for staff."""
    command = [sys.executable, "-I", "-m", "grader", "run", str(ROOT / "labs" / lab), "--submission", str(submission)]
    command += ["--isolation", isolation, "--format", "json", "--audience", "staff"]
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    passed, after = time.perf_counter() - began, os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return passed, worked, json.loads(done.stdout)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labs", default="copy-on-write,demand-paging")
    parser.add_argument("--methods", default="fork,page_fault,munmap,exit")
    parser.add_argument("--isolation", default="auto")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "kernel.py")
        for lab in given.labs.split(","):
            path.write_text(kernel(lab, "unused", "pass"), encoding="utf-8")
            passed, worked, result = grade(lab, path, given.isolation)
            print(f"{lab}: the model answer {passed:.2f} s, {worked:.2f} s of processor time")
            usual = passed
            for method in given.methods.split(","):
                for name, body in BROKEN.items():
                    path.write_text(kernel(lab, method, body), encoding="utf-8")
                    passed, worked, result = grade(lab, path, given.isolation)
                    verdicts = collections.Counter(one["verdict"] for one in result["scenarios"])
                    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
                    figures = (
                        f"{passed:5.2f} s  {worked:5.2f} s  x {passed / usual:4.1f}  {result['points']:5.2f} points"
                    )
                    print(f"  {method:12} {name:14} {figures}  {told}", flush=True)


if __name__ == "__main__":
    main()
