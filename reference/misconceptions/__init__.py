"""Kernels with one typical mistake each, for testing scenarios and for naming what a student believes.

A mistake is a mixin that overrides a method or two of a reference kernel; the grader puts it before a lab's reference.
`belief` completes the sentence "behaves like a kernel that …", `lab` is the lab that teaches the rule, and `section`
the handout's section to read again. The docstring says what shows the mistake. Every module of this folder is read.
"""

from __future__ import annotations

#: Lab -> later labs in which its mistakes cannot be made: machines with the Linux profile have no TLB.
NOT_IN = {"tlb": ("linux",)}

#: Modules on one lab, in the order of their mistakes: of several that give a wrong answer in a quiz, one is named.
ORDER = ("swapping", "slots", "replacement")
