# The kernel never finishes being made.
# level: L1
# verdicts: timed_out timed_out timed_out

class Attack(Honest):
    def __init__(self, hw):
        super().__init__(hw)
        while True:
            pass
