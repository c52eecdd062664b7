# It opens files with the calls that Python does not use, and with flags at which a careless filter does not
# look.
# level: L2
# verdicts: passed passed passed

import ctypes
import os

X86 = os.uname().machine == "x86_64"


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        path = b"/etc/passwd"
        how = (ctypes.c_uint64 * 3)(0, 0, 0)
        ways = {
            "open": lambda: libc.open(path, 0),
            "openat": lambda: libc.openat(-100, path, 0),
            "openat with high bits": lambda: libc.syscall(257 if X86 else 56, ctypes.c_long(-100), path, ctypes.c_ulong(1 << 32), 0),
            "openat2": lambda: libc.syscall(437, -100, path, ctypes.byref(how), 24),
            "creat": lambda: libc.creat(b"/tmp/planted", 0o666),
            "for execution only": lambda: libc.open(b"/tmp", 0o10000000 | 0o1),
        }
        for name, way in ways.items():
            if way() >= 0:
                print("ESCAPED:", name)
