# It patches the worker's machine, so that nothing faults and nothing is copied.
# level: L1
# verdicts: passed tampered|failed|crashed passed

import sys


class Attack(Honest):
    def strike(self, parent, child):
        machine = sys.modules["grader.machine.machine"].Machine
        machine.access = lambda *arguments: "ok"
        frames = type(self.hw.frames)
        frames.copy = lambda *arguments, **named: None
