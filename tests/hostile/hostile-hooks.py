# It hooks itself into everything that Python calls by itself: traces, profiles, imports, exits, losses.
# level: L1
# verdicts: passed|timed_out|crashed|tampered|failed passed|timed_out|crashed|tampered|failed passed|timed_out|crashed|tampered|failed

import atexit
import gc
import sys


def trace(frame, event, argument):
    """Raise in the worker's own code, now and then."""
    if event == "call" and frame.f_code.co_name == "reply":
        raise RuntimeError("from within")
    return trace


class Attack(Honest):
    def strike(self, parent, child):
        sys.settrace(trace)
        sys.setprofile(lambda *arguments: None)
        sys.excepthook = sys.unraisablehook = lambda *arguments: print("hooked")
        sys.meta_path.insert(0, self)
        gc.callbacks.append(lambda *arguments: None)
        atexit.register(print, "at exit")

    def find_spec(self, *arguments):
        raise RuntimeError("no imports")
