# It becomes a shell.
# level: L2S
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        try:
            os.execv("/bin/sh", ["sh", "-c", "echo ESCAPED"])
        except OSError:
            pass
