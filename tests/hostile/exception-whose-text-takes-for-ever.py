# It raises an exception whose text is never ready.
# level: L1
# verdicts: passed timed_out passed

class Hostile(Exception):
    def __str__(self):
        while True:
            pass


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
