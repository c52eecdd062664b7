"""`grader run`, cold start to exit, against the bare limit: pairs of runs in turn, their medians and ratios.

python benchmarks/cold_start.py [--runs 15] [--lab labs/copy-on-write] [--isolation L2] [--public] [--against DIR]

The bare limit (bare.py) imports the same kernel, reads the same YAML and replays the same scenarios, hidden ones
included, in one process. `grader run` is measured on a kernel as students hand it in, one file: again without a change,
with answers that no earlier run has given (as after an edit that changes every scenario), and with an empty cache. On
the model answer it is measured without a change. `--against` measures another checkout in the same turns, such as that
of an earlier commit.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

#: Runs the grader of a checkout, whatever is installed.
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from grader.__main__ import main; sys.exit(main())"


def timed(command: list[str], cache: pathlib.Path) -> tuple[float, float]:
    """Return the milliseconds of the clock, and of all processors, that a command takes."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    for name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    passed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * passed, 1000 * used


def copied(lab: pathlib.Path, folder: pathlib.Path, public: bool) -> pathlib.Path:
    """Copy a lab, without its hidden scenarios if only public ones are wanted."""
    copy = folder / "labs" / lab.name
    shutil.copytree(lab, copy, ignore=shutil.ignore_patterns(*["hidden"] * public, ".last-run.json"))
    for name in ("reference", "quizzes"):
        (folder / name).symlink_to(ROOT / name)
    return copy


def one_file(path: pathlib.Path, seen: set[pathlib.Path]) -> str:
    """Return a model answer as one file: the modules that it builds on come first."""
    if path in seen:
        return ""
    seen.add(path)
    below = ""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        own = re.match(rf"from {path.parent.name}\.(\w+) import", line)
        if own:
            below += one_file(path.with_name(f"{own.group(1)}.py"), seen)
        elif not line.startswith("from __future__"):
            lines.append(line)
    return below + "".join(lines)


def table(rows: dict[str, list[tuple[float, float]]], base: str) -> None:
    middle = [statistics.median(run[i] for run in rows[base]) for i in (0, 1)]
    for row, runs in rows.items():
        told = []
        for i, name in enumerate(("clock", "processor")):
            times = [run[i] for run in runs]
            ratio = statistics.median(times) / middle[i]
            told.append(f"{name} {min(times):6.1f} {statistics.median(times):6.1f} {max(times):6.1f} ms x {ratio:.2f}")
        print(f"  {row:36} {'   '.join(told)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--lab", default="labs/copy-on-write")
    parser.add_argument("--kernel", default="reference/copy_on_write.py:CopyOnWriteKernel")
    parser.add_argument("--isolation", default="L2")
    parser.add_argument("--public", action="store_true", help="leave the hidden scenarios out on both sides")
    parser.add_argument("--against", metavar="DIR", help="the root of another checkout")
    options = parser.parse_args()
    file, name = options.kernel.split(":")
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        lab = copied(ROOT / options.lab, here, options.public)
        student = here / "student" / lab.name
        student.mkdir(parents=True)
        (student / "kernel.py").write_text("from __future__ import annotations\n" + one_file(ROOT / file, set()))
        sheet = ROOT / "reference" / "answers" / f"{lab.name}.yaml"
        if sheet.is_file():
            shutil.copy(sheet, student / "answers.yaml")
        hidden = [] if options.public else ["--hidden"]
        bare = [sys.executable, "benchmarks/bare.py", str(lab), file, name, *hidden]
        commands = {"bare limit": (bare, here / "none", here / "none")}
        for place, root in {"": ROOT, " (before)": options.against and pathlib.Path(options.against).resolve()}.items():
            if root:
                graded = [sys.executable, "-I", "-c", PROGRAM, str(root), "run", str(lab), "--isolation"]
                graded += [options.isolation, "-q", "--submission"]
                cache, other, empty = (here / f"{name}{place}" for name in ("cache", "other", "empty"))
                commands[f"grader run, again{place}"] = [*graded, str(student)], cache, here / "none"
                commands[f"grader run, model answer{place}"] = [*graded, "reference"], cache, here / "none"
                new = other / "forklab" / "answers"
                commands[f"grader run, all answers new{place}"] = [*graded, str(student)], other, new
                commands[f"grader run, empty cache{place}"] = [*graded, str(student)], empty, empty
        rows: dict[str, list[tuple[float, float]]] = {row: [] for row in commands}
        for turn in range(options.runs + 1):
            for row, (command, cache, forgotten) in commands.items():
                shutil.rmtree(forgotten, ignore_errors=True)
                run = timed(command, cache)
                if turn:
                    rows[row].append(run)
    print(f"{options.lab}, {options.isolation}, {options.runs} runs each in turn, after one that is not counted")
    print("minimum, median and maximum; the ratio is that of the medians")
    table(rows, "bare limit")


if __name__ == "__main__":
    main()
