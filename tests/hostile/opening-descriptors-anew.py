# It opens what it and others hold once more by way of /proc and /dev, with rights that it was not given.
# level: L2
# verdicts: passed passed passed

import os
import stat


class Attack(Honest):
    def strike(self, parent, child):
        own = ("self", "thread-self", str(os.getpid()))
        for pid in [*own, str(os.getppid()), "1", *map(str, range(os.getppid() - 40, os.getppid() + 40))]:
            for number in range(8):
                for flags in (os.O_RDONLY | os.O_NONBLOCK, os.O_WRONLY | os.O_NONBLOCK, os.O_RDWR):
                    try:
                        descriptor = os.open(f"/proc/{pid}/fd/{number}", flags)
                    except FileNotFoundError:
                        break
                    except OSError:
                        continue
                    # Landlock has no say over pipes, so it may read what it has printed itself. That is all.
                    if pid not in own or flags & 3 or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                        print("ESCAPED: opened", pid, number, flags)
                    os.close(descriptor)
        for path in ("/dev/tty", "/dev/console", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/fd/0"):
            try:
                os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                print("ESCAPED: opened", path)
            except OSError:
                pass
