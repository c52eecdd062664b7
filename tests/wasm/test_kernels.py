"""Kernels in C against labs: model answers, and mistakes that only C has. Hostile ones are in tests/hostile/c."""

import pathlib
import re

import pytest

from grader import search_path
from grader.grade.runner import KernelSource
from grader.grade.session import open_session
from grader.grade.submission import Submission
from tests.labs import kernel_text
from tests.marks import proofs_except

LABS = ("demand-paging", "copy-on-write", "shared-memory")


ROOT = pathlib.Path(search_path.ROOT)


@pytest.fixture(scope="module")
def sessions():
    """A session for each lab; modules are kept in the user's cache from one test to the next."""
    opened = {}

    def session(lab):
        if lab not in opened:
            opened[lab] = open_session(str(ROOT / "labs" / lab))
        return opened[lab]

    yield session
    for one in opened.values():
        one.close()


@pytest.fixture(scope="module")
def model():
    """model(lab): the text of the model answer in C."""
    return lambda lab: (ROOT / "reference" / "c" / f"{lab}.c").read_text()


def attempt(session, text, name):
    """Try one scenario; return the attempt and what was printed."""
    runner = session.runner(Submission("", KernelSource({"kernel": text}, "kernel", "", "c")))
    scenario = next(s for s in session.lab.all_scenarios if s.id == name)
    found = session.attempt(runner, scenario)
    printed = runner.printed()
    runner.discard()
    return found, printed.text


@pytest.mark.proof
@pytest.mark.parametrize("lab", LABS)
def test_the_model_answer_earns_all_points(sessions, model, lab):
    """Every scenario passes, confined, with the outputs that the Python reference recorded."""
    session = sessions(lab)
    runner = session.runner(Submission("", KernelSource({"kernel": model(lab)}, "kernel", "", "c")))
    graded = session.grade(runner, session.lab.scenarios, session.lab.hidden)

    assert {g.attempt.verdict for g in graded} == {"passed"}


@pytest.mark.parametrize("lab", LABS)
def test_the_traces_are_those_of_the_python_reference(sessions, model, lab):
    """To the byte, frames included: both allocate and free in the same order, at every failure point."""
    from grader.lab.kernels import reference_kernel
    from grader.replay.simulated import replay
    from grader.sandbox.inside.wasm_kernel import WasmKernel
    from grader.sandbox.inside.wasm_runtime import Program
    from grader.trace.json_form import trace_to_json
    from grader.wasm.compiler import compile_kernel

    loaded = sessions(lab).lab
    program, reference = Program(compile_kernel(model(lab)).module), reference_kernel(loaded)
    for scenario in loaded.all_scenarios:
        for point in range(len(sessions(lab).recording(scenario).traces)):
            one = scenario.at_failure_point(point)
            ours, theirs = replay(one, lambda hw: WasmKernel(hw, program)), replay(one, reference)
            assert trace_to_json(ours) == trace_to_json(theirs), (scenario.id, point)


def test_a_scenario_passes(sessions, model):
    """The smallest proof that everything works together: compiled, confined, replayed, re-enacted, judged."""
    found, printed = attempt(sessions("copy-on-write"), model("copy-on-write"), "nobody-may-write-after-fork")

    assert (found.verdict, printed) == ("passed", "")


#: A mistake that only C has: what is written, what instead, and what the student reads.
MISTAKES = {
    "a result that is not looked at": (
        "    if (frame < 0) return frame;\n    fl_copy(source, frame);",
        "    fl_copy(source, frame);",
        "crashed",
        "copy(-2): frame -2 is out of range",
    ),
    "an index outside an array": (
        "references[entry->frame]++",
        "references[FL_FRAMES + entry->frame]++",
        "crashed",
        "undefined: array index out of bounds",
    ),
    "a page number for an index of bytes": (
        "fl_map(child, page, entry->frame",
        "fl_map(child, page * fl_page_size(), entry->frame",
        "failed",
        "",
    ),
    "a null pointer": (
        "if (!region || !(region->protection & fault->access)) return -FL_SEGV;",
        "if (!(region->protection & fault->access)) return -FL_SEGV;",
        "crashed",
        "undefined: a null pointer is followed, or one that leads to no such object",
    ),
    "a positive error": (
        "return -FL_SEGV;",
        "return FL_SEGV;",
        "crashed",
        "kernel_page_fault returned 1 (FL_SEGV without the minus sign?); it returns 0, -FL_SEGV or -FL_NOMEM",
    ),
    "an error that a page fault cannot have": (
        "return -FL_SEGV;",
        "return -FL_INVAL;",
        "crashed",
        "kernel_page_fault returned -3 (-FL_INVAL); it returns 0, -FL_SEGV or -FL_NOMEM",
    ),
    "0 instead of an error": ("return -FL_SEGV;", "return 0;", "no_progress", "the access is still refused"),
    "a pointer into a map that has changed": (
        "    return region_insert(&regions[process], region);",
        "    struct region *first = region_find(&regions[process], 16);\n    region_clear(&regions[process]);\n"
        "    first->pages = 1;\n    return 0;",
        "crashed",
        "undefined: a null pointer is followed, or one that leads to no such object",
    ),
    "memory that is freed twice": (
        "    free(entries);\n",
        "    free(entries);\n    free((char *)entries + 16);\n",
        "crashed",
        "undefined",
    ),
    "an overflow of a signed number": (
        "    page_t first = fl_page_of(start);",
        '    int many = 0x7fffffff; many += (int)pages; fl_log("%d", many);\n    page_t first = fl_page_of(start);',
        "crashed",
        "undefined: signed integer addition overflow",
    ),
    "a loop without end": (
        "    uint32_t count = 0, at = 0;\n",
        "    uint32_t count = 0, at = 0;\n    for (volatile int more = 1; more;) more = 1;\n",
        "timed_out",
        "a loop without end? More than 200 million instructions in one scenario",
    ),
    "a recursion without end": (
        "int kernel_fork(process_t parent, process_t child) {",
        "int kernel_fork(process_t parent, process_t child) {\n    volatile char big[9000];\n    big[child] = 1;\n"
        "    return kernel_fork(parent, child) + big[2];\n}\nint old(process_t parent, process_t child) {",
        "crashed",
        "or a recursion without end that has used up the stack",
    ),
    "a division by zero": (
        "    uint32_t count = 0, at = 0;\n",
        '    uint32_t count = 0, at = 0;\n    fl_log("%u", 1 / count);\n',
        "crashed",
        "undefined: a division by zero",
    ),
    "a frame that is freed while it is free": (
        "    free(entries);\n",
        "    fl_free(9);\n    free(entries);\n",
        "crashed",
        "free(9)",
    ),
}


@pytest.mark.parametrize(
    ("name", "result", "child", "told"),
    [
        ("munmap", 1, 0, "returned 1 (a count? region_remove returns how many pieces it took out)"),
        ("munmap", 2, 0, "returned 2 (FL_NOMEM without the minus sign? or a count: region_remove returns"),
        ("mprotect", 3, 0, "returned 3 (FL_INVAL without the minus sign? or a count: region_remove returns"),
        ("munmap", 7, 0, "returned 7 (a count?"),
        ("mmap", 1, 0, "kernel_mmap returned 1; it returns"),
        (
            "fork",
            2,
            2,
            "returned 2 (the child's number? or FL_NOMEM without the minus sign); it returns 0 or -FL_NOMEM",
        ),
        ("fork", 3, 3, "returned 3 (the child's number?); it returns 0 or"),
        ("fork", 2, 5, "returned 2 (FL_NOMEM without the minus sign?); it"),
        ("fork", 1, 5, "kernel_fork returned 1; it returns"),
        ("page_fault", 2, 0, "returned 2 (FL_NOMEM without the minus sign?); it"),
        ("page_fault", 3, 0, "kernel_page_fault returned 3; it returns"),
        ("page_fault", -3, 0, "kernel_page_fault returned -3 (-FL_INVAL); it returns"),
        ("mmap", -9, 0, "kernel_mmap returned -9; it returns"),
    ],
)
def test_a_wrong_result_is_called_only_what_it_may_be(name, result, child, told):
    """An error that the function may not return is not suggested; a count and the child's number are."""
    from grader.sandbox.inside.wasm_kernel import wrong_result

    assert told in wrong_result(name, result, child)


@pytest.mark.parametrize("name", proofs_except(list(MISTAKES)[::3], MISTAKES))
def test_a_mistake_that_only_c_has(sessions, model, name):
    """Each ends with a message that names what is wrong, in the line where it is."""
    old, new, verdict, message = MISTAKES[name]
    text = model("copy-on-write")
    assert old in text
    scenario = {
        "a null pointer": "wild-child-wild-parent",
        "a positive error": "wild-child-wild-parent",
        "an error that a page fault cannot have": "wild-child-wild-parent",
        "0 instead of an error": "wild-child-wild-parent",
        "a result that is not looked at": "no-frame-for-the-copy",
        "an overflow of a signed number": "unmapping-gives-up-a-share",
    }.get(name, "fork-copies-nothing")
    session = sessions("copy-on-write")
    found, _ = attempt(session, text.replace(old, new, 1), scenario)

    assert found.verdict == verdict, found
    assert message in found.message
    assert not re.search(r"\b(rais|exception|docstring|self\.|not looked at)", "\n".join(found.lines)), found.lines
    if verdict == "crashed":
        assert any(re.match(r"\s+kernel\.c:\d+, in \w+", line) for line in found.lines) or "returned" in found.message


def test_prints_are_shown(sessions, model):
    """fl_log knows %d %u %x %s %c and %%, and what it prints is kept line by line."""
    start = "int kernel_fork(process_t parent, process_t child) {\n"
    line = 'fl_log("%d %u %x %s %c%% %d", -5, 7u, 255u, "text", \'x\', (int)(-2147483647 - 1));\n'
    _, printed = attempt(
        sessions("copy-on-write"), model("copy-on-write").replace(start, start + line), "fork-copies-nothing"
    )

    assert printed == "-5 7 ff text x% -2147483648\n"


def test_the_stub_says_what_is_missing(sessions, root):
    """Unchanged, each lab's stub is not implemented, with the task that begins."""
    for lab in LABS:
        session = sessions(lab)
        text = (root / "labs" / lab / "stub.c").read_text()
        found, _ = attempt(session, text, session.lab.scenarios[0].id)

        assert (found.verdict, "task " in found.message) == ("not_implemented", True)


def test_a_kernel_that_does_not_compile(sessions):
    """Every scenario ends before its first step, with the line and the compiler's words."""
    found, _ = attempt(
        sessions("demand-paging"), '#include "forklab.h"\nint kernel_mmap(int x) { return x }\n', "the-first-touch"
    )

    assert found.verdict == "crashed"
    assert found.lines[0] == "  before the first step" or "before the first step" in found.lines[0]
    assert any("kernel.c:2" in line for line in found.lines)


def test_a_lab_without_c_refuses_it(lab, tmp_path, cli):
    """kernel.c is refused with the languages that the lab takes, by run and by batch alike."""
    (tmp_path / "class" / "ana").mkdir(parents=True)
    (tmp_path / "class" / "ana" / "kernel.c").write_text("int x;\n")
    _, told, _ = cli("run", lab, "--submission", tmp_path / "class" / "ana")
    cli("batch", lab, tmp_path / "class", "--output", tmp_path / "out", "--jobs", 1)

    assert "kernel.c: this lab takes kernels in Python" in told
    assert "this lab takes kernels in Python" in (tmp_path / "out" / "results.csv").read_text()


def test_two_kernels_in_one_folder(lab, tmp_path, cli):
    """kernel.c beside kernel.py is refused, with what to do."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kernel.py").write_text(kernel_text())
    (tmp_path / "mine" / "kernel.c").write_text("int x;\n")
    _, told, _ = cli("run", lab, "--submission", tmp_path / "mine")

    assert "remove the one that is not yours" in " ".join(told.split())


def test_a_translated_module_is_used_by_the_next_worker_only(model):
    """What a worker has translated is loaded; what is damaged, or of another version, is translated again."""
    from grader.sandbox.inside.wasm_runtime import Program
    from grader.wasm.compiler import compile_kernel

    module = compile_kernel(model("copy-on-write")).module
    translated = Program(module).translated

    assert Program(module, translated).translated is translated
    assert Program(module, translated[:100]).translated == translated
    assert Program(module, b"rubbish").translated == translated


@pytest.mark.proof
def test_a_large_array_is_no_burden_for_the_scenarios_after_it(sessions, model):
    """16 of the 32 MiB that a kernel in C may have: each scenario has them anew, and none runs out of memory."""
    session = sessions("copy-on-write")
    counted = "const struct region *region) {\n    large[process]++;\n    return region_insert"
    text = model("copy-on-write").replace("const struct region *region) {\n    return region_insert", counted)
    text = text.replace("int kernel_mmap", "static int large[4 << 20];\n\nint kernel_mmap")
    runner = session.runner(Submission("", KernelSource({"kernel": text}, "kernel", "", "c")))
    graded = session.grade(runner, session.lab.scenarios, ())

    assert {g.attempt.verdict for g in graded} == {"passed"}


def test_a_machine_that_cannot_compile_takes_no_points(cli, model, tmp_path, monkeypatch, user_cache):
    """The report says that the kernel is not to blame, and what to do; the exit status that grading is incomplete."""
    from grader.wasm import compiler

    monkeypatch.setattr(compiler, "find_compiler", lambda: ("/bin/sh", "-c", "kill -KILL $$"))
    (tmp_path / "kernel.c").write_text(model("demand-paging"))
    status, out, _ = cli("run", ROOT / "labs" / "demand-paging", "--submission", tmp_path / "kernel.c")
    told = " ".join(out.split())

    assert status == 3
    assert "this machine could not compile kernel.c, which says nothing about the kernel" in told
    assert "Next: run it again; if that does not help, tell the course: it is not your kernel's fault." in told
    assert "fix the line above" not in told
