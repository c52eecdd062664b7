# It raises what ctrl-C raises.
# level: L1
# verdicts: passed crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        raise KeyboardInterrupt
