# It replaces the streams that the worker flushes.
# level: L1
# verdicts: passed crashed|passed crashed|passed

import sys


class Stream:
    def write(self, text):
        return len(text)

    def flush(self):
        raise RuntimeError("no")


class Attack(Honest):
    def strike(self, parent, child):
        sys.stdout = sys.stderr = Stream()
