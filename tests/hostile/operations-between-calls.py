# It works on the machine while no call of its is under way: when objects go, and when the worker's functions are called.
# level: L1
# verdicts: passed|tampered tampered|failed|crashed passed|tampered|crashed

import gc
import sys


class Attack(Honest):
    def strike(self, parent, child):
        frames = self.hw.frames

        def work(*arguments):
            try:
                frames.allocate()
            except BaseException:
                pass

        gc.callbacks.append(lambda *arguments: work())
        sys.setprofile(lambda frame, event, argument: work() if frame.f_code.co_name == "reply" else None)
