# It raises an exception whose class has a name that raises when it is cut.
# level: L1
# verdicts: passed crashed passed

class Name(str):
    def __getitem__(self, part):
        raise RuntimeError("no")


class Attack(Honest):
    def strike(self, parent, child):
        raise type(Name("n" * 5000), (Exception,), {})()
