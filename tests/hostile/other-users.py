# It takes the rights of other users.
# level: L2S
# verdicts: passed passed passed

import ctypes
import os


class Attack(Honest):
    def strike(self, parent, child):
        ways = {
            "setuid": lambda: os.setuid(0),
            "setresuid": lambda: os.setresuid(0, 0, 0),
            "setgid": lambda: os.setgid(0),
            "setgroups": lambda: os.setgroups([0]),
            "setns": lambda: ctypes.CDLL(None).setns(0, 0) and os.stat("/nowhere"),
            "chroot": lambda: os.chroot("/tmp"),
            "capset": lambda: ctypes.CDLL(None).capset(None, None) and os.stat("/nowhere"),
        }
        for name, way in ways.items():
            try:
                way()
                print("ESCAPED:", name)
            except OSError:
                pass
