"""States as rows, boxes and arrows."""

from grader.machine import OutOfMemory, Protection
from grader.machine.entry import FRAME_SHIFT
from grader.replay.simulated import replay
from grader.view.layout import ROWS, SHAPES, arrange_all, moments, picture_after, pictures
from grader.view.sight import OUT, PROTECTED, READ_ONLY, UNTOUCHED, WRITABLE
from grader.view.svg import described, svg_file
from grader.view.text import text
from reference.file_backed import FileBackedKernel
from tests.kernels import SmallKernel
from tests.view.runs import lab_of, recorded, replayed
from tests.wrong_kernels import FreesEarly

READ_WRITE = Protection.READ | Protection.WRITE

FORK = (
    "mmap: {by: P, name: h, pages: 2}",
    "write: {by: P, at: h, values: [5, 6]}",
    "fork: {by: P, child: C}",
    'write: {by: C, at: "h[1]", value: 7}',
)


def drawn(run, step):
    """Return the picture after a step of a scenario and its trace."""
    scenario, trace = run
    return picture_after(scenario, trace.pids, trace.steps, step)


def rows(picture):
    """Return label, access and frame of every row, by process."""
    return {
        space.name: [
            (row.label, row.page.access, picture.boxes[row.box].name if row.box is not None else "")
            for row in space.rows
        ]
        for space in picture.left + picture.right
    }


def test_after_a_fork_both_sides_lead_to_the_same_frames_and_are_protected():
    """The region may be written and the entry may not: that is what the picture has to show."""
    picture = drawn(replayed(*FORK), 3)

    both = [("h[0]", PROTECTED, "a"), ("h[1]", PROTECTED, "b")]
    assert rows(picture) == {"P": both, "C": both}
    assert {row.page.region for space in picture.left + picture.right for row in space.rows} == {"rw-"}
    assert [box.users for box in picture.boxes] == [("P:h[0]", "C:h[0]"), ("P:h[1]", "C:h[1]")]


def test_a_write_of_the_child_leads_its_page_elsewhere_and_only_that_is_marked():
    """The frame of the copy and the entry of the writer are new; everything else is as it was."""
    picture = drawn(replayed(*FORK), 4)

    assert rows(picture)["C"] == [("h[0]", PROTECTED, "a"), ("h[1]", WRITABLE, "c")]
    marked = [(space.name, row.label) for space in picture.left + picture.right for row in space.rows if row.changed]
    assert marked == [("C", "h[1]")]
    assert [(box.name, box.shown) for box in picture.boxes if box.changed] == [("c", "7")]


def test_kinds_of_regions_are_named():
    """Code, constants and heap are told apart by rights and names."""
    picture = drawn(recorded("copy-on-write", "three-sections"), 11)

    (left,) = picture.left
    assert [row.page.kind for row in left.rows] == ["code", "read-only data", "heap"]
    assert [row.page.access for row in left.rows] == [READ_ONLY, READ_ONLY, PROTECTED]


def test_a_thousand_pages_are_three_rows_where_the_child_wrote_half():
    """Runs are cut where frames stop being shared, on both sides, and are counted."""
    picture = drawn(recorded("copy-on-write", "fork-faults"), 5)

    assert rows(picture) == {
        "parent": [("buffer[0:512]", PROTECTED, "a..sr"), ("buffer[512:1024]", PROTECTED, "ss..amj")],
        "child": [("buffer[0:512]", PROTECTED, "a..sr"), ("buffer[512:1024]", WRITABLE, "amk..bgb")],
    }
    assert [(box.many, box.shown) for box in picture.boxes] == [(512, "7"), (512, "7"), (512, "8")]


def test_a_run_ends_where_a_change_begins():
    """Pages that look alike now are two rows if the step made only some of them so."""
    steps = (
        "mmap: {by: P, name: h, pages: 20}",
        'write: {by: P, at: "h[0:10]", value: 1}',
        'write: {by: P, at: "h[10:20]", value: 1}',
    )
    (space,) = drawn(replayed(*steps, machine="{frames: 32}"), 3).left

    assert [(row.label, row.changed) for row in space.rows] == [("h[0:10]", False), ("h[10:20]", True)]


def test_a_run_ends_where_others_see_its_frames_elsewhere():
    """Two mappings show the halves of a file the other way round: a row never leads into the middle of a box."""
    steps = (
        "mmap: {by: P, name: all, pages: 20, file: f, shared: true}",
        "mmap: {by: P, name: second, pages: 10, file: f, shared: true, offset: 10}",
        "mmap: {by: P, name: first, pages: 10, file: f, shared: true}",
        "read: {by: P, at: all}",
        "read: {by: P, at: second}",
        "read: {by: P, at: first}",
        "read: {by: P, at: first}",
    )
    files = "{f: {pages: 20, writable: true}}"
    picture = drawn(replayed(*steps, machine="{frames: 32}", files=files, kernel=FileBackedKernel), 7)

    assert [(row.label, row.box) for row in picture.left[0].rows] == [
        ("all[0:10]", 0),
        ("all[10:20]", 1),
        ("second[0:10]", 1),
        ("first[0:10]", 0),
    ]


def test_eight_processes_stand_four_on_a_side():
    """The order of creation goes down the left side first."""
    picture = drawn(recorded("copy-on-write", "eight-processes-one-page"), 12)

    assert [space.name for space in picture.left] == ["P", "A", "B", "C"]
    assert [space.name for space in picture.right] == ["D", "E", "F", "G"]
    assert [(box.name, len(box.users)) for box in picture.boxes] == [("a", 5), ("b", 1), ("c", 1), ("d", 1)]


def test_pages_without_an_entry_are_one_row_and_lead_nowhere():
    """What nobody has touched is promised, not there."""
    picture = drawn(replayed("mmap: {by: P, name: h, pages: 3}", 'write: {by: P, at: "h[0]", value: 1}'), 2)

    assert rows(picture)["P"] == [("h[0]", WRITABLE, "a"), ("h[1:3]", UNTOUCHED, "")]


def test_pages_that_are_out_lead_to_slots():
    """Swap is a place like a frame, with contents."""
    picture = drawn(recorded("tlb", "round-and-round"), 5)

    assert [row[1:] for row in rows(picture)["P"][:2]] == [(OUT, "slot 2"), (OUT, "slot 0")]
    assert [box.shown for box in picture.boxes if box.slot] == ["1", "6"]


def test_the_page_cache_keeps_a_frame_that_no_page_leads_to():
    """A private page that is written first leaves its file's page in the cache."""
    picture = drawn(recorded("file-backed", "sections-of-a-program"), 10)

    assert [(box.cached, box.users) for box in picture.boxes if not box.users] == [("prog[3]", ())]


def test_folded_pages_of_a_file_are_named_together():
    """Those that a page leads to, and those that the page cache keeps on its own."""
    steps = ("mmap: {by: P, name: f, pages: 20, file: f}", 'write: {by: P, at: "f[0:8]", value: 7}')
    run = replayed(*steps, 'read: {by: P, at: "f[8:20]"}', machine="{frames: 40}", files="{f: {pages: 20}}",
                   kernel=FileBackedKernel)  # fmt: skip

    assert [(box.name, box.cached, box.many) for box in drawn(run, 3).boxes] == [
        ("b, d, f …", "", 8),
        ("q..ab", "f[8:20]", 12),
        ("a, c, e …", "f[0:8]", 8),
    ]


def test_pages_that_lead_to_one_frame_and_pages_of_no_mapping_are_folded():
    """What only a wrong kernel does: one frame for all pages, and entries where nothing was mapped."""

    class OneFrame(SmallKernel):
        """Maps one frame for every page, and a hundred pages more in advance."""

        def mmap(self, process, region):
            frame = self.hw.frames.allocate()
            for page in range(region.first_page, region.end_page + 100):
                process.page_table.map(page, frame, Protection.READ)
            raise OutOfMemory

    (space,) = drawn(replayed("mmap: {by: P, name: h, pages: 20}", kernel=OneFrame), 1).left

    assert [(row.label, row.pages, row.box) for row in space.rows] == [("page 16 and 119 more", 120, 0)]


def test_pages_have_rows_of_their_own_as_long_as_a_picture_has_room():
    """Rows and boxes count together: 13 pages in 13 frames are drawn one by one, 14 are folded."""
    for pages, count in ((SHAPES // 2, SHAPES // 2), (SHAPES // 2 + 1, 1)):
        run = replayed(f"mmap: {{by: P, name: h, pages: {pages}}}", "write: {by: P, at: h, value: 1}")
        assert len(drawn(run, 2).left[0].rows) == count


def test_a_stale_translation_is_shown_with_its_frame():
    """The TLB's word is added to the page table's."""
    scenario, trace = replayed(*FORK)
    pid, page = 1, next(iter(trace.steps[1].changes[1]))
    old = trace.steps[1].changes[pid][page]
    trace.steps[3] = trace.steps[3]._replace(stale={pid: {page: old}})
    (left,) = drawn((scenario, trace), 4).left

    assert left.rows[0].page.stale == "rw- a"
    assert old >> FRAME_SHIFT in {pte >> FRAME_SHIFT for pte in trace.steps[2].changes[pid].values()}


def test_long_address_spaces_say_how_much_is_left_out():
    """Pages that differ from one to the next cannot be folded; what is over is counted, its frames too."""
    steps = [f"mmap: {{by: P, name: m{n}, pages: 1}}" for n in range(ROWS + 3)]
    steps += [f"write: {{by: P, at: m{n}, value: {n}}}" for n in range(ROWS + 3)]
    picture = drawn(replayed(*steps, machine="{frames: 32}"), len(steps))

    assert len(picture.left[0].rows) == ROWS and picture.left[0].more == 3
    assert picture.unseen == 3


def test_every_arrow_leads_from_a_whole_row_to_a_whole_box():
    """In all scenarios of a lab, a row of n pages leads to a box of n frames that names the row's first page."""
    for scenario in lab_of("copy-on-write").scenarios:
        one, trace = recorded("copy-on-write", scenario.id)
        for picture in pictures(one, trace.pids, trace.steps):
            for space in picture.left + picture.right:
                for row in space.rows:
                    if row.box is not None:
                        box = picture.boxes[row.box]
                        assert row.pages == box.many, (scenario.id, picture.title)
                        assert f"{space.name}:{row.page.label}" in box.users, (scenario.id, picture.title)


def test_a_row_that_ends_for_the_sake_of_another_run_ends_with_its_sharers():
    """The other run shares no frame, so only one process's row ends there; here a box would be as long as the rest."""

    class Eager(SmallKernel):
        """Copies every page in fork, and then leaves the parent's sixth page write-protected."""

        def fork(self, parent, child):
            super().fork(parent, child)
            for page in child.page_table.pages():
                frame = self.hw.frames.allocate()
                self.hw.frames.copy(child.page_table.get(page).frame, frame)
                child.page_table.map(page, frame, READ_WRITE)
                parent.page_table.protect(page, READ_WRITE if page != parent.page_table.pages()[5] else Protection.READ)

    steps = ("mmap: {by: P, name: h, pages: 40}", "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}")
    scenario, trace = replayed(*steps, machine="{frames: 128}")
    other = replay(scenario, Eager)
    both = zip(*(moments(scenario, trace.pids, run.steps) for run in (trace, other)), strict=True)
    shared, copied = [arrange_all(*one) for one in both][2]

    for picture in (shared, copied):
        for space in (*picture.left, *picture.right):
            assert [row.label for row in space.rows] == ["h[0:5]", "h[5]", "h[6:40]"]
            assert [picture.boxes[row.box].many for row in space.rows] == [5, 1, 34]


def test_one_picture_is_the_same_as_all_of_them_in_a_row():
    """Drawing one step follows the steps before it without drawing them."""
    scenario, trace = replayed(*FORK)

    assert list(pictures(scenario, trace.pids, trace.steps)) == [drawn((scenario, trace), n) for n in range(1, 5)]


class FreesForAll(SmallKernel):
    """Frees the frames of a process that exits, although its child has them too."""

    def exit(self, process):
        for page in process.page_table.pages():
            self.hw.frames.free(process.page_table.get(page).frame)
            process.page_table.unmap(page)


FREED = (*FORK[:3], "exit: {by: P}")


def test_a_frame_that_was_freed_and_is_still_mapped_is_marked():
    """Its contents are gone, it is not in use, and nothing else is counted for it."""
    picture = drawn(replayed(*FREED, kernel=FreesForAll), 4)

    assert [(box.name, box.shown, box.freed) for box in picture.boxes] == [("a", "freed", True), ("b", "freed", True)]
    assert (picture.frames, picture.unseen) == (0, 0)
    assert " to a (freed)" in described(picture) and ">still mapped</tspan>" in svg_file(picture)
    assert text(picture)[1:] == ["h[0]     r-- cow         a freed", "h[1]     r-- cow         b freed"]


def test_freed_frames_and_others_are_not_one_row():
    """A long run of pages is folded apart where its frames were freed."""

    class FreesHalf(FreesForAll):
        def exit(self, process):
            for page in process.page_table.pages():
                if page < 24:
                    self.hw.frames.free(process.page_table.get(page).frame)
                process.page_table.unmap(page)

    steps = ("mmap: {by: P, name: h, pages: 20}", "write: {by: P, at: h, value: 5}", *FREED[2:])
    picture = drawn(replayed(*steps, machine="{frames: 32}", kernel=FreesHalf), 4)

    assert [(box.name, box.freed) for box in picture.boxes] == [("a..h", True), ("i..t", False)]


def test_a_frame_that_was_handed_out_again_is_in_use():
    """The page that kept its entry leads to the frame of another, which is not free."""

    steps = (FORK[0], 'write: {by: P, at: "h[0]", value: 5}', 'write: {by: P, at: "h[1]", value: 6}')
    picture = drawn(replayed(*steps, kernel=FreesEarly), 3)

    assert [box.freed for box in picture.boxes] == [False]


def test_cow_on_a_page_that_may_not_be_written_is_not_protected_until_the_next_write():
    """The next write kills the process, whatever mark the kernel has set."""

    class MarksAll(SmallKernel):
        def fork(self, parent, child):
            super().fork(parent, child)
            for process in (parent, child):
                for page in process.page_table.pages():
                    process.page_table.protect(page, Protection.READ, cow=True)

    steps = ("mmap: {by: P, name: c, pages: 1, protection: r--}", "read: {by: P, at: c}", FORK[2])
    picture = drawn(replayed(*steps, kernel=MarksAll), 3)

    assert [row.page.access for space in picture.left + picture.right for row in space.rows] == [READ_ONLY] * 2
