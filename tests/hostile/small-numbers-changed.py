# It changes the number 13 into another one, for the whole interpreter, and a true into a false.
# level: L1
# verdicts: passed crashed|tampered|failed|timed_out|passed crashed|tampered|failed|timed_out|passed

import ctypes
import sys


class Attack(Honest):
    def strike(self, parent, child):
        at = int.__basicsize__
        for number in range(2, 100):
            ctypes.c_uint32.from_address(id(number) + at).value = 7
        ctypes.memset(id(True), 0x41, 8)
        sys.intern("x")
