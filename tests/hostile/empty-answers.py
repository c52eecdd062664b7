# It writes answers of no length without end: they weigh nothing.
# level: L1
# verdicts: passed tampered|timed_out passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            for descriptor in range(3, 64):
                try:
                    os.write(descriptor, b"\x0d\x00\x00\x00\x00" * 1000)
                except OSError:
                    pass
