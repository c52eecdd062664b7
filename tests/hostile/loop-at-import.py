# The module never finishes loading.
# level: L1
# verdicts: timed_out timed_out timed_out

while True:
    pass
