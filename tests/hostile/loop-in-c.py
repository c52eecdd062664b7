# A loop without end inside one call into C, where no Python code runs that could be interrupted.
# level: L1
# verdicts: passed timed_out passed

import itertools


class Attack(Honest):
    def strike(self, parent, child):
        sum(itertools.repeat(1))
