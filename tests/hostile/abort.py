# It aborts.
# level: L1
# verdicts: passed crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        os.abort()
