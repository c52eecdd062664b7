"""A student's own scenarios: read, judged by the course's kernels, and given points."""
