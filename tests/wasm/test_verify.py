"""Kernels in C in `grader verify` and `grader fuzz`: their state is their memory, saved, put back and compared."""

import pytest

from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.machine.machine import Machine
from grader.machine.protection import Protection
from grader.machine.region import Region
from grader.replay.simulated import Replay
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_runtime import FUEL, Program
from grader.sandbox.inside.wasm_state import CompiledState
from grader.sandbox.inside.worker import Recorder
from grader.verify.explore import explore
from grader.verify.knowing import KnowingSide
from grader.verify.verify import verify_all, verify_submission, worlds
from grader.wasm.compiler import compile_kernel
from tests.marks import proofs_except
from tests.scenario.test_loader import parse

FORKS = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("write", "fork", "exit"))
SMALL = World("small", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("read", "write", "fork", "exit"))


@pytest.fixture(scope="module")
def session(request):
    root = request.config.rootpath
    with Session(load_lab(root / "labs" / "copy-on-write")) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(request):
    return (request.config.rootpath / "reference" / "c" / "copy-on-write.c").read_text()


def verify(session, text, steps, world=SMALL):
    submission = Submission("", KernelSource({"kernel": text}, "kernel", "", "c"))
    return verify_submission(session, world, submission, steps)


def test_a_world_closes(session, model):
    """A certificate for scenarios of any length, as for a kernel in Python."""
    outcome = verify(session, model, None, FORKS).outcome

    assert (outcome.merged, outcome.closed, outcome.difference, outcome.reason) == (True, True, None, "")


def test_a_kernel_in_c_has_no_more_states_than_one_in_python(session, model):
    """Which process came first, and where its blocks lie, makes no state a new one."""
    reference = reference_kernel(session.lab)

    assert verify(session, model, None).outcome.states == explore(SMALL, reference, reference).states


def test_a_world_is_explored_alike_after_others_in_one_process(root):
    """Nothing is left of a world in the process, which goes on with the next; nor does its memory run out."""
    text = (root / "reference" / "c" / "demand-paging.c").read_text()
    text = text.replace('#include "forklab.h"\n', '#include "forklab.h"\nchar room[16 << 20];\n', 1)
    submission = Submission("", KernelSource({"kernel": text}, "kernel", "", "c"))
    with Session(load_lab(root / "labs" / "demand-paging")) as opened:
        first, second = [world for world in worlds(opened.lab) if world.name in ("one-page", "read-only")]
        alone = [verify_submission(opened, world, submission, None).outcome for world in (first, second)]
        spawned = opened.explorer("c")._spawned
        together = [found.outcome for found in verify_all(opened, [first, second] * 3, submission, None)]
        processes = opened.explorer("c")._spawned - spawned

    assert together == alone * 3 and all(outcome.closed for outcome in alone)
    assert processes == 1


def test_a_process_whose_memory_was_full_gets_no_further_world(session, model, monkeypatch):
    """It would say so of the next one at once: it only knows the most that it has ever used."""

    def check(self, *arguments):
        check_elsewhere(self, *arguments)
        self.full = True

    check_elsewhere = KnowingSide.check_elsewhere
    monkeypatch.setattr(KnowingSide, "check_elsewhere", check)
    submission = Submission("", KernelSource({"kernel": model}, "kernel", "", "c"))
    spawned = session.explorer("c")._spawned
    found = [one.outcome.reason for one in verify_all(session, [SMALL, FORKS], submission, 0)]

    assert (found, session.explorer("c")._spawned - spawned) == (["", ""], 2)


@pytest.mark.proof
@pytest.mark.parametrize("lab", ["demand-paging", "copy-on-write", "shared-memory"])
def test_the_worlds_close_that_close_in_python(root, lab):
    """The model answers in C are right in scenarios of any length, as the references in Python are: in small worlds."""
    text = (root / "reference" / "c" / f"{lab}.c").read_text()
    with Session(load_lab(root / "labs" / lab)) as opened:
        reference = reference_kernel(opened.lab)
        for world in [world for world in worlds(opened.lab) if world.pages == 1][:3]:
            closed = explore(world, reference, reference).closed
            found = verify(opened, text, None, world)
            assert found.outcome.difference is None, world.name
            assert (found.outcome.merged, found.outcome.closed) == (True, closed), world.name


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("int readable = entry->protection & ~PROT_WRITE;", "int readable = entry->protection;", "failed"),
        ("static int first_write(", "static int other(void) { return 0; }\nstatic int first_write(", "passed"),
        ("    free(entries);\n", "    free((char *)entries + 16);\n", "crashed"),
    ],
)
def test_a_difference_is_found_and_confirmed(session, model, old, new, verdict):
    """The shortest scenario is tried again from the beginning, in the usual worker."""
    assert old in model
    found = verify(session, model.replace(old, new, 1), 3)

    assert (found.attempt.verdict if found.attempt else "passed") == verdict
    assert (found.outcome.difference is None) == (verdict == "passed")


FORK = "int kernel_fork(process_t parent, process_t child) {\n"

#: Where a kernel counts its forks, the third of which fails -> before the function, and the count.
COUNTS = {
    "a variable": ("static int n;", "++n == 3"),
    "a variable of a function": ("static int next(void) { static int n; return ++n; }", "next() == 3"),
    "a block": ("static int *n;", "(n = n ? n : malloc(4)) && ++*n == 3"),
    "a block that is free": ("static int *n;", "(n ? 0 : (free(n = malloc(4096)), n[900] = 0)), ++n[900] == 3"),
    "the number of blocks": ("struct node { struct node *next; } *all;", "count() == 3"),
    "a process that has ended": ("static int was[FL_PROCESSES];", "was[child] = 1, sum() == 3"),
    "the header of a block": ("static int *n;", "(n = n ? n : malloc(4)), ++n[-2] == 3"),
    "the number of a process": ("static process_t first;", "(first = first ? first : child), child == first + 2"),
    "the last process": ("static process_t last, n;", "(n += last && child > last), last = child, n == 2"),
    "a null pointer": ("", "++*(volatile int *)(4 * (parent == 0)) == 3"),
    "the bits of a number that is none": (
        "static union { float f; int n; } x = {.n = 0x7fc00000};",
        "++x.n == 0x7fc00003",
    ),
    "an address": ("static char *last; static int n;", "free(last), last = malloc(8), (n += 1) == 3"),
}

#: Functions that some of them need.
HELPERS = {
    "the number of blocks": """
static int count(void) {
    struct node *more = malloc(sizeof *more);
    int n = 0;
    more->next = all;
    all = more;
    for (struct node *at = all; at; at = at->next) n++;
    return n;
}
""",
    "a process that has ended": """
static int sum(void) {
    int n = 0;
    for (int i = 0; i < FL_PROCESSES; i++) n += was[i];
    return n;
}
""",
}


@pytest.mark.parametrize("place", proofs_except(list(COUNTS)[::3], COUNTS))
def test_what_a_kernel_keeps_is_part_of_its_state_wherever_it_is(session, model, place):
    """The third fork fails: states that differ only in the number of forks so far are not taken for one."""
    before, count = COUNTS[place]
    text = model.replace(FORK, f"{before}\n{HELPERS.get(place, '')}\n{FORK}    if ({count}) return -FL_NOMEM;\n")
    world = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("fork", "exit"))
    found = verify(session, text, 6, world)

    assert found.outcome.difference is not None and found.attempt.verdict == "failed"
    assert [step.verb for step in found.outcome.difference.steps].count("fork") == 3


#: A search of all processes, from the lowest number, for another one that has a frame.
SEARCH = """
static bool used_elsewhere(process_t process, frame_t frame) {
    for (process_t other = 1; other < FL_PROCESSES; other++) {
        page_t page = 0;
        pte_t entry;
        for (; regions[other].count && other != process && fl_next_page(other, page, &page); page++)
            if (fl_lookup(other, page, &entry) && entry.frame == frame) return true;
    }
    return false;
}
"""


@pytest.mark.proof
def test_a_kernel_that_looks_for_the_lowest_number_keeps_their_order(session, model):
    """One that searches the tables of all processes closes, too: with the order of their numbers kept."""
    counted = "references[old] == 1"
    text = model.replace("/* Give the writer a frame", SEARCH + "/* Give the writer a frame", 1)
    text = text.replace(counted, "!used_elsewhere(process, old)")
    assert counted in model
    outcome = verify(session, text, None, FORKS._replace(processes=3)).outcome

    assert (outcome.merged, outcome.closed, outcome.difference, outcome.reason) == (True, True, None, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("regions[FL_PROCESSES];", "regions[64];"),
        ("references[FL_FRAMES];", "references[17];"),
        (FORK, f"{FORK}    if (child > 64) return -FL_NOMEM;\n"),
    ],
)
def test_a_kernel_with_room_for_few_numbers_is_told_that(session, model, old, new):
    """It passes the scenarios of a lab, where numbers are low; it has done nothing else after a state was put back."""
    assert old in model
    found = verify(session, model.replace(old, new), 2, SMALL)

    assert (found.outcome.merged, found.outcome.difference) == (False, None)
    assert found.outcome.reason == (
        "did something else with high numbers of processes (from 3001 on) and frames (from 96 on) than with low ones; "
        "arrays need room for FL_PROCESSES and FL_FRAMES of them"
    )


#: Ways to keep a number of faults outside of what is compared -> what the compiler is not even asked.
BEYOND = {
    "the size of the memory": ("", "__builtin_wasm_memory_grow(0, 1) == 3", "__builtin_wasm_memory_grow"),
    "pages of its own": (
        "static int *n;",
        "(n = n ? n : (int *)(__builtin_wasm_memory_grow(0, 1) << 16)), ++*n == 3",
        "__builtin_wasm_memory_grow",
    ),
    "the stack": ("", "({ volatile int n[900] __attribute__((uninitialized)); ++n[0]; }) == 3", "uninitialized"),
    "what is called the stack": ("char __stack_low[64] = {1};", "++__stack_low[32] == 3", "__stack_low"),
    "where no block lies yet": ("extern int __heap_base;", "++(&__heap_base)[900] == 3", "__heap_base"),
}


@pytest.mark.parametrize("place", BEYOND)
def test_a_kernel_cannot_keep_anything_beyond_what_c_promises(model, place):
    """It does not compile, and the message names the line and the word."""
    before, count, word = BEYOND[place]
    text = model.replace(FORK, f"{before}\n{FORK}    if ({count}) return -FL_NOMEM;\n")
    told = compile_kernel(text)
    line = text[: text.index(word)].count("\n") + 1

    assert not told.module
    assert told.errors[0][0] == line and told.errors[0][1].startswith(f"{word}: ")


def test_a_state_is_put_back_byte_for_byte(model):
    """Also after a trap, which leaves the stack pointer where it was; with its size, and all the fuel."""
    program = Program(compile_kernel(model).module)
    kernels = []
    machine = Machine(lambda hw: kernels.append(WasmKernel(hw, program)) or kernels[-1])
    (kernel,) = kernels
    state, memory = CompiledState(kernel, range(96, 104), None), kernel.instance
    beginning = state.memory.chunks()
    process = machine.spawn()
    kernel.instance.call("mmap", process.pid, 128, 2, 3, 0)
    after = state.memory.chunks()
    used, size = memory.used, memory.size()
    memory.grow(size + 1)
    state.memory.restore(beginning, size)
    again = state.memory.chunks(), memory.size()
    memory.stopped = True
    state.memory.restore(after, size + (1 << 16))

    assert beginning == {} and again == ({}, size) and after
    assert (state.memory.chunks(), memory.size()) == (after, size + (1 << 16))
    assert memory.used < used < FUEL


def test_an_earlier_call_leaves_nothing_on_the_stack(model):
    """In a run as in `grader verify`: also for a variable whose declaration is jumped over, which has no value."""
    more = "int more(int k) { switch (k) { volatile int n[900]; case 1: return ++n[0]; } return 0; }"
    text = model.replace(FORK, f"__attribute__((noinline)) {more}\n{FORK}    return more(1);\n")
    kernels = []
    machine = Machine(lambda hw: kernels.append(WasmKernel(hw, Program(compile_kernel(text).module))) or kernels[-1])
    parent = machine.spawn().pid

    assert len({kernels[0].instance.call("fork", parent, parent + 1 + n) for n in range(3)}) == 1


def test_fuel_does_not_add_up(model):
    """What a kernel may use after a state is put back is what it might use when that was saved."""
    program = Program(compile_kernel(model).module)
    replay = Replay(parse(), lambda hw: Recorder(WasmKernel(hw, program), [], None, hw.page_size))
    kernel = replay.machine.kernel.kernel
    saved = CompiledState(kernel, range(96, 104), None).save(replay)
    (process,) = replay.machine.processes.values()
    kernel.mmap(process, Region(16 * 8, 300, Protection.parse("rw-")))
    more = kernel.instance.fuel
    saved.restore()

    assert more > kernel.instance.fuel == FUEL
    assert (kernel.mapped, kernel.instance.used) == (0, 0)


def test_a_random_scenario_is_tried_on_a_kernel_in_c(cli, root, model, tmp_path):
    """`grader fuzz --submission` finds a scenario on which a kernel in C differs, and writes it."""
    pytest.importorskip("hypothesis")
    broken = model.replace("int readable = entry->protection & ~PROT_WRITE;", "int readable = entry->protection;")
    (tmp_path / "kernel.c").write_text(broken)
    status, told, _ = cli(
        "fuzz",
        root / "labs" / "copy-on-write",
        "--submission",
        tmp_path / "kernel.c",
        "--examples",
        60,
        "--seed",
        1,
        "--output",
        tmp_path / "found.yaml",
    )

    assert status == 1, told
    assert (tmp_path / "found.yaml").read_text().startswith("format: 1")
