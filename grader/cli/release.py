"""`grader release LAB --output DIR`: create the students' version of a lab."""

from __future__ import annotations

import argparse
import pathlib

from grader.lab.lab import load_lab
from grader.lab.lookup import find_lab
from grader.plural import number_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("--output", metavar="DIR", required=True, help="new folder for the release")


def run(options: argparse.Namespace) -> int:
    from grader.batch.course_file import find_course, read_course
    from grader.publish.release import release

    lab = load_lab(find_lab(options.lab))
    folder = pathlib.Path(options.output)
    path = find_course(lab.path)
    files = release(lab, folder, read_course(path).hand_in if path is not None else "")
    size = sum((folder / name).stat().st_size for name in files) >> 10
    public = number_of(len(lab.scenarios), "public scenario")
    print(f"{folder}: {number_of(len(files), 'file')}, {size} KiB; {public}")
    print(
        "It contains no line of a hidden scenario, reference, misconception or model answer (every file was searched)."
    )
    if lab.quiz is not None:
        print("quiz.packed holds the quiz with its answers, to mark sheets. It is packed, not secret:")
        print("anybody who tries can read it. The course marks with its own copy.")
    print(f"Try it: make -C {folder} grade")
    return 0
