# It prints byte by byte without end, so that the grader is woken for each.
# level: L1
# verdicts: passed timed_out passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            os.write(1, b"x")
