"""A small class that hands in, and what a batch of it leaves."""

import csv
import pathlib

from tests.labs import kernel_text

PROTECT = "parent.page_table.protect(page, kept, cow=True)"
ZERO = "self.hw.frames.zero(frame)"

#: What every batch writes that has no times in it.
COMPARED = ("results.csv", "results.json", "report.html", "report.txt")


def hand_in(folder, count=8):
    """Right ones, wrong ones, one that ends its process, an archive that is none, and two with one content."""
    folder.mkdir()
    texts = [
        kernel_text(),
        kernel_text(PROTECT, "pass"),
        kernel_text(ZERO, "pass"),
        kernel_text(ZERO, "import os; os._exit(3)"),
        "class Nothing:\n    pass\n",
    ]
    for number in range(count):
        (folder / f"student-{number:02}").mkdir()
        text = f"# {number}\n{texts[number % len(texts)]}"
        (folder / f"student-{number:02}" / "kernel.py").write_text(text)
        (folder / f"student-{number:02}" / "answers.yaml").write_text("who: writer\n")
    (folder / "twin.py").write_text(f"# 0\n{texts[0]}")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    return folder


def batch(cli, lab, submissions, output, *options):
    """Grade in one process if no number is given: a second one takes longer to start than a small class."""
    jobs = () if {"--jobs", "--cluster"} & set(options) else ("--jobs", "1")
    return cli("batch", lab, submissions, "--output", output, "--isolation", "auto", "-q", *jobs, *options)


def bytes_of(output):
    files = [
        *COMPARED,
        *(str(p.relative_to(output)) for folder in ("results", "feedback") for p in output.glob(f"{folder}/*")),
    ]
    return {name: (output / name).read_bytes() for name in sorted(files)}


def rows(output):
    with open(output / "results.csv", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def descendants(session):
    """Processes of a session that was started for a batch."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found
