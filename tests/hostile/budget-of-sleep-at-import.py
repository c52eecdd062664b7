# It sleeps while it is imported, in each scenario, for nearly as long as a scenario may.
# level: L1
# verdicts: passed passed timed_out

import time

time.sleep(0.5)


class Attack(Honest):
    pass
