"""Practices on the host's own kernel: a small program that stops, and a guide that shows what the kernel counted."""
