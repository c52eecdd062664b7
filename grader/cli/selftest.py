"""`grader selftest`: attack this machine's sandbox, and report which attacks were contained."""

from __future__ import annotations

import argparse
import os
import sys

from grader.cli import add_isolation


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="*", metavar="PATTERN", help="run only attacks whose name matches this glob")
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="show only attacks that were not contained, and the summary"
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    from grader.authoring.selftest import Outcome, Selftest, read_attacks, run_selftest

    attacks = read_attacks(pattern=options.only)

    def tell(outcome: Outcome) -> None:
        for line in _lines(outcome, options.quiet):
            print(line, flush=True)

    with Selftest(options.isolation) as selftest:
        isolation = selftest.session.isolation
        outcomes = run_selftest(selftest, attacks, tell)
    escaped = [o for o in outcomes if o.wrong]
    skipped = [o for o in outcomes if o.skipped]
    tried = len(outcomes) - len(skipped)
    user = "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "an ordinary user"
    held = f"{tried - len(escaped)} of {tried} attacks contained"
    print(f"{held} at {isolation['got']}, as {user}; {len(skipped)} skipped")
    for layer, reason in isolation["missing"].items():
        print(f"  missing: {layer} ({reason})")
    if escaped:
        print("The sandbox of this machine is not safe: do not grade untrusted kernels here.", file=sys.stderr)
    return 1 if escaped or not tried else 0


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
