# It maps gigabytes, past Python's own allocator.
# level: L1
# verdicts: passed passed passed

import mmap


class Attack(Honest):
    def strike(self, parent, child):
        kept = []
        for _ in range(64):
            try:
                kept.append(mmap.mmap(-1, 1 << 30))
            except (OSError, ValueError):
                pass
        if len(kept) > 1:
            print(f"ESCAPED: {len(kept)} GiB mapped")
