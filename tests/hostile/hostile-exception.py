# It raises an exception that cannot be looked at: not its text, not its type, not its trace.
# level: L1
# verdicts: passed crashed passed

class Name(str):
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __format__ = __str__


class Meta(type):
    def __instancecheck__(cls, thing):
        raise RuntimeError("no")

    def __getattribute__(cls, name):
        if name == "__name__":
            return Name("\x1b[2J")
        return type.__getattribute__(cls, name)


class Hostile(Exception, metaclass=Meta):
    def __str__(self):
        raise Hostile

    __repr__ = __str__

    @property
    def args(self):
        raise RuntimeError("no")


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
