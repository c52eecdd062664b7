# A loop that catches whatever is thrown into it, the end of the program included.
# level: L1
# verdicts: passed timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        while True:
            try:
                while True:
                    raise SystemExit
            except BaseException:
                pass
