"""`grader run LAB`: grade one submission.

This module imports little. The sandbox is started first, and warms up while the rest (grading.py) is imported.
"""

from __future__ import annotations

import argparse
import gc

from grader.cli import add_isolation
from grader.cli.given import add_lab_and_kernel, lab_and_submission, likely_language
from grader.grade.boxes import started
from grader.report import FORMATS


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_kernel(parser)
    parser.add_argument(
        "--submission",
        metavar="WHAT",
        help="a folder, a kernel file, an archive, `reference`, or "
        "misconception:NAME (default: the lab's folder itself)",
    )
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        help="run only scenarios whose name matches this glob, or those of one task",
    )
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="report format (default: text)")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write the report to FILE instead of standard output; with --format html, to a folder, together with a "
        "page to step through for each failing public scenario",
    )
    parser.add_argument(
        "--audience", choices=("student", "staff"), default="student", help="staff reports include hidden scenarios"
    )
    parser.add_argument(
        "--twins",
        action="store_true",
        help="also run disguised twins of the public scenarios (implied by --audience staff)",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="also look for a difference in every short scenario of small worlds (see `grader verify`; takes a "
        "minute, changes no points)",
    )
    add_isolation(parser)
    parser.add_argument(
        "--debug",
        action="store_true",
        help="run the kernel in this process, without the sandbox, so that breakpoint() works; "
        "use it only for a kernel that you wrote yourself",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show every failure in full")
    parser.add_argument("-q", "--quiet", action="store_true", help="show only the summary")


def run(options: argparse.Namespace) -> int:
    # A run lives for a moment: collecting garbage in between would only cost time.
    gc.disable()
    options.lab, options.submission = lab_and_submission(options)
    given = options.submission
    unconfined = options.debug or (given or "").startswith("misconception:")
    boxes = started(options.isolation, "" if unconfined else likely_language(given, options.lab))
    from grader.cli.grading import grade

    return grade(options, boxes)
