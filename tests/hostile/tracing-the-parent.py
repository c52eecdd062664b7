# It attaches to its parent as a debugger does, and reads its memory.
# level: L2S
# verdicts: passed passed passed

import ctypes
import os


class Attack(Honest):
    def strike(self, parent, child):
        libc = ctypes.CDLL(None, use_errno=True)
        PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
        for pid in (os.getppid(), 1):
            for request in (PTRACE_ATTACH, PTRACE_SEIZE):
                if libc.ptrace(request, pid, None, None) == 0:
                    print("ESCAPED: traces", pid)
            buffer = ctypes.create_string_buffer(64)
            local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
            remote = (ctypes.c_void_p * 2)(id(None), 64)
            if libc.process_vm_readv(pid, local, 1, remote, 1, 0) > 0:
                print("ESCAPED: read the memory of", pid)
