# It ends in a way that tells what it sees of a scenario: by a crash, a limit or a wrong count.
# level: L1
# verdicts: passed crashed passed

class Attack(Honest):
    def mmap(self, process, region):
        super().mmap(process, region)
        if region.pages == 3:
            raise RuntimeError(f"three pages from {region.first_page}")
