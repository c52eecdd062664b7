# It writes into the channel a byte at a time, now and then, so that whoever waits for silence waits for ever.
# level: L1
# verdicts: passed timed_out|tampered passed

import os
import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            for descriptor in range(3, 64):
                try:
                    os.write(descriptor, b"\x0d")
                except OSError:
                    pass
            time.sleep(0.05)
