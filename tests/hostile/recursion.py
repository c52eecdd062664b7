# It calls itself, by way of C, until the stack ends, with Python's guard against that taken away.
# level: L1
# verdicts: passed crashed passed

import sys

def deeper(_):
    return list(map(deeper, [0]))


class Attack(Honest):
    def strike(self, parent, child):
        sys.setrecursionlimit(10**9)
        deeper(0)
