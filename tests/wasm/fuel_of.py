"""Print the fuel that a module uses in each scenario of a lab, as JSON. For any Python that the grader supports.

python fuel_of.py ROOT LIBRARY MODULE LAB
"""

import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])

from grader.lab.lab import load_lab
from grader.replay.simulated import replay
from grader.sandbox.inside import wasm_library
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_runtime import Program


def main(library, module, lab):
    wasm_library.load(library)
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


main(*sys.argv[2:])
