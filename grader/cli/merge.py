"""`grader merge LAB DIR… --output DIR`: combine the shards of a batch."""

from __future__ import annotations

import argparse
import pathlib
import sys

from grader.cli import add_isolation
from grader.cli.batch import add_output, course_lists, tell
from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.lab.lookup import find_lab


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help="the lab's folder")
    parser.add_argument("shards", nargs="+", metavar="DIR", help="the --output folder of each shard")
    add_output(parser)
    add_isolation(parser)
    parser.set_defaults(isolation="require")


def run(options: argparse.Namespace) -> int:
    from grader.batch import StoreError, merge_batches

    lab = load_lab(find_lab(options.lab))
    lists = course_lists(options, lab)
    try:
        folders = [pathlib.Path(folder) for folder in options.shards]
        outcome = merge_batches(lab, folders, pathlib.Path(options.output), options.isolation, lists)
    except StoreError as error:
        raise InputError([str(error)]) from None
    if outcome.missing_parts:
        print(
            f"grader: shards {', '.join(outcome.missing_parts)} are missing, so these results are incomplete",
            file=sys.stderr,
        )
    return tell(outcome, options) or int(bool(outcome.missing_parts))
