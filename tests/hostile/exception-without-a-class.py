# It raises an exception whose class cannot be asked for.
# level: L1
# verdicts: passed crashed passed

class Hostile(Exception):
    @property
    def __class__(self):
        raise RuntimeError("no")


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile("what it is")
