# It walks through folders and opens whatever it finds.
# level: L2
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for top in ("/tmp", "/var", "/home", "/root", "/etc", "/dev"):
            for folder, _, names in os.walk(top):
                print("ESCAPED: listed", folder, names[:3])
                break
        for entry in range(3, 64):
            for path in (f"/proc/self/fd/{entry}", f"/dev/fd/{entry}"):
                try:
                    os.close(os.open(path, os.O_RDONLY))
                    print("ESCAPED: opened", path)
                except OSError:
                    pass
