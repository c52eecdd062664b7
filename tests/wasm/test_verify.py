"""Kernels in C in `grader verify` and `grader fuzz`: their state is their memory, saved, put back and compared."""

import pytest

pytest.importorskip("wasmtime", reason="wasmtime not installed (pip install 'forklab[c]')")

from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.machine.machine import Machine
from grader.machine.protection import Protection
from grader.machine.region import Region
from grader.replay.simulated import Replay
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_memory import CompiledState
from grader.sandbox.inside.wasm_runtime import FUEL, Program
from grader.sandbox.inside.worker import Recorder
from grader.verify.verify import verify_submission
from grader.wasm.compiler import compile_kernel
from tests.scenario.test_loader import parse

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


def test_states_are_merged(session, model):
    """All scenarios of five steps, with fewer runs than scenarios, and no difference."""
    outcome = verify(session, model, 5).outcome

    assert (outcome.merged, outcome.difference, outcome.steps) == (True, None, 5)
    assert outcome.edges < outcome.scenarios


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


def test_the_size_of_the_memory_is_part_of_the_state(session, model):
    """A kernel that counts its faults in pages of memory has as many states as one that counts them in a variable."""
    handler = "int kernel_page_fault(process_t process, const struct page_fault *fault) {\n"
    counted = model.replace(handler, f"{handler}    __builtin_wasm_memory_grow(0, 1);\n")
    world = World("one", (Mapped("P", {"name": "h", "pages": 1}),), 1, verbs=("read", "munmap", "mmap"))

    assert counted != model
    assert verify(session, model, 9, world).outcome.closed
    assert not verify(session, counted, 9, world).outcome.closed


def test_a_state_is_put_back_byte_for_byte(model):
    """Also after a trap, which leaves the stack pointer where it was; with its size, and all the fuel."""
    program = Program(compile_kernel(model).module)
    kernels = []
    machine = Machine(lambda hw: kernels.append(WasmKernel(hw, program)) or kernels[-1])
    (kernel,) = kernels
    state, memory = CompiledState(kernel), kernel.instance
    process = machine.spawn()
    beginning = state._memory.chunks()
    kernel.instance.call("mmap", process.pid, 128, 2, 3, 0)
    after = state._memory.chunks()
    used, size = memory.used, memory.size()
    memory.grow(size + 1)
    state._memory.restore(beginning, size)
    again = state._memory.chunks(), memory.size()
    memory.stopped = True
    state._memory.restore(after, size + (1 << 16))

    assert beginning == {} and again == ({}, size) and after
    assert (state._memory.chunks(), memory.size()) == (after, size + (1 << 16))
    assert memory.used < used < FUEL


def test_fuel_does_not_add_up(model):
    """What a kernel may use after a state is put back is what it might use when that was saved."""
    program = Program(compile_kernel(model).module)
    replay = Replay(parse(), lambda hw: Recorder(WasmKernel(hw, program), [], None, hw.page_size))
    kernel = replay.machine.kernel.kernel
    saved = CompiledState(kernel).save(replay)
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
