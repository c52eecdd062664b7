# It writes bytes into the channel that are no frame.
# level: L1
# verdicts: passed tampered passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\xff" * 5)
                os.write(descriptor, b"\\xff" * 1000)
            except OSError:
                pass
