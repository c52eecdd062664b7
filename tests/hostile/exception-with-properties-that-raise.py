# It raises an exception whose arguments, cause, context and traceback raise when they are read.
# level: L1
# verdicts: passed crashed passed

def no(self):
    raise RuntimeError("no")


class Hostile(Exception):
    args = __cause__ = __context__ = __traceback__ = __suppress_context__ = __notes__ = __dict__ = property(no)


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
