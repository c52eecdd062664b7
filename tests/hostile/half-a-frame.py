# It writes the beginning of a frame into the channel, so that all that the worker says is taken for the frame's rest.
# level: L1
# verdicts: passed timed_out|tampered passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\x0d\x00\x00\x01\x00")
            except OSError:
                pass
