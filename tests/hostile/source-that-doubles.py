# A source of forty lines that the compiler writes out twice at every level: finally in finally in finally.
# level: L1
# verdicts: timed_out|crashed timed_out|crashed timed_out|crashed

LEVELS = 19
LINES = [" " * (level // 2) + ("finally:" if level % 2 else "try: a") for level in range(2 * LEVELS)]

for _ in range(1000):
    compile("\n".join([*LINES, " " * LEVELS + "a"]), "x", "exec")


class Attack(Honest):
    pass
