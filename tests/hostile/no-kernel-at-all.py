# Its class is no class, and no kernel.
# level: L1
# verdicts: crashed crashed crashed

def Attack(hw):
    return 42
