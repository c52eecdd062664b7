# It tells what it sees of a scenario by which frames it takes, for whoever looks at their numbers.
# level: L1
# verdicts: passed passed passed

class Attack(Honest):
    def mmap(self, process, region):
        super().mmap(process, region)
        kept = [self.hw.frames.allocate() for _ in range(region.pages)]
        for frame in reversed(kept):
            self.hw.frames.free(frame)
