# It tells of a trouble in a form that a careless reader fails on (many digits).
# level: L1
# verdicts: passed tampered passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        payload = b'{"lines": [["f", ' + b"9" * 6000 + b', "g", "t"]]}'
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, bytes((12,)) + len(payload).to_bytes(4, "little") + payload)
            except OSError:
                pass
