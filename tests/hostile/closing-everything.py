# It closes everything, its output included, and loops.
# level: L1
# verdicts: passed crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        os.closerange(0, 64)
        while True:
            pass
