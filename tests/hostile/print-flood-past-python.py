# It writes to every descriptor that might be its output, without end.
# level: L1
# verdicts: passed timed_out|tampered|crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            for descriptor in (1, 2):
                os.write(descriptor, b"x" * 65536)
