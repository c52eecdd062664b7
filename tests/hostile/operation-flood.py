# It takes and frees a frame without end: honest operations, too many of them.
# level: L1
# verdicts: passed timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        while True:
            self.hw.frames.free(self.hw.frames.allocate())
