# A loop without end, in Python.
# level: L1
# verdicts: passed timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        while True:
            pass
