# It replaces what everybody uses, for the worker too.
# level: L1
# verdicts: passed crashed|tampered|failed|timed_out|passed crashed|tampered|failed|timed_out|passed

import builtins
import json
import os


class Attack(Honest):
    def strike(self, parent, child):
        builtins.len = lambda thing: 0
        builtins.isinstance = lambda thing, kind: True
        json.loads = lambda text: {"verb": "exit", "by": "P"}
        os.write = lambda descriptor, data: len(data)
