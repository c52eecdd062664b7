# It prints without end.
# level: L1
# verdicts: passed timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        while True:
            print("all tests passed " * 1000)
