"""How a batch grows with the class: processor time and memory of its main process, at the first run and at reruns.

python benchmarks/scale.py [--counts 100 1000 10000] [--lab copy-on-write] [--runs 5] [--regrade 1000] [--page FILE]

A kernel is graded by itself, in a worker, so that grading n kernels takes n times as long as one (batch.py measures
that). What could grow otherwise is the rest: reading the submissions, the store, results, feedback, reports, and the
comparison of all kernels. To measure this for thousands, one kernel of each kind is graded here. The others differ from
one of these in a comment only, and are entered into the store as if they had been graded with the same outcome.

    first    every result, feedback and report is made, nothing is remembered
    rerun    nothing is new since the run before
    forgot   nothing is new, but what the batch remembered is gone
    regrade  one hidden scenario was edited: every kernel is run on this one, and every result is made (up to --regrade)

--page writes the figures as a page with plots.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batch import adopt_orphans  # noqa: E402


class Cost(NamedTuple):
    """Seconds of the main process's processor time, the same with its children, and its memory at most, in MB."""

    main: float
    all: float
    memory: float


class Bench:
    """A folder with copies of the labs, classes and outputs, and a cache of its own."""

    def __init__(self, folder: pathlib.Path, lab: str) -> None:
        self.folder = folder
        for part in ("labs", "quizzes", "reference"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        self.lab = folder / "labs" / lab
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}

    def batch(self, submissions: pathlib.Path, output: pathlib.Path) -> Cost:
        """Return the cost of `grader batch`."""
        command = ["batch", str(self.lab), str(submissions), "--output", str(output), "-q"]
        return self.run(command)

    def run(self, command: list[str]) -> Cost:
        """Run the program. CalledProcessError if its status is not 0."""
        line = [sys.executable, "-I", "-m", "grader", *command]
        before = _used()
        running = subprocess.Popen(line, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        while True:  # what it left is this program's to wait for
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        if running.returncode:
            raise subprocess.CalledProcessError(running.returncode, line)
        return Cost(usage.ru_utime + usage.ru_stime, _used() - before, usage.ru_maxrss / 1024)

    def forget(self) -> None:
        """Remove what batches remember."""
        shutil.rmtree(self.folder / "cache" / "forklab" / "batches", ignore_errors=True)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seed_store(bench: Bench, submissions: pathlib.Path, output: pathlib.Path) -> None:
    """Grade one kernel of each kind, and enter the others into the store with the same outcome."""
    from grader.batch import read_submissions
    from grader.batch.store import Store
    from grader.lab.lab import load_lab

    kinds: dict[str, str] = {}
    few, lab = output.with_name(f"{output.name}-kinds"), load_lab(bench.lab)
    few.mkdir()
    for source in read_submissions(lab, submissions):
        kind = source.kernel.partition("\n")[2]
        if kind not in kinds:
            kinds[kind] = source.code_digest
            (few / f"kind-{len(kinds)}.py").write_text(source.kernel, encoding="utf-8")
    bench.batch(few, output)
    with Store(output) as store:
        outcomes: dict[str, list] = {}  # type: ignore[type-arg]
        for key, kept in store.all_attempts():
            outcomes.setdefault(key.kernel, []).append((key, kept))
        for source in read_submissions(lab, submissions):
            outcome = outcomes[kinds[source.kernel.partition("\n")[2]]]
            store.replace((key._replace(kernel=source.code_digest), kept) for key, kept in outcome)
    shutil.rmtree(few)


def edit_hidden(bench: Bench) -> Callable[[], None]:
    """Edit the title of a hidden scenario and record it; return what puts it back."""
    path = sorted((bench.lab / "hidden").glob("*.yaml"))[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("title: ", "title: Again, ", 1), encoding="utf-8")
    bench.run(["record", str(bench.lab)])

    def put_back() -> None:
        path.write_text(text, encoding="utf-8")
        bench.run(["record", str(bench.lab)])

    return put_back


def measure(bench: Bench, count: int, runs: int, regrade: int) -> Iterator[tuple[str, list[Cost]]]:
    """Yield the costs of each kind of run with a class of `count`."""
    import students

    submissions, output = bench.folder / f"class-{count}", bench.folder / f"out-{count}"
    students.make(submissions, count, bench.lab.name, honest=True)
    seed_store(bench, submissions, output)
    bench.forget()
    yield "first", [bench.batch(submissions, output)]
    rerun, forgot = [], []
    for _ in range(runs):
        rerun.append(bench.batch(submissions, output))
    for _ in range(min(runs, 2)):
        bench.forget()
        forgot.append(bench.batch(submissions, output))
    yield "rerun", rerun
    yield "forgot", forgot
    if count <= regrade:
        put_back = edit_hidden(bench)
        yield "regrade", [bench.batch(submissions, output)]
        put_back()
    shutil.rmtree(output)
    shutil.rmtree(submissions)


def told(count: int, kind: str, costs: list[Cost]) -> str:
    """Return a line: minimum, median and maximum."""
    own = [cost.main for cost in costs]
    low, middle, high = min(own), statistics.median(own), max(own)
    memory = max(cost.memory for cost in costs)
    rest = statistics.median(cost.all for cost in costs) - middle
    line = f"{count:6} {kind:8} {low:7.2f} {middle:7.2f} {high:7.2f} s, {1000 * middle / count:6.2f} ms each"
    workers = f", {1000 * rest / count:.1f} ms each in workers" if rest > 0.2 else ""
    return f"{line}, {memory:4.0f} MB at most{workers}"


def page(rows: dict[tuple[int, str], list[Cost]]) -> str:
    """Return the figures as an HTML document with plots."""
    from grader.report.page import page as html_page
    from grader.view.chart import columns

    parts = ["<h1>How a batch grows with the class</h1>"]
    for title, value in (
        ("Processor time for a submission in the main process, in microseconds", lambda n, c: 1e6 * c.main / n),
        ("Memory of the main process at most, in MB", lambda n, c: c.memory),
    ):
        for kind in ("first", "rerun"):
            points = [
                (str(count), round(statistics.median(value(count, cost) for cost in costs)))
                for (count, name), costs in rows.items()
                if name == kind
            ]
            parts.append(f"<section><h2>{title}: {kind}</h2>{columns(title, points)}</section>")
    lines = "\n".join(told(count, kind, costs) for (count, kind), costs in rows.items())
    body = "\n".join([*parts, f"<pre>{lines}</pre>"])
    return html_page("How a batch grows with the class", body, "section svg { max-width: 16rem; }")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--regrade", type=int, default=1000)
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    adopt_orphans()
    rows: dict[tuple[int, str], list[Cost]] = {}
    print("submissions      minimum, median and maximum of the main process's processor time")
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(pathlib.Path(temporary), options.lab)
        for count in options.counts:
            for kind, costs in measure(bench, count, options.runs, options.regrade):
                rows[count, kind] = costs
                print(told(count, kind, costs), flush=True)
    for kind in ("rerun", "first"):
        each = {count: statistics.median(c.main for c in rows[count, kind]) / count for count in options.counts}
        small, large = options.counts[0], options.counts[-1]
        print(f"{kind}: a submission of {large} costs x {each[large] / each[small]:.2f} of one of {small}")
    if options.page is not None:
        options.page.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
