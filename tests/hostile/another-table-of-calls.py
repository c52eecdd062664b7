# It makes system calls in the 32-bit way and in the x32 way, whose numbers mean others.
# level: L2S
# verdicts: passed refused passed
# machine: x86_64

import ctypes
import mmap


def run(code):
    """Run machine code."""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return function()


class Attack(Honest):
    def strike(self, parent, child):
        # mov eax, 20 (getpid in 32 bits); int 0x80; ret
        print("ESCAPED: 32 bits", run(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3])))
        # mov eax, 0x40000027 (getpid in x32); syscall; ret
        print("ESCAPED: x32", run(bytes([0xB8, 0x27, 0, 0, 0x40, 0x0F, 0x05, 0xC3])))
