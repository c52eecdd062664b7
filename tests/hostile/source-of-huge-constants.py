# It has the compiler fold constants that are as large as memory, and parse a number with more digits than may be.
# level: L1
# verdicts: passed passed passed

class Attack(Honest):
    def strike(self, parent, child):
        for text in ("x = " + "9" * 100_000, "x = 1 << 1 << 40", "x = 'a' * 2 ** 60", "x = (((1,) * 2 ** 40),)", "x = 0x" + "f" * 200_000):
            try:
                exec(text)
            except (SyntaxError, ValueError, MemoryError, OverflowError):
                pass
