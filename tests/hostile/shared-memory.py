# It leaves shared memory behind, of every kind.
# level: L2S
# verdicts: passed passed passed

import ctypes
import os
from multiprocessing import shared_memory


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        ways = {
            "shmget": lambda: libc.shmget(0x7313, 4096, 0o1666),
            "msgget": lambda: libc.msgget(0x7313, 0o1666),
            "semget": lambda: libc.semget(0x7313, 1, 0o1666),
            "mq_open": lambda: libc.mq_open(b"/planted", os.O_CREAT | os.O_RDWR, 0o666, None),
            "memfd": lambda: libc.memfd_create(b"x", 0),
        }
        for name, way in ways.items():
            if way() >= 0:
                print("ESCAPED:", name)
        try:
            shared_memory.SharedMemory("planted", create=True, size=4096)
            print("ESCAPED: shared memory")
        except (OSError, ImportError):
            pass
