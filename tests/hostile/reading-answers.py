# It looks for the answers in files, wherever files are.
# level: L2
# verdicts: passed passed passed

import glob


class Attack(Honest):
    def strike(self, parent, child):
        places = ["/tmp", "/srv", "/home", "/root", "/var/tmp", "/", "."]
        for place in places:
            for path in glob.glob(f"{place}/forklab-selftest-*/*") + [f"{place}/answers.yaml"]:
                try:
                    with open(path) as file:
                        print(file.read())
                except OSError:
                    pass
        for path in ("/etc/passwd", "/etc/hostname", "/proc/version"):
            try:
                open(path).close()
                print("ESCAPED: opened", path)
            except OSError:
                pass
