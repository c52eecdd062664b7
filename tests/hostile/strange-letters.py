# Names that look alike and text that turns around, in its source, prints, attributes and errors; surrogates everywhere.
# level: L1
# verdicts: passed crashed passed

class ℌonest_:
    ﬁeld = "\u202ex\u2066"


class Attack(Honest):
    def strike(self, parent, child):
        print("\ud800\udfff \u202e txet \u2069 \U000e0041\x00\x1b[2J", ℌonest_.field)
        self.__dict__["\ud800"] = self.__dict__["\x00"] = 1
        error = ValueError("\ud83d\n::error::\u2028forged\x00")
        error.add_note("\udfff" * 3000)
        error.__cause__ = error.__context__ = KeyError("\ud800")
        raise error
