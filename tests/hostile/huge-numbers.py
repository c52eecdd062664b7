# It hands the machine numbers that fit into no field.
# level: L1
# verdicts: passed tampered|failed|crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        for number in (2**31, 2**63, -(2**63), 10**400, float("nan"), True, None, "1"):
            try:
                child.page_table.map(number, 0, next(iter(self.regions.values())).find(16).protection)
                self.hw.frames.free(number)
            except Exception:
                pass
