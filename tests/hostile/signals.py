# It sends signals: to its parent, to the grader, to everybody.
# level: L2S
# verdicts: passed passed passed

import os
import signal


class Attack(Honest):
    def strike(self, parent, child):
        for pid in (os.getppid(), -1, 0, 1, os.getpid()):
            for number in (0, signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(pid, number)
                    print("ESCAPED: a signal to", pid)
                except OSError:
                    pass
        try:
            os.killpg(0, signal.SIGTERM)
            print("ESCAPED: a signal to its group")
        except OSError:
            pass
