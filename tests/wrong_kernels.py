"""Kernels with one mistake each, for tests of what is said and drawn of it."""

from tests.kernels import SmallKernel


class FreesEarly(SmallKernel):
    """Frees the frame of page 16 at the first fault of page 17, which gets it, and keeps the entry."""

    def page_fault(self, process, fault):
        first = process.page_table.get(16)
        if first is not None and self.hw.page_of(fault.address) == 17:
            self.hw.frames.free(first.frame)
        super().page_fault(process, fault)
