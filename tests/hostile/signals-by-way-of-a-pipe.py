# It asks the kernel to send SIGIO to its parent whenever its output pipe changes.
# level: L2S
# verdicts: passed passed passed

import fcntl
import os


class Attack(Honest):
    def strike(self, parent, child):
        for descriptor in range(64):
            for request, value in ((fcntl.F_SETOWN, os.getppid()), (fcntl.F_SETFL, os.O_ASYNC), (fcntl.F_SETSIG, 9)):
                try:
                    fcntl.fcntl(descriptor, request, value)
                    print("ESCAPED: fcntl", request)
                except OSError:
                    pass
