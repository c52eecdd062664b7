# It asks for memory without end, and takes no for no answer.
# level: L1
# verdicts: passed timed_out|crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        kept = []
        while True:
            try:
                kept.append(bytearray(1 << 16))
            except MemoryError:
                pass
