# It asks whether files exist, without opening them.
# level: L3
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for path in ("/etc/passwd", "/tmp", "/home", "/var", "/proc/1"):
            if os.path.exists(path):
                print("ESCAPED: there is", path)
        if os.getpid() > 1000 and not os.path.exists("/nowhere"):
            print("ESCAPED: sees the process numbers of the machine")
