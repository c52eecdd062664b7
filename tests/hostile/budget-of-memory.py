# It fills its memory in every scenario, which takes time each time.
# level: L1
# verdicts: crashed|timed_out crashed|timed_out crashed|timed_out

class Attack(Honest):
    def mmap(self, process, region):
        self.hoard = [bytearray(1 << 20) for _ in range(10_000)]
