# Every signal that can be ignored is ignored, and then it loops.
# level: L1
# verdicts: passed timed_out passed

import signal


class Attack(Honest):
    def strike(self, parent, child):
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            pass
