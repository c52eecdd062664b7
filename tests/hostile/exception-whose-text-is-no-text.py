# It raises an exception whose text is of a class of its own, and becomes something else when it is cut.
# level: L1
# verdicts: passed crashed passed

class Text(str):
    def __getitem__(self, part):
        return {b"bytes": object()}

    __len__ = __iter__ = __str__ = __getitem__


class Hostile(Exception):
    def __str__(self):
        return Text("no text")


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile
