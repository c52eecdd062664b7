"""Walls around a process, each applied by itself: rlimits and identity, Landlock, seccomp. Linux; ctypes alone.

Nothing here decides which walls are wanted or whether they stand (see ../zygote.py, ../probes.py).
"""
