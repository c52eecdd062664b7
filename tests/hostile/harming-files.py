# It changes, empties, renames and removes files that everybody may write.
# level: L2S
# verdicts: passed passed passed

import ctypes
import glob
import os


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None)
        for number in os.environ.get("PWD", "/tmp"), "/tmp":
            pass
        for path in glob.glob("/tmp/forklab-selftest-*/victim.txt"):
            ways = (
                lambda: open(path, "w").close(),
                lambda: open(path, "r+").close(),
                lambda: os.truncate(path, 0),
                lambda: os.unlink(path),
                lambda: os.rename(path, path + "2"),
                lambda: os.link(path, path + "3"),
                lambda: os.chmod(path, 0),
                lambda: os.utime(path),
                lambda: os.setxattr(path, "user.x", b"x"),
                lambda: libc.creat(path.encode(), 0) >= 0 or os.stat("/nowhere"),
            )
            for way in ways:
                try:
                    way()
                    print("ESCAPED: harmed a file")
                except OSError:
                    pass
