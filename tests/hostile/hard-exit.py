# It ends its process at once, with success.
# level: L1
# verdicts: passed crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        os._exit(0)
