"""How many runs a kernel needs to carry hidden scenarios out through what students learn about them.

python benchmarks/hidden_price.py

A scenario's information is estimated as its size when compressed, without comments, title and hint, by someone who
knows all public scenarios of the lab. A kernel that keeps nothing from one scenario to the next can only use the
outcome of the scenario's own task; one that does keep something can use those of all tasks. Neither time nor the
grader's own faults are counted.
"""

from __future__ import annotations

import math
import pathlib
import re
import statistics
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader.lab.lab import load_lab  # noqa: E402

#: hidden_feedback -> bits that one task carries in one run (grader/grade/hidden.py counts the outcomes)
BITS = {"passed": math.log2(2), "rule": math.log2(3), "points": math.log2(5)}

#: Fields that a kernel never sees, and comments.
_UNSEEN = re.compile(r"(?m)^(title|hint|format|weight):.*\n|#.*")

#: What deflate can look back on.
_WINDOW = 32_768


def bits(path: pathlib.Path, known: bytes) -> int:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, known[-_WINDOW:])
    return 8 * len(compressor.compress(seen(path)) + compressor.flush())


def seen(path: pathlib.Path) -> bytes:
    return _UNSEEN.sub("", path.read_text(encoding="utf-8")).encode()


def main() -> None:
    print(f"{'':16}{'':9}{'one scenario':^18}  {'all scenarios':^18}")
    print(f"{'lab':16}{'':9}{'own task':>9}{'all tasks':>9}  {'own task':>9}{'all tasks':>9}")
    for file in sorted(ROOT.glob("labs/*/lab.yaml")):
        lab = load_lab(file.parent)
        known = b"".join(seen(file.parent / "scenarios" / f"{s.id}.yaml") for s in lab.scenarios)
        sizes = [(s.task, bits(file.parent / "hidden" / f"{s.id}.yaml", known)) for s in lab.hidden]
        by_task = {task: sum(size for other, size in sizes if other == task) for task, _ in sizes}
        one, whole = statistics.median(size for _, size in sizes), sum(by_task.values())
        amounts = (one, one / len(by_task), max(by_task.values()), whole / len(by_task))
        for kind, carried in BITS.items():
            runs = [math.ceil(amount / carried) for amount in amounts]
            print(f"{lab.name:16}{kind:9}{runs[0]:9}{runs[1]:9}  {runs[2]:9}{runs[3]:9}")


if __name__ == "__main__":
    main()
