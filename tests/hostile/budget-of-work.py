# It works in each scenario for nearly as long as a scenario may.
# level: L1
# verdicts: passed passed timed_out

import time


class Attack(Honest):
    def __init__(self, hw):
        super().__init__(hw)
        until = time.process_time() + 0.24
        while time.process_time() < until:
            pass
