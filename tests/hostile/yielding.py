# It gives the processor away without end, and so seems to be waiting for it all the time.
# level: L1
# verdicts: passed timed_out|refused|crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            os.sched_yield()
