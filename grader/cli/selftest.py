"""`grader selftest`: attack this machine's sandbox, and report which attacks were contained."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from grader.cli import add_isolation

if TYPE_CHECKING:
    from grader.authoring.attacks import Attack


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="*", metavar="PATTERN", help="run only attacks whose name matches this glob")
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="show only attacks that were not contained, and the summary"
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    from grader.authoring.attacks import read_attacks, without_c
    from grader.sandbox.isolation import WASM

    attacks = read_attacks(pattern=options.only)
    held = _run(options.isolation, attacks, options.quiet)
    in_c = [attack for attack in attacks if attack.language != "python"]
    if options.isolation in ("auto", "require") and in_c and not without_c():
        # Above, the system's walls stood around WebAssembly: now it has to hold alone.
        held = _run(WASM, in_c, options.quiet) and held
    if not held:
        print("The sandbox of this machine is not safe: do not grade untrusted kernels here.", file=sys.stderr)
    return 0 if held else 1


def _run(wanted: str, attacks: list[Attack], quiet: bool) -> bool:
    """Run attacks at a level, print what came of them, and return True if all that could be tried were contained."""
    from grader.authoring.selftest import Outcome, Selftest, run_selftest

    def tell(outcome: Outcome) -> None:
        for line in _lines(outcome, quiet):
            print(line, flush=True)

    with Selftest(wanted) as selftest:
        levels, missing = selftest.levels, selftest.session.isolation["missing"]
        outcomes = run_selftest(selftest, attacks, tell)
    escaped = [o for o in outcomes if o.wrong]
    skipped = [o for o in outcomes if o.skipped]
    tried = len(outcomes) - len(skipped)
    user = "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "an ordinary user"
    level = " and ".join(dict.fromkeys(levels.values()))
    alone = " (kernels in C, by WebAssembly alone)" if level == "W" else ""
    print(f"{tried - len(escaped)} of {tried} attacks contained at {level}{alone}, as {user}; {len(skipped)} skipped")
    for layer, reason in missing.items():
        print(f"  missing: {layer} ({reason})")
    return bool(tried) and not escaped


def _lines(outcome: object, quiet: bool) -> list[str]:
    from grader.authoring.selftest import Outcome
    from grader.escape import printable

    assert isinstance(outcome, Outcome)
    if outcome.skipped:
        return [] if quiet else [f"  -    {outcome.attack.name:32} {outcome.skipped}"]
    if not outcome.wrong:
        return [] if quiet else [f"  ok   {outcome.attack.name:32} {', '.join(outcome.verdicts)}"]
    lines = [f"  FAIL {outcome.attack.name:32} {printable(outcome.attack.about)}"]
    return lines + [f"       {printable(wrong)}" for wrong in outcome.wrong]
