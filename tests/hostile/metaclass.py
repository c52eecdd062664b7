# Its class is made by a metaclass that answers every question with yes, and its methods are found by __getattribute__.
# level: L1
# verdicts: passed passed|crashed|failed|tampered passed

class Meta(type):
    def __instancecheck__(cls, thing):
        return True

    def __subclasscheck__(cls, other):
        return True

    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return 0

    def __getattr__(cls, name):
        return cls

    def mro(cls):
        return [cls, *Honest.__mro__]


class Attack(Honest, metaclass=Meta):
    def __getattribute__(self, name):
        return object.__getattribute__(self, name)

    def __len__(self):
        return -1

    def __bool__(self):
        raise RuntimeError("neither")

    def __eq__(self, other):
        return True

    __hash__ = None
