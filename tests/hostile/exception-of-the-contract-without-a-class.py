# It raises an error that the contract allows, whose class cannot be asked for.
# level: L1
# verdicts: passed failed passed

from grader.machine import OutOfMemory


class Hostile(OutOfMemory):
    @property
    def __class__(self):
        raise RuntimeError("no")


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
