"""The bare limit: a plain process imports a kernel, reads a lab's scenarios and replays them. No worker, no judge.

python benchmarks/bare.py labs/copy-on-write reference/copy_on_write.py CopyOnWriteKernel [--hidden]
"""

import gc
import pathlib
import sys

gc.disable()
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from importlib import import_module  # noqa: E402

from grader.replay.simulated import replay  # noqa: E402
from grader.scenario.loader import load_scenario  # noqa: E402


def main() -> None:
    lab, kernel, name = sys.argv[1:4]
    folders = ["scenarios", "hidden"] if "--hidden" in sys.argv else ["scenarios"]
    path = pathlib.Path(kernel)
    make = getattr(import_module(f"{path.parent.name}.{path.stem}"), name)
    for folder in folders:
        for file in sorted(pathlib.Path(lab, folder).glob("*.yaml")):
            scenario = load_scenario(file)
            point = 0 if scenario.each is not None else None
            replay(scenario if point is None else scenario.at_failure_point(point), make)


main()
