# It raises an exception that raises when anything is asked of it, compared with it or hashed.
# level: L1
# verdicts: passed crashed passed

class Hostile(Exception):
    def __getattribute__(self, name):
        raise Hostile

    __eq__ = __hash__ = __bool__ = __len__ = __reduce__ = __getattribute__


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
