"""Ctrl-C in a process of the program, at moments that are chosen: while it imports itself, and around a command."""

import subprocess
import sys

import pytest

#: Sends this process ctrl-C when a module is looked for, and starts the program as one of its ways does.
AT_IMPORT = """
import os, runpy, signal, sys
class Interrupt:
    def find_spec(name, *_):
        if name == {module!r}:
            sys.meta_path.remove(Interrupt)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt)
sys.argv[0] = "grader"
{start}
"""
START = {
    "grader": "from grader.__main__ import main; sys.exit(main())",
    "python -m grader": "runpy.run_module('grader', run_name='__main__', alter_sys=True)",
}


def run(program, *arguments):
    """Run a program; return exit status, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("start", START)
@pytest.mark.parametrize(
    "module", ["grader.search_path", "grader.cli", "argparse", "grader.cli.streams", "grader.cli.list"]
)
def test_ctrl_c_while_the_program_is_imported(start, module):
    """One line and exit status 130, as at any other time; never a traceback."""
    program = AT_IMPORT.format(module=module, start=START[start])

    assert run(program, "list") == (130, "", "grader: stopped\n")


def test_ctrl_c_just_before_a_command_and_after_it():
    """The two moments at which the command line does not listen are no exception."""
    program = (
        "import sys; from grader import cli; from grader.__main__ import main\n"
        "def interrupted(*_): raise KeyboardInterrupt\n"
        "setattr(cli, sys.argv.pop(1), interrupted); sys.exit(main())"
    )

    assert run(program, "prepare", "--version") == (130, "", "grader: stopped\n")
    assert run(program, "leave", "list")[::2] == (130, "grader: stopped\n")


def test_a_process_that_is_deaf_to_ctrl_c_stays_so():
    """A shell starts what it puts in the background with SIGINT ignored: ctrl-C is for somebody else then."""
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    program += AT_IMPORT.format(module="argparse", start=START["grader"])

    assert run(program, "--version")[::2] == (0, "")


def test_a_command_hears_ctrl_c_as_python_does():
    """Once the program is imported, ctrl-C raises KeyboardInterrupt: commands keep what they have so far."""
    program = (
        "import signal, sys; from grader import cli; from grader.__main__ import main\n"
        "cli.main = lambda: 7 * (signal.getsignal(signal.SIGINT) is signal.default_int_handler); sys.exit(main())"
    )

    assert run(program) == (7, "", "")


LOST = """
import os, signal, sys, time, types
from grader import cli
from grader.__main__ import main
class Last:
    def __del__(self): {at_the_end}
def run(options):
    Last()
    end = time.monotonic() + 20
    while time.monotonic() < end: pass
    return 7
sys.modules["grader.cli.list"] = types.SimpleNamespace(arguments=lambda parser: None, run=run)
sys.exit(main())
"""


def test_ctrl_c_where_python_would_drop_it():
    """It may come in a `__del__`, or in a function that Python calls after an import: the command ends nevertheless."""
    assert run(LOST.format(at_the_end="os.kill(os.getpid(), signal.SIGINT)"), "list") == (130, "", "grader: stopped\n")


def test_another_error_in_a_place_that_cannot_raise():
    """It is printed, as Python does."""
    program = LOST.format(at_the_end="raise ValueError('7 of 9')").replace("+ 20", "")
    status, _, err = run(program, "list")

    assert (status, "ValueError: 7 of 9" in err) == (7, True)


def test_ctrl_c_where_python_makes_another_error_of_it():
    """Python 3.11 raises a RuntimeError for whatever comes in a `__set_name__`; that is no bug of the grader."""
    program = (
        "import sys, types\n"
        "def run(options): raise RuntimeError('Error calling __set_name__') from KeyboardInterrupt()\n"
        "sys.modules['grader.cli.list'] = types.SimpleNamespace(arguments=lambda parser: None, run=run)\n"
        "from grader.__main__ import main; sys.exit(main())"
    )

    assert run(program, "list") == (130, "", "grader: stopped\n")
