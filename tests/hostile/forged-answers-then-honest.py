# It writes one answer ahead, and goes on as if nothing had been.
# level: L1
# verdicts: passed tampered|crashed|failed passed

import os
from array import array


class Attack(Honest):
    def strike(self, parent, child):
        answer = array("i", [37, 1, 48]).tobytes()
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, bytes((13,)) + len(answer).to_bytes(4, "little") + answer)
            except OSError:
                pass
