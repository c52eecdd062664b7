# It loops while it is thrown away, after the scenario.
# level: L1
# verdicts: timed_out|passed timed_out|passed timed_out|passed

class Trap:
    def __del__(self):
        while True:
            pass


class Attack(Honest):
    def __init__(self, hw):
        super().__init__(hw)
        self.trap = Trap()
