# It looks for descriptors that somebody left open for it: the zygote's control socket, its ruleset, another's pipe.
# level: L1
# verdicts: passed passed passed

import os
import stat


class Attack(Honest):
    def strike(self, parent, child):
        found = {}
        for descriptor in range(4096):
            try:
                found[descriptor] = stat.S_IFMT(os.fstat(descriptor).st_mode)
            except OSError:
                pass
        sockets = [descriptor for descriptor, kind in found.items() if kind == stat.S_IFSOCK]
        if found[0] != stat.S_IFCHR or {found[1], found[2]} != {stat.S_IFIFO} or len(found) != 4 or len(sockets) != 1:
            print("ESCAPED: descriptors", found)
        try:
            print("ESCAPED: read from standard input", os.read(0, 1).decode() + "x" if os.read(0, 1) else 1 / 0)
        except (OSError, ZeroDivisionError):
            pass
