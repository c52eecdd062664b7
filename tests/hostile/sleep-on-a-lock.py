# It waits for a lock that it holds itself.
# level: L1
# verdicts: passed timed_out passed

import threading


class Attack(Honest):
    def strike(self, parent, child):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
