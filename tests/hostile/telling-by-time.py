# It tells what it sees of a scenario by how long it takes, for whoever measures.
# level: L1
# verdicts: passed passed passed

import time


class Attack(Honest):
    def mmap(self, process, region):
        super().mmap(process, region)
        time.sleep(region.pages / 100)
