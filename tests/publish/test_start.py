"""Working folders: from a checkout, a release or the installed package alone; with an older kernel, or in C."""

import ast
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

from grader.lab.lab import load_lab
from grader.publish.carried import carried
from grader.search_path import ROOT
from tests.labs import kernel_text
from tests.marks import proofs_but
from tests.publish.machines import FreshMachine

LABS = pathlib.Path(ROOT, "labs")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The student's folder."""
    folder = tmp_path / "student"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_working_folder_from_a_checkout(lab, here, cli):
    """The public parts, the stub, and three things to do; nothing hidden and no reference."""
    status, out, err = cli("start", lab)

    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "small: A small lab, 2 public scenarios"
    assert (here / "small" / "kernel.py").read_text() == (lab / "kernel.py").read_text()
    assert not (here / "small" / "hidden").exists() and not (here / "small" / "reference").exists()
    assert "grader watch small" in out


def test_a_working_folder_from_a_release(lab, here, cli):
    """A released lab can be started again, elsewhere."""
    cli("release", lab, "--output", here / "release")
    status, _, err = cli("start", here / "release" / "labs" / "small", "--output", "mine")

    assert (status, err) == (0, "")
    assert load_lab(here / "mine").released is not None


def test_a_folder_that_is_not_empty_is_left_alone(lab, here, cli):
    """What is there stays, and the error names the folder and the way out."""
    (here / "small").mkdir()
    (here / "small" / "kernel.py").write_text("mine")
    status, _, err = cli("start", lab)

    assert (status, (here / "small" / "kernel.py").read_text()) == (2, "mine")
    assert "the folder is not empty; name a new one" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["copy-on-wriet"], "did you mean 'copy-on-write'?"),
        (["{lab}", "--language", "c"], "this lab takes no kernel in c; it takes python"),
        (["{lab}", "--from", "nowhere"], "nowhere: nowhere cannot be read: No such file or directory"),
        (["{lab}", "--from", "{broken}"], "this kernel is not Python that runs"),
        (["{lab}", "--from", "{classless}"], "no class in this kernel is a Kernel"),
    ],
)
def test_what_does_not_fit_is_told(lab, here, cli, words, told):
    """The value, and the way out; no folder is left behind."""
    (here / "broken.py").write_text("class K(:\n")
    (here / "classless.py").write_text("x = 1\n")
    values = {"lab": lab, "broken": "broken.py", "classless": "classless.py"}
    status, _, err = cli("start", *(word.format(**values) for word in words))

    assert status == 2
    assert told in err
    assert not (here / "small").exists()


@pytest.mark.parametrize("lab", proofs_but("demand-paging", ["demand-paging", "copy-on-write", "shared-memory"]))
def test_the_handout_of_a_folder_in_c_names_the_file_that_is_written_there(here, cli, lab):
    """kernel.c, and no class; in a folder for Python it stays kernel.py."""
    cli("start", LABS / lab, "--language", "c", "--output", "mine")
    cli("start", LABS / lab, "--output", "other")
    mine, other = ((here / name / "README.md").read_text() for name in ("mine", "other"))

    assert re.search(r"You work in `mine/kernel\.c`\. ", mine) and "`mine/kernel.py`" not in mine
    assert "You work in `other/kernel.py`" in other


def test_a_lab_in_c_has_the_header_to_read(here, cli):
    """forklab.h lies next to stub.c, whatever is begun; a lab without C has none."""
    from grader.wasm.compiler import HEADER

    cli("start", LABS / "copy-on-write", "--language", "c")
    cli("start", LABS / "copy-on-write", "--output", "other")
    cli("start", LABS / "tlb")

    assert (here / "copy-on-write" / "forklab.h").read_bytes() == HEADER.read_bytes()
    assert (here / "other" / "forklab.h").is_file() and not (here / "tlb" / "forklab.h").exists()


def test_a_header_that_was_edited_changes_nothing(here, cli):
    """Neither that the hand-in is accepted, nor what is compiled."""
    from grader.intake.submission import read_submission

    pytest.importorskip("wasmtime", reason="wasmtime not installed (pip install 'forklab[c]')")
    cli("start", LABS / "demand-paging", "--language", "c")
    work = here / "demand-paging"
    (work / "kernel.c").write_text((pathlib.Path(ROOT) / "reference" / "c" / "demand-paging.c").read_text())
    (work / "forklab.h").write_text("#error edited\n")
    with zipfile.ZipFile("handed-in.zip", "w") as archive:
        for name in ("kernel.c", "forklab.h", "answers.yaml"):
            archive.write(work / name, name)

    assert read_submission(work).remarks == () == read_submission("handed-in.zip").remarks
    assert cli("run", work, "--only", "the-first-touch")[0] == 0


def test_again_beside_a_working_folder_in_c(here, cli):
    """It is found by the lab's name. It has a stub in C, and none in Python: the message says what to do."""
    cli("start", LABS / "demand-paging", "--language", "c")
    again, _, _ = cli("start", "demand-paging", "--language", "c", "--output", "again")
    other, _, told = cli("start", "demand-paging", "--output", "other")

    assert (again, other) == (0, 2)
    assert (here / "again" / "kernel.c").read_text() == (LABS / "demand-paging" / "stub.c").read_text()
    assert "made for a kernel in C, has no kernel.py to begin with; run the command in another folder" in told


def test_again_beside_an_edited_working_folder(lab, here, cli):
    """It is found by the lab's name, and its kernel would pass for the stub."""
    cli("start", lab)
    fresh, _, _ = cli("start", "small", "--output", "fresh")
    with (here / "small" / "kernel.py").open("a") as kernel:
        kernel.write("# my work\n")
    again, _, told = cli("start", "small", "--output", "again")

    assert (fresh, again) == (0, 2)
    assert told == (
        "grader: small/kernel.py: this kernel was edited, and a new folder begins with the lab's stub; "
        "run the command in another folder, so that small means the lab itself\n"
    )
    assert not (here / "again").exists()


def test_an_older_kernel_goes_along(here, cli):
    """The class is renamed, the new method is the stub's, and all of demand paging passes."""
    older = (pathlib.Path(ROOT) / "tests" / "reference" / "solved.py").read_text()
    older = older[: older.index("\n\nclass ", older.index("class SolvedDemandPaging"))]
    (here / "kernel.py").write_text(older)
    status, out, err = cli("start", LABS / "copy-on-write", "--from", here / "kernel.py")
    text = (here / "copy-on-write" / "kernel.py").read_text()

    assert (status, err) == (0, "")
    assert "(your older kernel is in it)" in out
    assert "class CopyOnWriteKernel(Kernel):" in text and "SolvedDemandPaging" not in text
    assert text.count("def fork(") == 1 and 'raise NotImplementedError("task 2: fork")' in text
    told = cli("run", "copy-on-write", "-q")[1]
    assert "5 of 5" in told


def test_an_older_kernel_in_c_goes_along():
    """Functions that the older kernel has stay; those that only the stub has follow, with their comments."""
    older = (pathlib.Path(ROOT) / "reference" / "c" / "demand-paging.c").read_text()
    stub = (LABS / "copy-on-write" / "stub.c").read_text()
    text = carried(older, stub, "c")

    assert text.startswith(older.rstrip("\n"))
    assert text.count("int kernel_fork(") == 1 and text.count("int kernel_mmap(") == 1
    assert "shares all its frames" in text


def test_imports_that_only_the_stub_has_are_added():
    """What the new methods need is imported."""
    older = "from grader.machine import Kernel\n\n\nclass Old(Kernel):\n    def mmap(self, process, region): pass\n"
    stub = (LABS / "copy-on-write" / "kernel.py").read_text()
    text = carried(older, stub, "python")
    compile(text, "kernel.py", "exec")

    assert "Protection" in text.splitlines()[0] and "class CopyOnWriteKernel(Kernel):" in text


STUBS = {lab: (LABS / lab / "kernel.py").read_text() for lab in ("demand-paging", "copy-on-write")}


def docstring(text, method):
    """Return the docstring of a method of the kernel's class, "" for the module's and "class" for its own."""
    tree = ast.parse(text)
    (kernel,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    nodes = {"": tree, "class": kernel, **{node.name: node for node in kernel.body if hasattr(node, "name")}}
    return ast.get_docstring(nodes[method])


@pytest.mark.parametrize("stubs", [STUBS.values(), ()], ids=["stubs at hand", "no stubs"])
def test_the_words_of_the_older_stub_do_not_go_along(stubs):
    """The lab's name, the class's docstring and each pointer into the handout are those of the new lab."""
    text = carried(STUBS["demand-paging"], STUBS["copy-on-write"], "python", stubs)

    assert "Demand paging" not in text
    assert [docstring(text, name) for name in ("", "class")] == [
        docstring(STUBS["copy-on-write"], name) for name in ("", "class")
    ]
    assert "(handout, sections 1 and 3 to 6)" in docstring(text, "page_fault")
    assert "handout, section" not in docstring(text, "mmap")


def test_a_docstring_that_the_student_left_as_it_was_is_the_new_stubs():
    """The stub of the older lab tells which it is."""
    text = carried(STUBS["demand-paging"], STUBS["copy-on-write"], "python", STUBS.values())

    for name in ("mmap", "munmap", "mprotect", "page_fault", "exit"):
        assert docstring(text, name) == docstring(STUBS["copy-on-write"], name)


def test_what_the_student_wrote_stays():
    """Only the pointer of a docstring with notes changes, and nothing of the code."""
    older = STUBS["demand-paging"].replace("(handout, section 2).", "(handout, section 2). I do it by page.")
    older = older.replace(
        'raise NotImplementedError("task 2: munmap")  # TODO(2)', "self.forget(process, start, pages)"
    )
    text = carried(older, STUBS["copy-on-write"], "python", STUBS.values())

    assert docstring(text, "munmap").startswith(
        "Take `pages` pages from byte address `start` on away from the process (handout, section 4). I do it"
    )
    assert "        self.forget(process, start, pages)\n" in text


def test_own_docstrings_stay():
    """A kernel whose author wrote every word keeps them."""
    older = (
        'from grader.machine import Kernel\n\n\nclass Old(Kernel):\n    """Mine."""\n\n    def exit(self, process):\n'
    )
    older += '        """Leave."""\n'
    text = carried(f'"""My file."""\n\n{older}', STUBS["copy-on-write"], "python", STUBS.values())

    assert [docstring(text, name) for name in ("", "class", "exit")] == ["My file.", "Mine.", "Leave."]


@pytest.mark.parametrize("known", [True, False])
def test_comments_in_c_are_the_new_stubs_too(known):
    """The first comment, and those of functions that were left as they were; of others only the section."""
    older, stub = ((LABS / lab / "stub.c").read_text() for lab in ("demand-paging", "copy-on-write"))
    text = carried(older, stub, "c", [older, stub] if known else ())

    assert "Demand paging" not in text and text.startswith(stub[: stub.index("*/")])
    before = text[: text.index("int kernel_munmap(")]
    assert before.endswith("Handout,\n * section 4. */\n")


@pytest.mark.proof
def test_from_a_wheel_alone_to_full_points(tmp_path):
    """On a machine with nothing but Python: install the wheel, start a lab, write the kernel, all scenarios pass."""
    pytest.importorskip("setuptools", reason="setuptools builds the wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT]
    subprocess.run(list(map(str, build)), check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    secrets = [scenario.title.encode() for scenario in load_lab(LABS / "demand-paging").hidden]
    with zipfile.ZipFile(wheel) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist() if "publish/labs" in name)
    machine = FreshMachine(tmp_path / "machine")
    machine.activate(tmp_path / "venv")
    work = tmp_path / "work"
    work.mkdir()
    program = str(tmp_path / "venv" / "bin" / "grader")
    machine.run([str(tmp_path / "venv" / "bin" / "python"), "-I", "-m", "pip", "install", "-q", str(wheel)], tmp_path)
    started = machine.run([program, "start", "demand-paging"], work)
    kernel = pathlib.Path(ROOT, "reference", "demand_paging.py").read_text()
    (work / "demand-paging" / "kernel.py").write_text(kernel)
    done = machine.run([program, "run", "demand-paging"], work)

    assert inside and not [secret for secret in secrets if secret in inside]
    assert started.returncode == 0, started.stderr
    count = len(load_lab(LABS / "demand-paging").scenarios)
    assert f"{count} of {count} public scenarios pass" in done.stdout, done.stdout + done.stderr


def test_a_kernel_of_the_small_lab_is_carried(lab, here, cli):
    """A kernel that has everything already stays as it is, but for the class's name."""
    (here / "kernel.py").write_text(kernel_text("class SmallKernel", "class Mine"))
    cli("start", lab, "--from", here)

    assert (here / "small" / "kernel.py").read_text() == kernel_text()
