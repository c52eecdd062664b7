"""What the compiler warns of is shown to the student, and changes no points."""

import json
import re

import pytest

from grader.grade.session import open_session
from grader.report.text import render
from grader.wasm.compiler import compile_kernel
from grader.wasm.module_cache import KIND
from grader.watch.regrade import Regrader
from grader.watch.screen import View, report

UNUSED = "int kernel_mmap(process_t process, const struct region *region) {\n"
LAB = "labs/demand-paging"


@pytest.fixture(scope="module")
def model(request):
    return (request.config.rootpath / "reference" / "c" / "demand-paging.c").read_text()


@pytest.fixture(scope="module")
def careless(model):
    """The model answer with a variable that nothing uses, and its line."""
    text = model.replace(UNUSED, f"{UNUSED}    int forgotten;\n")
    return text, text.split("    int forgotten;")[0].count("\n") + 1


def run(cli, root, folder, text, *options):
    (folder / "kernel.c").write_text(text)
    return cli("run", root / LAB, "--submission", folder / "kernel.c", "--only", "the-first-touch", *options)


def test_a_warning_is_a_note_with_its_line(cli, root, tmp_path, careless):
    """After a successful compilation, and as well when the module is kept from an earlier run."""
    text, line = careless
    for _ in range(2):
        _, told, _ = run(cli, root, tmp_path, text)
        assert f"Note: the compiler warns of kernel.c:{line}: unused variable 'forgotten'." in " ".join(told.split())


def test_a_warning_changes_no_points(cli, root, tmp_path, model, careless):
    """Points, verdicts and exit status are those of the kernel without it."""
    clean, warned = (run(cli, root, tmp_path, text, "--format", "json") for text in (model, careless[0]))

    assert (clean[0], warned[0]) == (0, 0)
    assert json.loads(warned[1])["scenarios"] == json.loads(clean[1])["scenarios"]
    assert "remarks" not in json.loads(clean[1]) and len(json.loads(warned[1])["remarks"]) == 1


def test_many_warnings_are_three_lines_and_a_count(cli, root, tmp_path, model):
    """A report stays short."""
    text = model.replace(UNUSED, UNUSED + "".join(f"    int forgotten_{n};\n" for n in range(5)))
    _, told, _ = run(cli, root, tmp_path, text)

    assert len(re.findall("unused variable", told)) == 3
    assert "Note: it warns of 2 more lines." in told


def test_warnings_of_our_own_files_are_dropped(root, model):
    """The model answers and the stubs have none, whatever our header and glue make the compiler say."""
    stub = (root / LAB / "stub.c").read_text()

    assert compile_kernel(model).warnings == compile_kernel(stub).warnings == ()


def test_watch_shows_them_below_everything_else(root, tmp_path, careless):
    """On the screen as in lines."""
    (tmp_path / "kernel.c").write_text(careless[0])
    with open_session(str(root / LAB)) as session:
        regrader = Regrader(session, str(tmp_path / "kernel.c"))
        regrader.begin()
        while regrader.busy:
            regrader.step()
    shown = report(View("", regrader.result), 80)

    assert any(f"kernel.c:{careless[1]}: unused variable" in line for line in shown)
    assert "unused variable" in render(regrader.result)


def test_a_module_is_kept_with_its_warnings(user_cache, careless):
    """In one file: if they could go one by one, a result would depend on the cache."""
    text, line = careless
    compiled = compile_kernel(text)

    assert [at for at, _ in compiled.warnings] == [line]
    assert len(list((user_cache / KIND).iterdir())) == 1
    assert compile_kernel(text, starting=lambda: pytest.fail("it is compiled again")) == compiled
