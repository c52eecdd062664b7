# A power with a billion digits: one call, much time, much memory.
# level: L1
# verdicts: passed timed_out|crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        print(9**9**9)
