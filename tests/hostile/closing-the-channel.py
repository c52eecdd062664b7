# It closes its channel to the grader, and lives on.
# level: L1
# verdicts: passed crashed passed

import os
import time


class Attack(Honest):
    def strike(self, parent, child):
        os.closerange(3, 64)
        time.sleep(5)
