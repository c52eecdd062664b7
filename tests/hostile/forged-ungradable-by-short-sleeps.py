# It sleeps for a moment without end, so that it is always just about to get a processor.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            time.sleep(0.00001)
