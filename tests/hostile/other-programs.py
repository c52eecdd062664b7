# It starts other programs, in all the ways that Python has.
# level: L2S
# verdicts: passed passed passed

import os
import subprocess


class Attack(Honest):
    def strike(self, parent, child):
        ways = (
            lambda: subprocess.run(["/bin/true"], check=True),
            lambda: os.posix_spawn("/bin/true", ["true"], {}),
            lambda: os.system("/bin/true") == 0 or os.stat("/nowhere"),
            lambda: os.popen("echo hello").read() or os.stat("/nowhere"),
        )
        for way in ways:
            try:
                way()
                print("ESCAPED: another program")
            except (OSError, ValueError, SystemExit):
                pass
