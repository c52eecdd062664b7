"""Finds out what the words of a command line mean: a lab, a kernel's file, a scenario."""

from __future__ import annotations

import argparse
import pathlib

from grader.errors import InputError


def add_lab_and_kernel(parser: argparse.ArgumentParser) -> None:
    """Add LAB and KERNEL, both optional; `lab_and_submission` says what they mean."""
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("kernel", nargs="?", metavar="KERNEL", help="a kernel's file, as with --submission")


def lab_and_submission(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Return the lab and the submission, None where nothing was given.

    `run labs/x/kernel.py` means the lab in whose folder the file is, and `run kernel.py` inside a lab means that
    lab. InputError if a kernel is given twice.
    """
    lab, kernel = options.lab, options.kernel
    if kernel is None and lab is not None and is_kernel(lab):
        lab, kernel = _lab_of(pathlib.Path(lab)), lab
    if kernel is None:
        return lab, options.submission
    if options.submission is not None:
        raise InputError([f"{kernel} and --submission {options.submission}: give one of them"])
    return lab, kernel


def add_lab_and_scenario(parser: argparse.ArgumentParser, scenario: str) -> None:
    """Add LAB and SCENARIO, whose help is given, both optional; `lab_and_scenario` says what they mean."""
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder; optional inside it")
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help=scenario)


def lab_and_scenario(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Return the lab and the scenario, None where nothing was given.

    Inside a lab's folder, a single word that names no lab is a scenario of the lab here.
    """
    lab, scenario = options.lab, options.scenario
    if lab is None or scenario is not None or not pathlib.Path("lab.yaml").is_file():
        return lab, scenario
    from grader.lab.lookup import find_lab

    try:
        find_lab(lab)
    except InputError:
        return None, lab
    return lab, None


def likely_language(submission: str | None, lab: str | None) -> str:
    """Return the language that a kernel is probably in, by the names of files alone: `python` or `c`.

    It only decides which sandbox is started while the lab is read; `intake` decides what is graded.
    """
    path = pathlib.Path(submission or lab or ".")
    in_c = path.name.endswith(".c") or ((path / "kernel.c").is_file() and not (path / "kernel.py").is_file())
    return "c" if in_c else "python"


def is_kernel(word: str) -> bool:
    """Return True for a file that is not a lab.yaml."""
    path = pathlib.Path(word)
    return path.is_file() and path.name != "lab.yaml"


def _lab_of(kernel: pathlib.Path) -> str | None:
    return str(kernel.parent) if (kernel.parent / "lab.yaml").is_file() else None
