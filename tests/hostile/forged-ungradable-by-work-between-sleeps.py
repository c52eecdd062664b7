# It works for a millisecond and sleeps for nine, to stay below both limits for as long as it can.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            until = time.perf_counter() + 0.001
            while time.perf_counter() < until:
                pass
            time.sleep(0.009)
