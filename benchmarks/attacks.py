"""What a class of nothing but attacks costs: every hostile kernel of tests/hostile, handed in for one lab.

python benchmarks/attacks.py [--lab copy-on-write] [--jobs 2] [--isolation L2] [--slowest 10]

Prints the seconds of the batch, how often each verdict was given, and the attacks that cost the most when they are
graded one at a time by the clock. A batch of them is to end in four minutes on two processors, with no `ungradable`.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def hand_in(folder: pathlib.Path, kernel: str) -> int:
    """Write each attack as a submission whose kernel has the name that the lab asks for; return how many."""
    from grader.authoring.attacks import read_attacks

    attacks = [attack for attack in read_attacks() if attack.language == "python"]
    for attack in attacks:
        (folder / attack.name).mkdir(parents=True)
        source = f"{attack.source}\n\n{kernel} = Attack\n"
        (folder / attack.name / "kernel.py").write_text(source, encoding="utf-8", errors="surrogatepass")
    return len(attacks)


def grade(lab: str, submissions: pathlib.Path, output: pathlib.Path, jobs: int, isolation: str) -> float:
    """Grade the batch; return its seconds. CalledProcessError if it could not be graded."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "grader", "batch", str(ROOT / "labs" / lab), str(submissions)]
    command += ["--output", str(output), "--jobs", str(jobs), "--isolation", isolation]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command)
    return time.perf_counter() - began


def verdicts(output: pathlib.Path) -> collections.Counter[str]:
    """Return how often each verdict is in the results of a batch."""
    found: collections.Counter[str] = collections.Counter()
    for path in sorted((output / "results").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        found.update(scenario["verdict"] for scenario in result["scenarios"])
    return found


def slowest(lab: str, submissions: pathlib.Path, isolation: str) -> list[tuple[float, str]]:
    """Return the seconds of each attack, graded by itself, the longest first."""
    from grader.grade.session import Session
    from grader.grade.submission import resolve
    from grader.lab.lab import load_lab

    loaded = load_lab(ROOT / "labs" / lab)
    taken = []
    with Session(loaded, isolation) as session:
        session.load(loaded.all_scenarios)
        for folder in sorted(submissions.iterdir()):
            began = time.perf_counter()
            runner = session.runner(resolve(str(folder), loaded))
            session.grade(runner, loaded.scenarios, loaded.hidden)
            runner.discard()
            taken.append((time.perf_counter() - began, folder.name))
    return sorted(taken, reverse=True)


def main() -> None:
    """Measure, and print."""
    from grader.lab.lab import load_lab

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--isolation", default="L2")
    parser.add_argument(
        "--slowest", type=int, default=0, metavar="N", help="also grade each by itself; print the N worst"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        submissions = pathlib.Path(place, "submissions")
        count = hand_in(submissions, load_lab(ROOT / "labs" / args.lab).kernel.name)
        seconds = grade(args.lab, submissions, pathlib.Path(place, "output"), args.jobs, args.isolation)
        print(f"{count} attacks, {args.jobs} jobs, {args.isolation}: {seconds:.0f} s")
        for verdict, number in verdicts(pathlib.Path(place, "output")).most_common():
            print(f"  {number:6} {verdict}")
        if args.slowest:
            for took, name in slowest(args.lab, submissions, args.isolation)[: args.slowest]:
                print(f"  {took:6.1f} s  {name}")


if __name__ == "__main__":
    main()
