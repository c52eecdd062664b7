# It asks for a sleep of no time without end, which gives the processor away and takes it back.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            time.sleep(0)
