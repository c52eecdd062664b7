# It ends its process with the status by which the box says that it is itself at fault.
# level: L1
# verdicts: passed crashed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        os._exit(97)
