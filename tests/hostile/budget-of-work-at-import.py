# It works while it is imported, in each scenario, for nearly as long as a scenario may.
# level: L1
# verdicts: passed passed timed_out

import time

until = time.thread_time() + 0.24
while time.thread_time() < until:
    pass


class Attack(Honest):
    pass
