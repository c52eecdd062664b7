"""The state of a replay: saved and restored, compared, and what makes that impossible. For `grader verify`.

Used by the grader's process and, for students' kernels, inside the sandbox.
"""
