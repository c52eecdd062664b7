# It sets up an io_uring, whose requests no filter of system calls sees, and enters and registers one that is not there.
# level: L2S
# verdicts: passed passed passed

import ctypes
import errno


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        parameters = ctypes.create_string_buffer(120)
        for number, arguments in ((425, (8, parameters)), (426, (3, 1, 0, 0, None, 0)), (427, (3, 0, None, 0))):
            if libc.syscall(number, *arguments) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
                print("ESCAPED: io_uring", number, ctypes.get_errno())
