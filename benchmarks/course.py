"""What a course's lists add to a batch: roster, late policy, overrides and gradebook, next to a plain batch.

python benchmarks/course.py [--count 300] [--lab copy-on-write] [--runs 3] [--isolation L2]

Both sides grade the same Moodle download from scratch, in turn, on a copy of the lab without a course.yaml and on one
with it. Processor time is that of all processes. Similarity is part of every batch, so its share is measured apart: the
comparison of the kernels in the finished store, in this process.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import students
from batch import ROOT, Cost, adopt_orphans, cost

DUE = datetime.datetime(2026, 11, 20, 23, 59)

#: Every so many students hand in late, have an override, or an extension.
LATE, OVERRIDDEN, EXTENDED = 5, 15, 50


def make(folder: pathlib.Path, count: int, lab: str) -> None:
    """Write a Moodle download of a class, its worksheet, a roster and overrides."""
    students.make(folder / "made", count, lab, honest=True)
    worksheet, roster = [WORKSHEET], [["Full name", "Email address", "ID number", "Username"]]
    for number, path in enumerate(sorted((folder / "made").iterdir())):
        name, email, own = f"Student No {number}", f"s{number}@x.org", f"{number:05}"
        place = folder / "download" / f"{name}_{70_000 + number}_assignsubmission_file_"
        place.mkdir(parents=True)
        shutil.move(path, place / ("kernel.py" if path.suffix == ".py" else path.name))
        late = datetime.timedelta(hours=30 if number % LATE == 0 else -30)
        handed_in = f"{DUE + late:%A, %d %B %Y, %I:%M %p}"
        worksheet.append([f"Participant {70_000 + number}", name, email, "", "100", handed_in, "-", ""])
        roster.append([name, email, own, f"s{number}"])
    overrides = [["student", "task or scenario", "points", "comment"]]
    overrides += [[f"{n:05}", "total", "77", "decided by hand"] for n in range(0, count, OVERRIDDEN)]
    for name, rows in (("worksheet", worksheet), ("roster", roster), ("overrides", overrides)):
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


WORKSHEET = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (submission)"]
WORKSHEET += ["Last modified (grade)", "Feedback comments"]


def copy_labs(folder: pathlib.Path, lab: str, count: int, course: bool) -> pathlib.Path:
    """Copy what the lab needs; return its folder, with a course.yaml one folder up or without."""
    for part in ("labs", "quizzes", "reference"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    if course:
        extensions = ", ".join(f"s{number}@x.org: 2" for number in range(0, count, EXTENDED))
        (folder / "labs" / "course.yaml").write_text(
            "format: 1\nroster: roster.csv\nlanguage: de\n"
            f"late: {{due: {{{lab}: '{DUE:%Y-%m-%dT%H:%M}+01:00'}}, zone: Europe/Berlin, per_day: 10, cap: 50, "
            f"extensions: {{{extensions}}}}}\n"
        )
        shutil.copy(folder.parent / "roster.csv", folder / "labs" / "roster.csv")
    return folder / "labs" / lab


def grade(lab: pathlib.Path, folder: pathlib.Path, isolation: str, options: list[str]) -> Cost:
    """Return the cost of a batch from scratch."""
    output = lab.parent.parent / "out"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-I", "-m", "grader", "batch", str(lab), str(folder / "download"), "-q"]
    return cost([*command, "--output", str(output), "--isolation", isolation, *options])


def check(output: pathlib.Path, count: int) -> str:
    """Return how many students the lists concerned. AssertionError if one was overlooked."""
    with open(output / "results.csv", newline="", encoding="utf-8") as file:
        notes = [row["note"] for row in csv.DictReader(file)]
    with open(output / "moodle-worksheet.csv", newline="", encoding="utf-8") as file:
        filled = sum(bool(row["Grade"]) for row in csv.DictReader(file))
    late, overridden = (sum(word in note for note in notes) for word in ("days late", "by the course"))
    extended = sum("extension of 2 days" in note for note in notes)
    assert len(notes) == filled == count, (len(notes), filled)
    assert (overridden, extended) == (-(-count // OVERRIDDEN), -(-count // EXTENDED)), (overridden, extended)
    return f"{filled} rows filled, {late} with points taken off, {overridden} overrides, {extended} extensions"


def similarity(lab: pathlib.Path, output: pathlib.Path) -> float:
    """Return the seconds of processor time that comparing the kernels of a store takes."""
    from grader.batch.grading import open_course
    from grader.batch.similar import compare_kernels
    from grader.batch.store import Store
    from grader.lab.lab import load_lab

    opened = open_course(load_lab(lab), "auto")
    with Store(output) as store:
        began = time.process_time()
        compare_kernels(opened, store)
        return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--isolation", default="L2")
    options = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make(folder, options.count, options.lab)
        plain = copy_labs(folder / "plain", options.lab, options.count, course=False)
        whole = copy_labs(folder / "whole", options.lab, options.count, course=True)
        lists = ["--overrides", str(folder / "overrides.csv"), "--gradebook", str(folder / "worksheet.csv")]
        ratios = []
        for _ in range(options.runs):
            one = grade(plain, folder, options.isolation, []), grade(whole, folder, options.isolation, lists)
            ratios.append(one[1].processor / one[0].processor)
            each = [f"{1000 * side.processor / options.count:.1f}" for side in one]
            print(
                f"  plain {each[0]} ms of processor a submission, with lists {each[1]}: x {ratios[-1]:.3f}", flush=True
            )
        print(f"median x {statistics.median(ratios):.3f} with {options.count} submissions, labs/{options.lab}")
        print(f"  {check(folder / 'whole' / 'out', options.count)}")
        alike = similarity(whole, folder / "whole" / "out")
        print(f"  similarity takes {1000 * alike / options.count:.1f} ms of it a submission")


if __name__ == "__main__":
    main()
