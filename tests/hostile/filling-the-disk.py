# It writes to the descriptors it has and to files without a name, as much as fits.
# level: L1
# verdicts: passed passed passed

import os
import tempfile


class Attack(Honest):
    def strike(self, parent, child):
        made = []
        for make in (lambda: os.memfd_create("x"), lambda: tempfile.TemporaryFile().fileno()):
            try:
                descriptor = make()
                os.ftruncate(descriptor, 1 << 40)
                os.write(descriptor, b"x" * (1 << 20))
                print("ESCAPED: wrote a file")
            except (OSError, FileNotFoundError):
                pass
