# It asks whether files exist, without opening them.
# level: L3
# verdicts: passed passed passed

import glob
import os
import sys

#: The folders on the way to Python and to the grader are there; so is what lies on the way to nothing but them.
NEEDED = (os.__file__, sys.executable, sys.modules["grader"].__path__[0])
PATHS = [path for path in ("/etc/passwd", "/tmp", "/home", "/var", "/proc/1") if not any(n.startswith(path) for n in NEEDED)]


class Attack(Honest):
    def strike(self, parent, child):
        for path in [*PATHS, *glob.glob("/tmp/forklab-selftest-*")]:
            if os.path.exists(path):
                print("ESCAPED: there is", path)
        if os.getpid() > 1000 and not os.path.exists("/nowhere"):
            print("ESCAPED: sees the process numbers of the machine")
