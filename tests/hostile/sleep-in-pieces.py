# It sleeps for ever in short pieces, with a little work and a line of print between them.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            time.sleep(0.01)
            print(sum(range(100)))
