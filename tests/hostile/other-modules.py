# It imports the reference, the labs and the grader itself, with the path put right.
# level: L2
# verdicts: passed passed passed

import importlib
import os
import sys


class Attack(Honest):
    def strike(self, parent, child):
        for path in (".", "/", "/srv", os.path.dirname(sys.modules["grader"].__path__[0])):
            sys.path.insert(0, path)
        for name in ("reference.copy_on_write", "grader.grade", "grader.lab.recordings", "tests.kernels"):
            try:
                importlib.import_module(name)
                print("ESCAPED: imported", name)
            except (ImportError, OSError):
                pass
