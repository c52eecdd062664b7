# It raises an exception whose class answers no question: not its name, not what it is derived from.
# level: L1
# verdicts: passed crashed passed

class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError("no")

    def __instancecheck__(cls, thing):
        raise RuntimeError("no")

    __subclasscheck__ = __eq__ = __instancecheck__
    __hash__ = type.__hash__


class Hostile(Exception, metaclass=Meta):
    pass


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
