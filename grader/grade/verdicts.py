"""Lists all verdicts, and what each means to a reader."""

from __future__ import annotations

PASSED = "passed"
FAILED = "failed"
NOT_IMPLEMENTED = "not_implemented"
CRASHED = "crashed"
TIMED_OUT = "timed_out"
NO_PROGRESS = "no_progress"
REFUSED = "refused"
TAMPERED = "tampered"
WAITING = "waiting"
UNGRADABLE = "ungradable"

#: verdict -> its meaning, after "the scenario …"
MEANINGS = {
    PASSED: "agrees with the reference in every step",
    FAILED: "differs from the reference",
    NOT_IMPLEMENTED: "calls a method that is not written yet",
    CRASHED: "ended in an error of the kernel's code",
    TIMED_OUT: "went beyond a limit on time, output or operations",
    NO_PROGRESS: "returned from a fault or a call with the access still refused",
    REFUSED: "asked for something that a kernel may not have",
    TAMPERED: "sent an answer that no kernel can produce",
    WAITING: "waits for an earlier task to pass, or for a method to stay within its limits",
    UNGRADABLE: "could not be graded; it costs no points, run it again",
}

#: Verdicts that are shown as they are even if an earlier task has not passed.
NEVER_WAITING = (PASSED, NOT_IMPLEMENTED, UNGRADABLE)
