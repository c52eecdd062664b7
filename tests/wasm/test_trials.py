"""`grader verify` certifies no kernel in C that uses numbers and addresses as more than names."""

import pytest

from grader.grade.boxes import RESERVED_MIB
from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.sandbox.inside.wasm_journal import Call, Operation
from grader.sandbox.inside.wasm_runtime import FUEL, MEMORY, Program
from grader.sandbox.inside.wasm_trials import Trial, Trials
from grader.verify.verify import verify_submission
from grader.verify.words import headline, remarks
from grader.wasm.compiler import compile_kernel
from tests.marks import proofs_except

PAGE_FAULT = "int kernel_page_fault(process_t process, const struct page_fault *fault) {\n"
MUNMAP = "int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {\n"
EXIT = "void kernel_exit(process_t process) {\n"

WORLD = World("two", (Mapped("P", {"name": "h", "pages": 2}),), 1, verbs=("write", "munmap"))

#: What a kernel does -> the function in which it does so, and its code in front and inside.
USES = {
    "compares frames in a call that changes nothing": (
        MUNMAP,
        "",
        "pte_t low, high; page_t first_page = fl_page_of(start);"
        "if (pages == 0 && fl_lookup(process, first_page, &low) && fl_lookup(process, first_page + 1, &high))"
        "    if (low.frame > high.frame) return 0;",
    ),
    "compares frames when a process ends": (
        EXIT,
        "",
        "page_t one, two; pte_t low, high;"
        "if (fl_next_page(process, 0, &one) && fl_next_page(process, one + 1, &two)) {"
        "    fl_lookup(process, one, &low), fl_lookup(process, two, &high);"
        "    if (low.frame > high.frame) return; }",
    ),
    "finds out that an address comes again": (
        PAGE_FAULT,
        "static bool again;",
        "if (again) return -FL_NOMEM;"
        "size_t old = (size_t)malloc(8); free((void *)old);"
        "size_t next = (size_t)malloc(8); again = old == next; free((void *)next);",
    ),
    "compares addresses": (
        PAGE_FAULT,
        "static char *p, *q;",
        "if (!p) p = malloc(8), q = malloc(8);"
        "if ((size_t)p > (size_t)q) return -FL_NOMEM;"
        "char *low = malloc(8), *high = malloc(8); free(p), free(q), p = high, q = low;",
    ),
    "counts far behind a block": (
        PAGE_FAULT,
        "static int *n;",
        "if (!n) n = malloc(4); if (++n[1000] == 3) return -FL_NOMEM;",
    ),
    "takes frame 0 for none": (
        PAGE_FAULT,
        "",
        "frame_t got = fl_allocate(); if (got <= 0) return -FL_NOMEM; fl_free(got);",
    ),
    "takes process 1 for the first": (PAGE_FAULT, "", "if (process == 1) return -FL_NOMEM;"),
    "loses blocks": (
        PAGE_FAULT,
        "",
        "int *lost = malloc(9000000); if (!lost) return -FL_NOMEM; lost[-1] = lost[-2] = 0;",
    ),
}


@pytest.fixture(scope="module")
def session(request):
    with Session(load_lab(request.config.rootpath / "labs" / "demand-paging")) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(request):
    return (request.config.rootpath / "reference" / "c" / "demand-paging.c").read_text()


def verify(session, text, steps):
    submission = Submission("", KernelSource({"kernel": text}, "kernel", "", "c"))
    return verify_submission(session, WORLD, submission, steps)


def test_the_model_answer_passes_all_trials(session, model):
    """It is merged and its world closes, which shows that the kernels below are told from it."""
    outcome = verify(session, model, None).outcome

    assert (outcome.merged, outcome.closed, outcome.difference, outcome.reason) == (True, True, None, "")


@pytest.mark.parametrize("use", proofs_except(list(USES)[::3], USES))
def test_a_kernel_that_uses_more_than_names_has_no_certificate(session, model, use):
    """The difference is found, and grading confirms it."""
    function, before, code = USES[use]
    assert function in model
    found = verify(session, model.replace(function, f"{before}\n{function}    {code}\n"), 4)

    assert not found.outcome.closed
    assert found.outcome.difference is not None and found.attempt.verdict in ("failed", "crashed")


def test_what_a_trial_of_the_first_call_says_is_told(session, model):
    """No state can be saved then; the kernel is explored in order, in which it has no such high number."""
    function = "int kernel_mmap(process_t process, const struct region *region) {\n"
    assert function in model
    outcome = verify(
        session, model.replace(function, f"{function}    if (process > 3200) return -FL_INVAL;\n"), 3
    ).outcome

    assert (outcome.merged, outcome.difference, outcome.reason) == (True, None, "")


ONE_PAGE = World(
    "one", (Mapped("P", {"name": "h", "pages": 1}),), 1, verbs=("read", "write", "munmap"), failures=("allocate",)
)


def changed(model, *pairs):
    for old, new in pairs:
        assert old in model
        model = model.replace(old, new)
    return Submission("", KernelSource({"kernel": model}, "kernel", "", "c"))


def test_a_kernel_that_uses_numbers_is_told_the_shortest_difference(session, model):
    """With high numbers a longer one is found first, which excludes no shorter one."""
    submission = changed(
        model,
        (MUNMAP, f"{MUNMAP}    if (pages == 0 && process == 1) return 0;\n"),
        ("if (frame < 0) return frame;", "if (frame < 0) return -FL_SEGV;"),
    )
    outcome = verify_submission(session, ONE_PAGE, submission, 4).outcome

    assert [step.verb for step in outcome.difference.steps] == ["mmap", "munmap"]
    assert (outcome.merged, outcome.steps) == (False, 0)


@pytest.mark.proof
def test_a_difference_is_told_though_replay_would_not_come_so_far(session, model):
    """It shows after ten steps, and a run from the beginning has it, too. Those that were replayed are fewer."""
    code = """    if (pages == 0 && n < 8) { n++; return -FL_INVAL; }
    if (n == 8 && !regions[process].count) {
        if (pages == 0) return 0;
        if (pages == 2 && process == 1) fl_lookup(process, 77, NULL);
    }
"""
    world = World("two", (Mapped("P", {"name": "h", "pages": 2}),), 1, verbs=("read", "munmap"))
    found = verify_submission(session, world, changed(model, (MUNMAP, f"static int n;\n{MUNMAP}{code}")), None)

    assert (found.outcome.merged, len(found.outcome.difference.steps), found.attempt.verdict) == (False, 11, "failed")
    assert found.outcome.steps < 10
    assert headline(found.outcome) == "a scenario with a difference; none of up to 4 steps has one"
    assert remarks(found.outcome)[0].startswith("There may be a shorter one, because this kernel ")


def test_what_the_mappings_show_is_told_without_any_step(session, model):
    """Only process 1 leaves a frame behind, so only a trial shows it."""
    submission = changed(model, (EXIT, f"{EXIT}    if (process == 1) fl_allocate();\n"))
    found = verify_submission(session, ONE_PAGE, submission, 0)

    assert found.outcome.difference is not None and found.attempt.verdict == "failed"


def test_a_kernel_with_much_memory_is_merged(session, model):
    """The address space that seven instances reserve is there in addition to what they use."""
    text = '#include "forklab.h"\n'
    outcome = verify_submission(session, ONE_PAGE, changed(model, (text, f"{text}char room[16 << 20];\n")), 1).outcome

    assert (outcome.merged, outcome.difference, outcome.reason) == (True, None, "")


def test_the_reserved_address_space_is_that_of_all_instances():
    """The kernel itself, all trials, and the instance with other names; a constant outside of the sandbox says so."""
    compiled = compile_kernel(FAR)
    trials = Trials(Program(compiled.module), range(4), None, False)

    assert (2 + len(trials.all)) * MEMORY == RESERVED_MIB << 20


@pytest.mark.proof
def test_a_relation_of_processes_and_frames_is_noticed(root):
    """Whether the lower process has the lower frame stays the same if both orders are turned round at once."""
    model = (root / "reference" / "c" / "copy-on-write.c").read_text()
    function = "int kernel_mprotect(process_t process, uint64_t start, uint32_t pages, int protection) {\n"
    code = """    pte_t mine, theirs;
    if (fl_lookup(process, fl_page_of(start), &mine) && mine.dirty && !mine.cow)
        for (process_t other = 1; other < FL_PROCESSES; other++)
            if (other != process && regions[other].count && fl_lookup(other, fl_page_of(start), &theirs))
                if (theirs.dirty && !theirs.cow && (process < other) != (mine.frame < theirs.frame)) return -FL_NOMEM;
"""
    assert function in model
    with Session(load_lab(root / "labs" / "copy-on-write")) as session:
        submission = Submission(
            "", KernelSource({"kernel": model.replace(function, function + code)}, "kernel", "", "c")
        )
        world = World(
            "forks",
            (Mapped("P", {"name": "h", "pages": 1}),),
            verbs=("write", "fork", "mprotect"),
            protections=("r--",),
        )
        found = verify_submission(session, world, submission, 5)

    assert found.outcome.difference is not None and found.attempt.verdict == "failed"


#: A kernel that changes something far away in kernel_mmap, if there are pages, and changes it back in kernel_munmap.
FAR = """#include "forklab.h"
static char far[100000];
int kernel_mmap(process_t process, const struct region *region) { far[50000] = region->pages; return 0; }
int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {
    bool seen = far[50000];
    far[50000] = 0;
    return seen ? -FL_NOMEM : 0;
}
"""


@pytest.fixture(scope="module")
def far():
    """A trial of that kernel and the state after a first call, from which another one has changed what is far away."""
    compiled = compile_kernel(FAR)
    assert compiled.module, compiled
    trial = Trial(Program(compiled.module), lambda pid: pid, {})
    asked = Operation("page_size", (), 64), Operation("zero_frame", (), -1)
    assert trial.repeat(trial.start, (Call("mmap", (1, 128, 0, 3, 0), asked, 0),), FUEL)
    state = trial.snapshot()
    assert trial.repeat(state, (Call("mmap", (1, 128, 1, 3, 0), (), 0),), FUEL)
    return trial, state


@pytest.mark.parametrize(("result", "same"), [(-2, False), (0, True)])
def test_a_trial_sees_nothing_of_what_an_earlier_one_has_changed(far, result, same):
    """Not where nothing had ever changed before, and though its own call changes it back."""
    trial, state = far

    assert trial.repeat(state, (Call("munmap", (1, 128, 1), (), result),), FUEL) is same
    assert trial.snapshot() == state
