# It loops while the worker describes its exception.
# level: L1
# verdicts: passed timed_out passed

class Trap(Exception):
    def __str__(self):
        while True:
            pass


class Attack(Honest):
    def strike(self, parent, child):
        raise Trap
