# It patches the worker itself: no log, no calls, always fine.
# level: L1
# verdicts: passed tampered|failed|crashed tampered|failed|crashed|passed

import sys


class Attack(Honest):
    def strike(self, parent, child):
        student = sys.modules["grader.sandbox.inside.worker"]
        student.Recorder.page_fault = lambda self, process, fault: None
        student.Worker.note = lambda *arguments: None
        student.wire.pack_numbers = lambda numbers: b""
