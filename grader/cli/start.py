"""`grader start LAB`: make a working folder."""

from __future__ import annotations

import argparse
import pathlib


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help="a lab's name, or its folder")
    parser.add_argument(
        "--from", dest="older", metavar="DIR", help="begin with this kernel of an earlier lab (its folder or its file)"
    )
    parser.add_argument(
        "--language", choices=("python", "c"), default="python", help="what you write the kernel in (default: python)"
    )
    parser.add_argument("--output", metavar="DIR", help="the working folder (default: one of the lab's name, here)")


def run(options: argparse.Namespace) -> int:
    from grader.plural import number_of
    from grader.program import command
    from grader.publish.start import find_source, start

    source = find_source(options.lab)
    folder = pathlib.Path(options.output or source.resolve().name)
    older = pathlib.Path(options.older) if options.older else None
    lab = start(source, folder, options.language, older)
    kernel = "kernel.py" if options.language == "python" else "kernel.c"
    print(f"{folder}: {lab.title}, {number_of(len(lab.scenarios), 'public scenario')}")
    print(f"  1. read {folder / 'README.md'}")
    print(f"  2. write {folder / kernel}" + (" (your older kernel is in it)" if older is not None else ""))
    print(f"  3. {command('watch', folder)}")
    return 0
