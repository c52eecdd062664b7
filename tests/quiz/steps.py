"""What a call costs, counted: no clock is looked at, so that the count is the same on a busy machine."""

import gc
import sys


def steps(function):
    """Return how many steps a call takes: lines of Python, loops of one line included, and calls of C functions."""
    count = 0

    def traced(frame, event, argument):
        nonlocal count
        count += 1
        return traced

    def profiled(frame, event, argument):
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    gc.disable()  # Hypothesis listens to collections, in Python
    sys.settrace(traced)
    sys.setprofile(profiled)
    try:
        function()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
        gc.enable()
    return count


def endless(pattern):
    """Return how many repetitions without end a compiled pattern has.

    The count of steps cannot see what a pattern costs, since a match is one call. With one repetition without end, and
    a fixed place to begin at, a match is linear; two can divide a run between them in as many ways as it is long.
    """
    import re._constants as sre
    import re._parser as parser

    def walk(part):
        if isinstance(part, tuple) and part[0] is sre.BRANCH:
            return max(map(walk, part[1][1]))
        if isinstance(part, parser.SubPattern | list | tuple):
            repeats = isinstance(part, tuple) and len(part) == 3 and part[1] is sre.MAXREPEAT
            return repeats + sum(map(walk, part))
        return 0

    return walk(parser.parse(pattern.pattern, pattern.flags))
