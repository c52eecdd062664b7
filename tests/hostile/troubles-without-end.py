# It tells of one trouble after another, each well formed.
# level: L1
# verdicts: passed tampered|timed_out passed

import json
import os

TROUBLE = json.dumps({"kind": "crash", "method": "fork", "type": "E", "message": "m" * 2000, "lines": []}).encode()


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            for descriptor in range(3, 64):
                try:
                    os.write(descriptor, b"\x0c" + len(TROUBLE).to_bytes(4, "little") + TROUBLE)
                except OSError:
                    pass
