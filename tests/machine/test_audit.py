"""The audit: each invariant, broken by a kernel that does just that."""

import pytest

from grader.machine import Access, Protection, SegmentationFault
from grader.machine.machine import FileSpec, Machine
from reference.shared_memory import SharedMemoryKernel
from tests.kernels import SmallKernel

RW = Protection.READ | Protection.WRITE


def checks(machine):
    return [finding.check for finding in machine.observe().findings]


def booted(kernel, pages=1, **spec):
    """A machine whose process has mapped pages, at the beginning of a step."""
    machine = Machine(kernel, **spec)
    process = machine.spawn()
    machine.begin()
    machine.mmap(process, pages, RW)
    machine.observe()
    machine.begin()
    return machine, process


def touch(machine, process, page=16, access=Access.WRITE):
    machine.begin()
    return machine.access(process, page, 1, 0, access, [1])


def test_a_correct_kernel_has_no_findings():
    """Map, write, fork, write, exit: nothing is found at any step."""
    machine, process = booted(SmallKernel, pages=3)
    found = []
    for page in (16, 17):
        touch(machine, process, page)
        found += checks(machine)
    machine.begin()
    _, child = machine.fork(process)
    found += checks(machine)
    touch(machine, child)
    found += checks(machine)
    machine.begin()
    machine.exit(child)
    found += checks(machine)

    assert found == []


def test_a1_an_entry_of_a_freed_frame():
    """Freeing a frame that stays mapped is found at the end of the step."""

    class Freeing(SmallKernel):
        def page_fault(self, process, fault):
            super().page_fault(process, fault)
            self.hw.frames.free(process.page_table.get(16).frame)

    machine, process = booted(Freeing)
    touch(machine, process)

    assert checks(machine) == ["A1"]


def test_a7_a_frame_handed_out_again_behind_an_old_entry():
    """A frame that is freed while mapped and handed out again in the same step does not hide the old entry."""

    class Reusing(SmallKernel):
        def page_fault(self, process, fault):
            if self.hw.page_of(fault.address) == 17:
                self.hw.frames.free(process.page_table.get(16).frame)
            super().page_fault(process, fault)

    machine, process = booted(Reusing, pages=2)
    touch(machine, process, 16)
    touch(machine, process, 17)

    assert "A7" in checks(machine)


def test_a2_a_frame_that_nobody_maps():
    """A frame that was allocated and not mapped has no owner."""

    class Hoarding(SmallKernel):
        def page_fault(self, process, fault):
            self.hw.frames.allocate()
            super().page_fault(process, fault)

    machine, process = booted(Hoarding)
    touch(machine, process)

    assert checks(machine) == ["A2"]


def test_a2_a_frame_that_exit_forgot():
    """An exit that frees nothing leaves frames without owner."""

    class Forgetful(SmallKernel):
        def exit(self, process):
            pass

    machine, process = booted(Forgetful)
    touch(machine, process)
    machine.begin()
    machine.exit(process)

    assert checks(machine) == ["A2"]


def test_a3_a_writable_frame_with_two_users():
    """A fork that protects only the child is found at the fork, whichever side stays writable."""

    class HalfProtecting(SmallKernel):
        def fork(self, parent, child):
            super().fork(parent, child)
            parent.page_table.protect(16, RW)

    machine, process = booted(HalfProtecting)
    touch(machine, process)
    machine.begin()
    machine.fork(process)
    findings = machine.observe().findings

    assert [(f.check, f.entries) for f in findings] == [("A3", ((1, 16), (2, 16)))]


def test_a3_the_zero_frame_mapped_writable():
    """The zero frame belongs to everybody: mapping it writable is found even for a single entry."""

    class Generous(SmallKernel):
        def page_fault(self, process, fault):
            process.page_table.map(self.hw.page_of(fault.address), self.hw.zero_frame, RW)

    machine, process = booted(Generous, zero_page=True)
    touch(machine, process)

    assert checks(machine) == ["A3"]


def test_a3_a_page_cache_frame_mapped_writable_in_a_private_region():
    """A private mapping that writes into the page cache's own frame is found."""

    class Direct(SmallKernel):
        def page_fault(self, process, fault):
            page = self.hw.page_of(fault.address)
            frame = self.hw.frames.allocate()
            self.hw.files.read(self.of(process).find(page).file, 0, frame)
            process.page_table.map(page, frame, RW)

    machine = Machine(Direct, files=[FileSpec("notes", 1, (9,))])
    process = machine.spawn()
    machine.mmap(process, 1, RW, file="notes")
    touch(machine, process)

    assert checks(machine) == ["A3"]


def test_a4_more_rights_than_the_region():
    """An entry that may be written in a read-only region is found."""

    class Lavish(SmallKernel):
        def page_fault(self, process, fault):
            frame = self.hw.frames.allocate()
            process.page_table.map(self.hw.page_of(fault.address), frame, RW)

    machine = Machine(Lavish)
    process = machine.spawn()
    machine.mmap(process, 1, Protection.READ)
    touch(machine, process, access=Access.READ)

    assert checks(machine) == ["A4"]


def test_a4_an_entry_that_mprotect_left_alone():
    """Taking rights away must reach present pages: an untouched entry is looked at again."""

    class Lazy(SmallKernel):
        def mprotect(self, process, start, pages, protection):
            pass

    machine, process = booted(Lazy)
    touch(machine, process)
    machine.begin()
    machine.mprotect(process, 16, 1, Protection.READ)

    assert checks(machine) == ["A4"]


def test_a5_an_entry_that_munmap_left_behind():
    """An munmap that keeps the entry leaves it outside every region."""

    class Sloppy(SmallKernel):
        def munmap(self, process, start, pages):
            pass

    machine, process = booted(Sloppy)
    touch(machine, process)
    machine.begin()
    machine.munmap(process, 16, 1)

    assert checks(machine) == ["A5"]


class SharingKernel(SmallKernel):
    """Shared anonymous pages by page number, for all processes alike; frames live until the last region goes."""

    def __init__(self, hw):
        super().__init__(hw)
        self.shared = {}

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.of(process).find(page)
        if region is None:
            raise SegmentationFault
        if page not in self.shared:
            self.shared[page] = self.hw.frames.allocate()
            self.hw.frames.zero(self.shared[page])
        process.page_table.map(page, self.shared[page], region.protection)

    def fork(self, parent, child):
        self.regions[child] = self.of(parent).copy()

    def exit(self, process):
        self.regions.pop(process)
        if not self.regions:
            for frame in self.shared.values():
                self.hw.frames.free(frame)


def test_shared_memory_may_be_writable_by_all_and_unmapped_by_some():
    """A shared frame with two writers is right, and so is one without an entry while a region still shows it."""
    machine = Machine(SharingKernel)
    process = machine.spawn()
    machine.mmap(process, 1, RW, shared=True)
    _, child = machine.fork(process)
    found = []
    for one in (process, child):
        touch(machine, one)
        found += checks(machine)
    machine.begin()
    machine.exit(child)
    found += checks(machine)
    machine.begin()
    machine.exit(process)

    assert found + checks(machine) == []


def test_a_process_that_dies_in_the_step_leaves_what_it_shared_to_the_others():
    """A frame that a dying process brought into an object has an owner as long as another process shows the object."""
    machine, process = booted(SharingKernel)
    machine.mmap(process, 1, RW, shared=True)
    page = machine.start // 8
    machine.fork(process)
    machine.observe()
    machine.begin()

    # The second page lies in no region: the process brings the first, and dies at the second.
    assert machine.access(process, page, 2, 0, Access.WRITE, [1, 1]) == "segv"
    assert checks(machine) == []


def test_a2_a_shared_frame_that_outlives_its_last_region():
    """When the last region of a shared object goes, its frames have no owner any more."""

    class Keeping(SharingKernel):
        def exit(self, process):
            self.regions.pop(process)

    machine = Machine(Keeping)
    process = machine.spawn()
    machine.mmap(process, 1, RW, shared=True)
    touch(machine, process)
    machine.begin()
    machine.exit(process)

    assert checks(machine) == ["A2"]


@pytest.mark.parametrize("order", ["lowest", "stride", "random"])
def test_findings_do_not_depend_on_the_allocation_order(order):
    """The same broken fork is found whatever frames are called."""

    class Open(SmallKernel):
        def fork(self, parent, child):
            super().fork(parent, child)
            child.page_table.protect(16, RW)

    machine, process = booted(Open, allocation=order, seed=3)
    touch(machine, process)
    machine.begin()
    machine.fork(process)

    assert checks(machine) == ["A3"]


def test_a2_an_object_has_a_page_from_its_first_entry_on():
    """A frame of shared memory whose first entry could not be made is ownerless, whatever the kernel's object holds."""

    class Keeps(SharedMemoryKernel):
        def first_touch(self, process, page, region, access):
            frame = self.object_frame(region, page)
            process.page_table.map(page, frame, region.protection)
            self.references[frame] += 1

    found = {}
    for kernel in (SharedMemoryKernel, Keeps):
        machine = Machine(kernel)
        process = machine.spawn()
        machine.begin()
        machine.mmap(process, 1, RW, shared=True)
        machine.fork(process)
        machine.observe()
        machine.begin()
        machine.failure.arm("map", 0)
        machine.access(process, 16, 1, 0, Access.WRITE, [1])
        found[kernel] = checks(machine)

    assert found == {SharedMemoryKernel: [], Keeps: ["A2"]}
