# It climbs out of the folder of the standard library, the only one it may read: by .., by links, by its working folder.
# level: L2
# verdicts: passed passed passed

import os
import sys


class Attack(Honest):
    def strike(self, parent, child):
        library = os.path.dirname(os.__file__)
        starts = (library, "/proc/self/cwd", ".", os.path.dirname(sys.executable))
        for start in starts:
            for up in range(1, 12):
                for path in ("etc/passwd", "etc/hostname", "root/.bashrc", "proc/1/environ", "tmp"):
                    try:
                        descriptor = os.open(f"{start}/{'../' * up}{path}", os.O_RDONLY)
                        print("ESCAPED:", start, up, path, os.fstat(descriptor).st_size)
                    except OSError:
                        pass
        for installed in ("site-packages", "dist-packages"):
            try:
                print("ESCAPED: installed are", os.listdir(f"{library}/{installed}")[0])
            except (OSError, IndexError):
                pass
