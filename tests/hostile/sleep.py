# It sleeps for a day, using no processor time.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        time.sleep(86400)
