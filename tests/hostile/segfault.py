# It reads from address 0.
# level: L1
# verdicts: passed crashed passed

import ctypes


class Attack(Honest):
    def strike(self, parent, child):
        ctypes.string_at(0)
