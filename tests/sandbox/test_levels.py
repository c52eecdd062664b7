"""Levels: what the probes show where something is missing, and that a lower level is said aloud."""

import json
import os
import subprocess
import sys

import pytest

from grader.sandbox.inside.confine import landlock, seccomp
from grader.sandbox.sandbox import IsolationError, Sandbox
from tests.sandbox.under import CALLS, run_without

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="levels above L1 are Linux's")

MACHINE = os.uname().machine if hasattr(os, "uname") else ""
HERE = pytest.mark.skipif(MACHINE not in CALLS, reason=f"no system-call numbers for {MACHINE} here")

REPORT = """
from grader.sandbox.sandbox import Sandbox, IsolationError
try:
    with Sandbox(isolation=sys.argv[2] if len(sys.argv) > 2 else "WANTED") as box:
        print(json.dumps(box.isolation))
except IsolationError as error:
    print(json.dumps({"error": str(error)}))
"""


def isolation(things, wanted="auto"):
    done = run_without(things, REPORT.replace("WANTED", wanted), MACHINE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@HERE
@pytest.mark.parametrize(
    ("things", "level", "missing"),
    [
        (["landlock", "namespaces"], "L2S", {"landlock": "this kernel has no Landlock, or has it switched off"}),
        (["landlock-denied", "namespaces"], "L2S", {"landlock": "this kernel has no Landlock, or has it switched off"}),
        (["landlock-late", "namespaces"], "L2S", {"landlock": "landlock: Operation not permitted"}),
        (["seccomp", "namespaces"], "L1", {"seccomp": "seccomp: Invalid argument"}),
        (["landlock"], "L2S", {"landlock": "this kernel has no Landlock, or has it switched off"}),
    ],
)
def test_what_is_missing_lowers_the_level_and_is_said(things, level, missing):
    """A layer that is not there, is forbidden, or fails late in the child: the level is what the probes then show."""
    found = isolation(things)

    assert found["got"] == level
    assert missing.items() <= found["missing"].items()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be without the right to become another user")
def test_root_that_may_become_nobody_else_has_the_other_walls():
    """In a container whose root has no capability, children stay root, behind walls that hold; that is said."""
    drop = "import ctypes\nfor cap in (6, 7): ctypes.CDLL(None).prctl(24, cap, 0, 0, 0)\n"
    code = (
        f"import json, os, sys\n{drop}if len(sys.argv) == 2: os.execv(sys.executable, [*sys.orig_argv, 'L2'])\n{REPORT}"
    )
    done = subprocess.run([sys.executable, "-c", code, "0"], capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)

    assert found["got"] == "L2"
    assert found["missing"]["user"] == "user: root cannot switch to another user here (Operation not permitted)"


@HERE
@pytest.mark.parametrize("wanted", ["require", "L2", "L3"])
def test_nothing_is_graded_below_what_is_required(wanted):
    """Where Landlock is missing, `require` and higher levels stop, and say what is missing and how to go on."""
    error = isolation(["landlock"], wanted)["error"]

    assert f"isolation {wanted} needs {'L2' if wanted == 'require' else wanted}, and this machine gives L2S" in error
    assert "landlock: this kernel has no Landlock" in error
    assert error.endswith("To grade your own code anyway, use --isolation L2S")


@HERE
def test_a_command_stops_with_status_3(lab):
    """The command that requires more than there is ends with status 3 and one line, and grades nothing."""
    code = f"from grader.cli import main\nsys.exit(main(['run', {str(lab)!r}, '--isolation', 'require']))"
    done = run_without(["landlock"], code, MACHINE)

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("grader: isolation require needs L2, and this machine gives L2S")


@HERE
def test_a_bwrap_that_does_not_start_is_done_without(monkeypatch):
    """Where bwrap is there and fails, its own words are the reason, and the level is one lower."""
    with Sandbox() as box:
        if box.isolation["got"] != "L3":
            pytest.skip(f"this machine gives {box.isolation['got']}: {box.isolation['missing']}")
    found = isolation(["namespaces"])

    assert found["got"] == "L2"
    assert found["missing"]["bwrap"].startswith("bwrap: ")


def test_a_child_that_was_asked_of_a_bwrap_that_fails_is_asked_for_again(monkeypatch, tmp_path):
    """It was prepared before anybody knew; the one that is spawned comes from the zygote that started."""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Sandbox, "_no_jail", "")
    with Sandbox() as box:
        box.prepare()
        child = box.spawn()
        child._greet()

        assert child.pid


def test_a_bwrap_that_is_known_to_fail_is_not_tried_again(monkeypatch, tmp_path):
    """The second box of a run does not wait for a bwrap that failed in the first."""
    broken = tmp_path / "bwrap"
    broken.write_text(f"#!/bin/sh\necho x >> {tmp_path}/tries\necho 'bwrap: no' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Sandbox, "_no_jail", "")
    for _ in range(2):
        with Sandbox() as box:
            assert box.isolation["missing"]["bwrap"] == "bwrap: no"

    assert (tmp_path / "tries").read_text() == "x\n"


def test_an_interpreter_that_does_not_start_is_said(monkeypatch):
    """A zygote that dies at once is an error with its last words, not a hang."""
    monkeypatch.setattr("grader.sandbox.launch.PROGRAM", "raise SystemExit('no such thing')")
    with Sandbox(isolation="L1") as box, pytest.raises(IsolationError, match="did not start: no such thing"):
        box.spawn()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_well_formed(machine):
    """Every jump lands inside the program, and its last instruction returns, on both processors."""
    data = seccomp.program(machine)
    code = [data[at : at + 8] for at in range(0, len(data), 8)]
    for number, instruction in enumerate(code):
        if instruction[0] & 7 == 5:
            assert number + 1 + max(instruction[2], instruction[3]) < len(code)

    assert len(code) < 4096
    assert code[-1][0] == 6


def test_a_processor_without_a_table_has_no_filter():
    """Elsewhere than on the two processors the layer is missing, and says so."""
    with pytest.raises(OSError, match="no table of system calls for mips"):
        seccomp.program("mips")


def test_the_tables_agree_with_the_system_s_headers():
    """The numbers of this machine's system calls are those of its C headers, where they are installed."""
    import re

    source = "#include <sys/syscall.h>\n" + "".join(f"{name} = SYS_{name}\n" for name in seccomp._CALLS)
    try:
        done = subprocess.run(["cc", "-E", "-P", "-"], input=source, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler here")
    if MACHINE not in seccomp._MACHINES:
        pytest.skip(f"no table for {MACHINE}")
    column = seccomp._MACHINES[MACHINE][0]
    told = dict(re.findall(r"^(\w+) = (?:__NR_)?(\d+)$", done.stdout, re.MULTILINE))

    assert told
    assert {name: int(told[name]) for name in told} == {
        name: numbers[column] for name, numbers in seccomp._CALLS.items() if name in told
    }


def test_the_table_of_aarch64_agrees_with_the_generic_header():
    """That processor was not at hand; its numbers are the kernel's generic ones, and most systems have their header."""
    import pathlib
    import re

    header = pathlib.Path("/usr/include/asm-generic/unistd.h")
    if not header.is_file():
        pytest.skip(f"no {header} here")
    told = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text()))
    told["newfstatat"] = told["fstatat"]
    ours = {name: numbers[1] for name, numbers in seccomp._CALLS.items() if numbers[1] is not None}
    ours |= {"openat": seccomp._OPENAT[1], "fcntl": seccomp._FCNTL[1], "ioctl": seccomp._IOCTL[1]}
    ours |= {"prlimit64": seccomp._PRLIMIT[1]}

    assert ours == {name: int(told[name]) for name in ours}


def test_landlock_asks_only_for_what_a_version_knows():
    """Rights are those of the kernel's version or older: 13 file rights at first, devices from version 5 on."""
    assert [landlock._at(landlock._FILE_RIGHTS, version).bit_length() for version in range(1, 8)] == [
        13, 14, 15, 15, 16, 16, 16,
    ]  # fmt: skip
    assert landlock._at(landlock._NET_RIGHTS, 3) == 0
    assert landlock._at(landlock._SCOPES, 6) == 3
