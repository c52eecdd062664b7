# It forges an answer that is as large as an answer may look.
# level: L1
# verdicts: passed timed_out|tampered passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        head = bytes((13,)) + ((1 << 30) - 1).to_bytes(4, "little")
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, head)
                while True:
                    os.write(descriptor, bytes(1 << 16))
            except OSError:
                pass
