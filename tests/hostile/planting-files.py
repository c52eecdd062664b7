# It writes files wherever somebody may find them later.
# level: L2S
# verdicts: passed passed passed

import glob
import os


class Attack(Honest):
    def strike(self, parent, child):
        folders = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", ".", "/", os.path.dirname(os.__file__))
        for folder in (*folders, os.path.dirname(os.__file__) + "/__pycache__", *glob.glob("/tmp/forklab-selftest-*")):
            for flags in (os.O_WRONLY | os.O_CREAT, os.O_RDWR | os.O_CREAT, os.O_CREAT, os.O_TMPFILE | os.O_RDWR):
                try:
                    os.open(folder if flags & os.O_TMPFILE == os.O_TMPFILE else f"{folder}/planted", flags, 0o666)
                    print("ESCAPED: wrote in", folder)
                except OSError:
                    pass
            for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path), lambda path: os.mknod(path)):
                try:
                    make(f"{folder}/planted")
                    print("ESCAPED: made something in", folder)
                except OSError:
                    pass
