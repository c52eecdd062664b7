"""`grader record LAB`: write reference outputs and pictures again, and print what changed."""

from __future__ import annotations

import argparse

from grader.authoring.record import record, record_host
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.lookup import find_lab
from grader.lab.mistakes import misconceptions
from grader.plural import number_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument(
        "--host", action="store_true", help="also record what this machine's kernel does in scenarios with its profile"
    )


def run(options: argparse.Namespace) -> int:
    lab = load_lab(find_lab(options.lab))
    changes = record(lab, reference_kernel(lab))
    for change in changes:
        print(change)
    total = len(lab.all_scenarios)
    print(f"{lab.name}: {len(changes)} changed; {number_of(total, 'scenario')} in {lab.outputs}")
    if lab.pictures or (lab.path / "pictures").is_dir():
        from grader.view.handout import draw_pictures

        for change in (drawn := draw_pictures(lab)):
            print(change)
        print(f"{lab.name}: {len(drawn)} of {number_of(len(lab.pictures), 'picture')} changed")
    if options.host:
        from grader.authoring.host import runs_on_host

        for change in (noted := record_host(lab, runs_on_host(lab))):
            print(change)
        print(f"{lab.name}: {number_of(len(noted), 'run')} on this machine's kernel changed")
    from grader.authoring.misconceptions import record_fingerprints

    if misconceptions(lab):
        print(f"{lab.name}: misconception fingerprints {_state(record_fingerprints(lab))}")
    if lab.quiz is not None:
        from grader.quiz.record import record_keys

        print(f"{lab.name}: quiz keys {_state(record_keys(lab))}")
    return 0


def _state(changed: bool) -> str:
    return "changed" if changed else "unchanged"
