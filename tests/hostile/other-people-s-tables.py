# It keeps every process it has seen, and works on the tables of those that have ended and of the machine's next ones.
# level: L1
# verdicts: passed|failed|crashed|tampered passed|failed|crashed|tampered passed|failed|crashed|tampered

class Attack(Honest):
    gone = []

    def exit(self, process):
        super().exit(process)
        self.gone.append(process)

    def mmap(self, process, region):
        super().mmap(process, region)
        for other in self.gone:
            frame = self.hw.frames.allocate()
            other.page_table.map(region.start // self.hw.page_size, frame, region.protection)

    def strike(self, parent, child):
        frame = self.hw.frames.allocate()
        for page in (-1, 0, 2**31 - 1):
            try:
                child.page_table.map(page, frame, next(iter(self.regions[parent])).protection)
            except Exception:
                pass
