# It ends the program with success.
# level: L1
# verdicts: passed crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        raise SystemExit(0)
