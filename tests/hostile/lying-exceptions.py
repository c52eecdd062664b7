# It raises what is a segmentation fault to isinstance and none to except, and errors of two kinds at once.
# level: L1
# verdicts: passed crashed|tampered|failed passed

from grader.machine import InvalidArgument, OutOfMemory


class Liar(Exception):
    __class__ = SegmentationFault


class Both(InvalidArgument, OutOfMemory):
    def __str__(self):
        raise Liar


class Attack(Honest):
    def page_fault(self, process, fault):
        if process.pid == 2:
            raise Liar
        super().page_fault(process, fault)

    def mmap(self, process, region):
        super().mmap(process, region)
        if process.pid == 2:
            raise Both
