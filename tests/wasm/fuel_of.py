"""Print the fuel that a module uses in each scenario of a lab, as JSON. For any Python that the grader supports.

python fuel_of.py ROOT PACKAGES MODULE LAB
"""

import json
import pathlib
import sys

sys.path[:0] = sys.argv[1:3]

from grader.lab.lab import load_lab  # noqa: E402
from grader.replay.simulated import replay  # noqa: E402
from grader.sandbox.inside.wasm_kernel import WasmKernel  # noqa: E402
from grader.sandbox.inside.wasm_runtime import Program  # noqa: E402


def main(module, lab):
    program = Program(pathlib.Path(module).read_bytes())
    used = {}
    for scenario in load_lab(pathlib.Path(lab)).all_scenarios:
        kernels = []
        replay(
            scenario if scenario.each is None else scenario.at_failure_point(0),
            lambda hw, made=kernels: made.append(WasmKernel(hw, program)) or made[-1],
        )
        used[scenario.id] = kernels[0].instance.used
    print(json.dumps({"python": sys.version.split()[0], "used": used}))


main(*sys.argv[3:])
