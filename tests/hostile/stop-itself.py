# It stops itself (SIGSTOP), so that it uses no time and cannot be asked to end.
# level: L2S
# verdicts: passed passed passed

import os
import signal


class Attack(Honest):
    def strike(self, parent, child):
        for stop in (lambda: os.kill(os.getpid(), signal.SIGSTOP), lambda: signal.raise_signal(signal.SIGSTOP)):
            try:
                stop()
                print("ESCAPED: stopped itself")
            except OSError:
                pass
