# It maps as many pages as an answer has room for, so that everything that looks at a page table takes long.
# level: L1
# verdicts: passed failed passed

class Attack(Honest):
    def strike(self, parent, child):
        entry = parent.page_table.get(parent.page_table.pages()[0])
        for page in range(1 << 20, (1 << 20) + 12_000):
            child.page_table.map(page, entry.frame, entry.protection)
