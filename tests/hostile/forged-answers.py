# It writes answers into the channel itself: that every step went well, with no operation at all.
# level: L1
# verdicts: passed tampered|crashed|failed|timed_out passed

import os
from array import array


class Attack(Honest):
    def strike(self, parent, child):
        answer = array("i", [37, 1, 48]).tobytes()
        for descriptor in range(3, 64):
            try:
                for _ in range(10):
                    os.write(descriptor, bytes((13,)) + len(answer).to_bytes(4, "little") + answer)
            except OSError:
                pass
        os._exit(0)
