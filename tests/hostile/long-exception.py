# It raises an exception with a message as large as its memory.
# level: L1
# verdicts: passed crashed|timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        raise RuntimeError("x" * (100 << 20))
