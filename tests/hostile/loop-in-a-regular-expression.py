# A match that takes longer than the universe has existed.
# level: L1
# verdicts: passed timed_out passed

import re


class Attack(Honest):
    def strike(self, parent, child):
        re.match("(a+)+$", "a" * 64 + "b")
