# It asks for memory without end.
# level: L1
# verdicts: passed crashed|timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
