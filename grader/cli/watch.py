"""`grader watch LAB`: grade on every save."""

from __future__ import annotations

import argparse

from grader.cli import add_isolation
from grader.cli.given import add_lab_and_kernel, lab_and_submission, likely_language
from grader.grade.boxes import started


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_kernel(parser)
    parser.add_argument(
        "--submission",
        metavar="WHAT",
        help="watch this folder or kernel file (default: the lab's folder itself)",
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    options.lab, options.submission = lab_and_submission(options)
    # First of all: it warms up while the rest is imported.
    boxes = started(options.isolation, likely_language(options.submission, options.lab))
    import os
    import sys

    from grader.grade.answer_cache import AnswerCache
    from grader.grade.session import open_session
    from grader.watch.loop import watch_lines, watch_screen

    with open_session(options.lab, options.isolation, boxes) as session:
        # A save changes few answers; what was judged with the same ones before is not re-enacted.
        session.answers = AnswerCache(with_records=True)
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            watch_screen(session, options.submission)
        else:
            watch_lines(session, options.submission)
    return 0
