# It opens what it holds once more by way of /proc and /dev, with rights that it was not given.
# level: L2
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        for folder in ("/proc/self/fd", "/proc/thread-self/fd", "/dev/fd", f"/proc/{os.getpid()}/fd"):
            for number in range(8):
                for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_NONBLOCK):
                    try:
                        os.open(f"{folder}/{number}", flags)
                        print("ESCAPED: opened", folder, number, flags)
                    except OSError:
                        pass
        for path in ("/dev/tty", "/dev/stdin", "/dev/console", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun"):
            try:
                os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                print("ESCAPED: opened", path)
            except OSError:
                pass
