# It raises where there is no room on the stack for anybody to handle it, inside of an eviction.
# level: L1
# verdicts: passed crashed|failed passed

class Attack(Honest):
    def strike(self, parent, child):
        self.deeper()

    def evict(self):
        self.deeper()

    def deeper(self):
        self.hw.frames.allocate()
        self.deeper()
