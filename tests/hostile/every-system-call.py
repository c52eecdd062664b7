# It makes every system call that there is but those that Python needs, by number.
# level: L2S
# verdicts: passed passed passed
# machine: x86_64

import ctypes
import errno

#: uretprobe and uprobe: the kernel looks at them before any filter does, and ends whoever is not a probe (SIGILL).
PROBES = {335, 336}

#: What an interpreter that reads modules, prints, sleeps and ends cannot do without (by x86-64's numbers).
NEEDED = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 24, 25, 28, 32, 35, 39, 60, 63, 72,
    79, 89, 96, 97, 98, 99, 100, 102, 104, 107, 108, 110, 131, 186, 201, 202, 204, 217, 219, 228, 229, 230, 231, 257,
    262, 267, 269, 270, 271, 273, 302, 318, 332, 334,
}  # fmt: skip


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        for number in set(range(600)) - NEEDED - PROBES:
            # Arguments at which an allowed call would succeed, or at least complain of something else than permission.
            for first in (0, -1):
                if libc.syscall(number, first, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
                    print("ESCAPED: system call", number, ctypes.get_errno())
