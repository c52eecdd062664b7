# It looks into its environment, its arguments, and the block that they came in.
# level: L1
# verdicts: passed passed passed

import ctypes
import os
import sys


class Attack(Honest):
    def strike(self, parent, child):
        print(dict(os.environ), sys.argv, sys.orig_argv)
        pointer = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
        index = 0
        while pointer[index]:
            print(pointer[index])
            index += 1
