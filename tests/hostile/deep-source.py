# It has expressions and branches compiled that are nested deeper than Python's compiler can follow.
# level: L1
# verdicts: crashed crashed crashed

eval("-" * 9000 + "1")
exec("if 0: pass\n" + "elif 0: pass\n" * 100_000)
