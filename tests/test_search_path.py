"""Where modules may come from: what `restrict` takes off the path, what it refuses, and whole processes."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import search_path
from grader.search_path import OUR_NAMES
from tests.labs import kernel_text, recorded
from tests.shadows import Shadows

GRADER = str(pathlib.Path(sys.executable).with_name("grader"))

#: Names that no interpreter imports before the grader's first line.
LATE = ("bisect", "random", "tempfile", "argparse", "yaml")


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory):
    """A folder with a stand-in for every module of the standard library and for our own."""
    return Shadows(tmp_path_factory.mktemp("shadowed") / "handed-in")


@pytest.fixture(scope="module")
def small_lab(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("lab"))


def run(command, folder, **environment):
    """Run a program in a folder. Returns exit status and stderr."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


# -- the path ---------------------------------------------------------------------------------------------------


@pytest.fixture
def path(monkeypatch, tmp_path):
    """sys.path as it was, plus the entries given, from a working folder of its own; put back after the test."""
    monkeypatch.chdir(tmp_path)

    def make(*first):
        monkeypatch.setattr(sys, "path", [*map(str, first), *sys.path])

    return make


@pytest.mark.parametrize("entry", ["", ".", "sub", "../there"])
def test_relative_entries_go(path, entry):
    """An entry that depends on the working folder is taken off, whatever it looks like."""
    path(entry)
    search_path.restrict()

    assert all(os.path.isabs(kept) for kept in sys.path)


def test_a_link_to_the_working_folder_goes(path, tmp_path):
    """Another name of the working folder is the working folder."""
    (tmp_path / "link").symlink_to(tmp_path)
    path(tmp_path / "link", tmp_path)
    search_path.restrict()

    assert str(tmp_path) not in map(os.path.realpath, sys.path)


def test_pythonpath_and_the_user_site_go(path, tmp_path, monkeypatch):
    """What PYTHONPATH lists is taken off, and so is the user's site."""
    import site

    folders = [tmp_path / "of-pythonpath", tmp_path / "of-user"]
    path(*folders)
    monkeypatch.setenv("PYTHONPATH", str(folders[0]))
    monkeypatch.setattr(site, "USER_SITE", str(folders[1]))
    assert search_path.restrict() == []

    assert not {str(folder) for folder in folders} & set(sys.path)


def test_a_working_folder_that_is_gone(path, tmp_path, monkeypatch):
    """Nothing is wrong with a working folder that was removed: there is nothing in it to import."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    path("")

    assert search_path.restrict() == []
    assert "" not in sys.path


def test_the_checkout_is_searched_last(monkeypatch):
    """A checkout that is not installed is found through the working folder, which then hides nothing of Python's."""
    monkeypatch.chdir(search_path.ROOT)
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    assert search_path.restrict() == []
    assert sys.path[-1] == os.path.realpath(search_path.ROOT)


def test_the_standard_library_stays(monkeypatch):
    """Python's own folder stays on the path, even as the working folder."""
    monkeypatch.chdir(os.path.dirname(os.__file__))
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    assert search_path.restrict() == []
    assert os.getcwd() in map(os.path.realpath, sys.path)


@given(st.lists(st.sampled_from(["", ".", "here", "there", "links", "installed"]), max_size=6))
def test_no_order_of_entries_leaves_the_working_folder(entries):
    """Whatever comes in whatever order: what is left is absolute, and is not the working folder."""
    before, folder = sys.path, os.getcwd()
    values = {"here": folder, "there": "/nowhere", "links": f"{folder}/../{os.path.basename(folder)}"}
    sys.path = [*(values.get(entry, entry) for entry in entries), *(p for p in before if os.path.isabs(p))]
    try:
        search_path.restrict()
        left = [os.path.realpath(entry) for entry in sys.path if os.path.isabs(entry)]

        assert len(left) == len(sys.path)
        assert folder == os.path.realpath(search_path.ROOT) or folder not in left
    finally:
        sys.path = before


# -- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("random.py", True),
        ("random.pyc", True),
        ("random.cpython-311-x86_64-linux-gnu.so", True),
        ("email/__init__.py", True),
        ("grader/__init__.py", True),
        ("sitecustomize.py", True),
        ("email/ana/kernel.py", False),
        ("kernel.py", False),
        ("random.txt", False),
    ],
)
def test_files_that_an_import_would_find(path, tmp_path, name, found):
    """A stand-in for a module of Python's or of ours is named; a folder or file that hides nothing is not."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    path(tmp_path)
    reasons = search_path.restrict()

    assert len(reasons) == found
    assert all(
        str(tmp_path / name.partition("/")[0]) in reason and "takes the place of" in reason for reason in reasons
    )


def test_a_module_that_was_loaded_from_there(path, tmp_path, monkeypatch):
    """What has run already is named, even where its file is gone."""
    import types

    module = types.ModuleType("random")
    module.__file__ = str(tmp_path / "random.py")
    monkeypatch.setitem(sys.modules, "random", module)
    path(tmp_path)

    assert [r for r in search_path.restrict() if "'random'" in r]


@pytest.mark.parametrize("name", ["PYTHONPYCACHEPREFIX", "PYTHONHOME"])
def test_relative_folders_of_the_interpreter(monkeypatch, name):
    """A variable that lets Python load compiled modules from below the working folder is refused by name."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(name, "cache")

    assert f"{name}=cache depends on the working folder" in search_path.restrict()


def test_the_grader_in_the_user_site(monkeypatch):
    """A grader that the user's site holds is refused: no helper process in isolated mode would find it."""
    import site

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(site, "USER_SITE", search_path.ROOT)

    assert any("use a venv" in reason for reason in search_path.restrict())


# -- processes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[GRADER], [sys.executable, "-I", "-m", "grader"]])
def test_a_run_in_a_hostile_folder(shadowed, small_lab, command):
    """`grader run` works where every name is taken, and imports none of it; PYTHONPATH and cwd have the same files."""
    status, err = run([*command, "run", small_lab, "-q", "--submission", "reference"], shadowed.folder)

    assert (status, err, shadowed.ran()) == (0, "", [])


def test_python_m_in_a_hostile_folder(tmp_path, small_lab):
    """`python -m grader` searches the working folder first: it stops with exit status 3 and names files and way out."""
    late = Shadows(tmp_path / "handed-in", LATE)
    status, err = run([sys.executable, "-m", "grader", "run", small_lab], late.folder)

    assert (status, late.ran()) == (3, [])
    assert f"grader: {late.folder}/random.py takes the place of Python's own module 'random'" in err
    assert "python -I -m grader" in err and "Traceback" not in err


def test_the_installed_program_looks_first():
    """The program that pip installs, and that a release's wheel carries, begins with the check; if not, run `make`."""
    from importlib.metadata import entry_points

    (program,) = entry_points(group="console_scripts", name="grader")

    assert program.value == "grader.__main__:main"


def test_pythonpath_with_hostile_files(tmp_path, small_lab):
    """The program itself stops with exit status 3 where PYTHONPATH, or an empty entry in it, has such files."""
    late = Shadows(tmp_path / "handed-in", LATE)

    assert run([GRADER, "run", small_lab], tmp_path, PYTHONPATH=str(late.folder))[0] == 3
    assert run([GRADER, "run", small_lab], late.folder, PYTHONPATH="/nowhere:")[0] == 3
    assert late.ran() == []


def test_a_batch_in_a_hostile_folder(shadowed, small_lab, tmp_path):
    """The pool's helpers import nothing from the submissions, nor from PYTHONPATH: everybody is graded."""
    for name in ("ana", "bob"):
        (shadowed.folder / name).mkdir()
        (shadowed.folder / name / "kernel.py").write_text(kernel_text())
    command = [sys.executable, "-I", "-m", "grader", "batch", small_lab, ".", "--output", tmp_path / "out", "--jobs", 1]
    status, err = run(command, shadowed.folder, PYTHONPATH=str(shadowed.folder))
    plain = run([GRADER, "batch", small_lab, ".", "--output", tmp_path / "too", "--jobs", 1], shadowed.folder)

    assert (status, plain[0], shadowed.ran()) == (0, 0, []), err + plain[1]


@pytest.mark.parametrize(("method", "options"), [("forkserver", []), ("forkserver", ["-E"]), ("spawn", [])])
def test_every_start_method(shadowed, tmp_path, method, options):
    """Whatever multiprocessing starts for a pool begins in isolated mode, even where its parent did not."""
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, sys\n"
        f"sys.path.append({search_path.ROOT!r})\n"
        f"multiprocessing.get_all_start_methods = lambda: [{method!r}]\n"
        "from grader.batch.pools import LocalPool\n"
        "if __name__ == '__main__':\n"
        "    pool = LocalPool(1)\n"
        "    executor = pool.start()\n"
        "    print(executor.submit(eval, \"__import__('sys').flags.isolated\").result(), file=sys.stderr)\n"
        "    pool.stop(executor)\n"
    )
    status, err = run([sys.executable, *options, program], shadowed.folder)

    assert (status, err.strip(), shadowed.ran()) == (0, "1", [])


#: Every command, with arguments that make it do its work. {lab}, {out} and {kernel} are filled in.
COMMANDS = {
    "run": "run {lab} --submission {kernel}",
    "show": "show {lab} touch",
    "quiz": "quiz {lab} --print",
    "test": "test {lab} --submission {kernel}",
    "watch": "watch {lab} --submission {kernel}",
    "practice": "practice fork-faults --no-input",
    "host": "host {lab}",
    "list": "list",
    "start": "start {lab} --output {out}",
    "predict": "predict {lab} --no-input",
    "check": "check {lab}",
    "new": "new lab another",
    "record": "record {lab}",
    "fuzz": "fuzz {lab} --submission {kernel} --examples 2",
    "verify": "verify {lab} --submission {kernel} --steps 1",
    "batch": "batch {lab} {class} --output {out}",
    "merge": "merge {lab} {done} --output {out}",
    "release": "release {lab} --output {out}",
    "export": "export gradescope {lab} --output {out}.zip",
    "selftest": "selftest --only honest",
}


def test_every_command_is_in_the_matrix():
    """A new command gets a line above."""
    from grader.cli import COMMANDS as known

    assert set(COMMANDS) == set(known)


@pytest.mark.proof
@pytest.mark.parametrize("start", ["program", "isolated", "module"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_a_hostile_folder(small_lab, tmp_path, start, command):
    """Each command does in a folder of stand-ins what it does in an empty one, or (python -m) stops with status 3."""
    # With `python -m grader`, a `grader.py` in the working folder is the program that was asked for.
    names = sys.stdlib_module_names | OUR_NAMES - ({"grader"} if start == "module" else set())
    hostile, calm = Shadows(tmp_path / "hostile", names), tmp_path / "calm"
    calm.mkdir()
    program = {
        "program": [GRADER],
        "isolated": [sys.executable, "-I", "-m", "grader"],
        "module": [sys.executable, "-m", "grader"],
    }[start]
    (tmp_path / "class" / "ana").mkdir(parents=True)
    (tmp_path / "class" / "ana" / "kernel.py").write_text(kernel_text())
    if command == "merge":
        done = tmp_path / "done"
        shard = ["batch", small_lab, tmp_path / "class", "--output", done, "--shard", "1/1", "--jobs", "1"]
        assert run([GRADER, *shard], calm)[0] == 0

    def in_folder(folder, name, **environment):
        values = {"lab": small_lab, "class": tmp_path / "class", "done": tmp_path / "done", "out": tmp_path / name}
        values["kernel"] = tmp_path / "class" / "ana"
        line = [word.format(**values) for word in COMMANDS[command].split()]
        # Watching ends with ctrl-C only.
        limit = ["timeout", "--signal", "INT", "4"] if command == "watch" else []
        return run([*limit, *program, *line], folder, **environment)

    status, err = in_folder(calm, "out-calm")
    assert "unrecognized" not in err and "usage" not in err, err
    environment = {"PYTHONPATH": str(hostile.folder)} if start == "isolated" else {}
    again, other = in_folder(hostile.folder, "out-hostile", **environment)

    assert hostile.ran() == []
    assert again == (3 if start == "module" else status), other


def test_bwrap_is_not_taken_from_the_working_folder(tmp_path, monkeypatch):
    """A relative or an empty entry of PATH finds no program; an absolute one does."""
    from grader.sandbox.launch import environment, find_bwrap

    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", ":.:lib:/opt/lib")
    for value in ("", ".", ":/nowhere", "./", f"../{tmp_path.name}"):
        monkeypatch.setenv("PATH", value)
        assert find_bwrap() is None
    monkeypatch.setenv("PATH", f".:{tmp_path}")

    assert find_bwrap() == str(tmp_path / "bwrap")
    assert environment()["LD_LIBRARY_PATH"] == "/opt/lib"


def test_the_folder_of_a_reference_is_not_searched(small_lab, monkeypatch):
    """A reference kernel is loaded by path: what lies around its folder takes no module's place."""
    from grader.lab.kernels import reference_kernel
    from grader.lab.lab import load_lab

    before = list(sys.path)
    reference_kernel(load_lab(small_lab))

    assert sys.path == before


def test_a_reference_in_a_folder_with_a_module_name(tmp_path):
    """A folder of references called `json` is refused with its path: it would replace Python's own module."""
    from grader.errors import InputError
    from grader.lab.kernels import load_class
    from grader.lab.lab import ClassAt

    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "small.py").write_text(kernel_text())

    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'json'}: Python has a module named 'json' already")):
        load_class(ClassAt(tmp_path / "json" / "small.py", "SmallKernel"))


def test_a_kernel_named_like_a_module(tmp_path):
    """A kernel that is debugged from `random.py` does not become Python's own module."""
    import random

    from grader.lab.kernels import load_file_class

    (tmp_path / "random.py").write_text(kernel_text())
    load_file_class(tmp_path / "random.py", "SmallKernel")

    assert sys.modules["random"] is random
