# It makes descriptors until there are no more.
# level: L1
# verdicts: passed passed passed

import os


class Attack(Honest):
    def strike(self, parent, child):
        made = []
        try:
            while len(made) < 100_000:
                made.append(os.dup(1))
        except OSError:
            pass
        if len(made) > 1000:
            print(f"ESCAPED: {len(made)} descriptors")
        for descriptor in made:
            os.close(descriptor)
