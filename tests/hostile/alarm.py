# It sets timers, whose signals would strike the worker's own code later on.
# level: L2S
# verdicts: passed passed passed

import signal
import time


class Attack(Honest):
    def strike(self, parent, child):
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            try:
                signal.setitimer(timer, 0.001, 0.001)
                print("ESCAPED: a timer is set")
            except OSError:
                pass
        time.sleep(0.01)
