# It reads what /proc tells of itself, of its parent and of everybody else.
# level: L2
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for pid in ["self", os.getppid(), 1, *range(2, 400)]:
            for name in ("environ", "cmdline", "maps", "mem", "status", "stat", "mountinfo", "auxv"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        print("ESCAPED: read", file.name, file.read(4096))
                except OSError:
                    pass
