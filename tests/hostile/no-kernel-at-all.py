# Its class is no class, and no kernel.
# level: L1
# verdicts: crashed crashed crashed
# alone: yes

def Attack(hw):
    return 42
