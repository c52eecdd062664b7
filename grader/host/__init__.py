"""Replay scenarios on the kernel of this machine, and compare it with the Linux profile."""
