# It takes and frees a frame without end before the first step, in every scenario.
# level: L1
# verdicts: timed_out timed_out timed_out

class Attack(Honest):
    def __init__(self, hw):
        super().__init__(hw)
        while True:
            hw.frames.free(hw.frames.allocate())
