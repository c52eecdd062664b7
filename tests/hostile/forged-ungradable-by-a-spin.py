# It prints a byte, sleeps for just less than the grader waits between two looks, and spins while it is looked at, so
# that it seems to wait for a processor.
# level: L1
# verdicts: passed timed_out passed

import time


class Attack(Honest):
    def strike(self, parent, child):
        while True:
            print("x")
            time.sleep(0.0495)
            until = time.perf_counter() + 0.0035
            while time.perf_counter() < until:
                pass
