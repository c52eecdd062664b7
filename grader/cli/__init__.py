"""The command line: parse arguments, print, exit. No other part of the grader imports it.

Each command has its own module, which is imported only when that command runs, so that `grader run` does not wait for
the imports of `grader batch`.
Exit status: 0 all points earned (other commands: success); 1 graded, but points or decisions are missing; 2 the
command, the lab or one of its files is wrong; 3 could not be graded.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from grader import __version__
from grader.cli.streams import fitted, prepare

#: command -> one line for `grader --help`; the module of the same name has `arguments(parser)` and `run(options)`.
COMMANDS = {
    "start": "make a working folder of a lab",
    "run": "grade one submission",
    "show": "walk through one scenario step by step, with page tables and frames",
    "predict": "predict what each step of a scenario will do before you see it",
    "quiz": "take a lab's quiz, mark answer sheets, or convert quizzes from and to other formats",
    "test": "check your own scenarios: which are valid, and what they catch",
    "watch": "grade on every save, on one screen",
    "practice": "watch the page faults of a real program on this machine's own kernel",
    "host": "replay scenarios on this machine's own kernel, next to the lab's rules and to Linux as modelled",
    "list": "list the labs in this folder, or the scenarios of one lab",
    "check": "verify that a lab is sound",
    "new": "create a working lab or scenario to edit",
    "record": "record the reference outputs of a lab again and print what changed",
    "fuzz": "search random scenarios for one on which a kernel differs from the reference",
    "verify": "compare a kernel with the reference in every scenario of a small world",
    "batch": "grade a folder of submissions, resume a stopped run, and fill in gradebooks",
    "merge": "combine the shards of a batch",
    "release": "create the students' version of a lab",
    "export": "package a lab as an autograder for another system",
    "selftest": "attack this machine's sandbox and report which attacks were contained",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status. An error that a user can cause never ends in a traceback."""
    problem = prepare()
    if problem:
        print(f"grader: {problem}", file=sys.stderr)
        return 2
    arguments = sys.argv[1:] if arguments is None else arguments
    command = next((a for a in arguments if not a.startswith("-")), None)
    try:
        status = _run(command, arguments)
        sys.stdout.flush()  # a full disk is noticed here, while it can still be reported
        return status
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        # The reader of the pipe (such as `head`) has exited: the status that a shell gives a program ended by SIGPIPE.
        _drop_output()
        return 141
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 makes a RuntimeError of one in __set_name__
            return _stopped()
        return _explain(error)


def _stopped() -> int:
    print("grader: stopped", file=sys.stderr)
    return 130


def _run(command: str | None, arguments: list[str]) -> int:
    """Run a command, or welcome somebody who names none; return the exit status."""
    if not arguments:
        from grader.cli.welcome import welcome

        print("\n".join(fitted(welcome())))
        return 0
    parser = _parser(command if command in COMMANDS else None)
    try:
        options = parser.parse_args(arguments)
    except SystemExit:
        sys.stdout.flush()  # --help prints, too
        raise
    status: int = options.module.run(options)
    return status


def _drop_output() -> None:
    """Drop what standard output holds if it takes no more, so that Python's final flush does not fail as well."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def leave(status: int) -> int:
    """Leave the process with an exit status, without freeing every object first; return it where that is not safe.

    Taking a finished interpreter apart costs a fifth of a run. Everything that was opened is closed and flushed by
    then: commands use context managers. With other threads, or while a debugger or profiler looks on, Python leaves as
    it always does.
    """
    threading = sys.modules.get("threading")
    if (
        (threading is not None and threading.active_count() > 1)
        or sys.gettrace() is not None
        or sys.getprofile() is not None
    ):
        return status
    import atexit

    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return status  # Python's own way reports it
    os._exit(status)


def _parser(command: str | None) -> argparse.ArgumentParser:
    """Return the argument parser. Only the module of the command in use is imported and adds its options."""
    parser = argparse.ArgumentParser(prog="grader", description="Autograded labs on demand paging and copy-on-write.")
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, prog="grader")
    for name, about in COMMANDS.items():
        if command in (None, name):
            sub = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
            if command == name:
                module = import_module(f"grader.cli.{name}")
                module.arguments(sub)
                sub.set_defaults(module=module)
    return parser


def add_isolation(parser: argparse.ArgumentParser) -> None:
    """Add the --isolation option, which every command that uses the sandbox has."""
    levels = ("auto", "require", "L0", "L1", "W", "L2S", "L2", "L3")
    parser.add_argument(
        "--isolation",
        choices=levels,
        default="auto",
        metavar="LEVEL",
        help="auto (the strongest level available), require (at least L2), or exactly L0, L1, W (WebAssembly, for "
        "kernels in C), L2S, L2 or L3",
    )


def _explain(error: Exception) -> int:
    """Report an error on stderr and return the exit status: one line per problem that the user can fix, else a bug."""
    from grader.errors import InputError
    from grader.escape import printable

    # The paths and names in these messages may be untrusted.
    if isinstance(error, InputError):
        for problem in error.problems:
            print(f"grader: {printable(problem)}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):
        where = printable(str(error.filename or "standard output or a file"))
        print(f"grader: {where}: {printable(error.strerror or str(error))}", file=sys.stderr)
        _drop_output()
        return 2
    from grader.sandbox.sandbox import IsolationError

    if isinstance(error, IsolationError):
        print(f"grader: {error}", file=sys.stderr)
        return 3
    import traceback

    traceback.print_exc()
    print("grader: this is a bug in the grader, not a mistake of yours; please report the lines above", file=sys.stderr)
    return 3
