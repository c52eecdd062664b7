# It raises an error that is two errors of the contract at once.
# level: L1
# verdicts: passed failed passed

from grader.machine import InvalidArgument, OutOfMemory


class Both(InvalidArgument, OutOfMemory):
    pass


class Attack(Honest):
    def strike(self, parent, child):
        raise Both
