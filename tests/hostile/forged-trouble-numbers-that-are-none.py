# It tells of a trouble in a form that a careless reader fails on (numbers that are none).
# level: L1
# verdicts: passed tampered passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        payload = b'{"kind": "crash", "method": "m", "type": "T", "message": "m", "lines": [["f", 1e999, "g", "t"]]}'
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, bytes((12,)) + len(payload).to_bytes(4, "little") + payload)
            except OSError:
                pass
