"""The command line: parses arguments, prints, exits. Nobody imports it.

Each command lives in a module of its own, which is imported when it is used: `grader run` must not pay for `batch`.
Exit status: 0 all points earned (for the tools: done); 1 graded, something is missing; 2 the command, the lab or its
files are wrong; 3 could not be graded.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from grader import __version__
from grader.cli.streams import prepare

#: command -> one line for `grader --help`; the module of the same name has `arguments(parser)` and `run(options)`.
COMMANDS = {
    "run": "grade one submission",
    "show": "one scenario, step by step, with tables and frames",
    "quiz": "ask the questions of a lab, or check a sheet of answers",
    "practice": "watch page faults of a real program on this machine's own kernel",
    "list": "the labs that are here",
    "check": "the author's proof that a lab is sound",
    "new": "a new lab or scenario that works, to be changed",
    "record": "write reference outputs anew and print what changed",
    "fuzz": "search for a scenario on which a kernel differs from the reference",
    "batch": "grade many submissions, resume, fill gradebooks",
    "merge": "join the results of a batch that was graded in shards",
    "release": "the students' version of a lab",
    "export": "a lab as another system's autograder",
    "selftest": "attack this machine's sandbox and say what held",
}


def main(arguments: list[str] | None = None) -> int:
    """The program. Returns the exit status; nothing that a user can cause comes out as a traceback."""
    problem = prepare()
    if problem:
        print(f"grader: {problem}", file=sys.stderr)
        return 2
    arguments = sys.argv[1:] if arguments is None else arguments
    command = next((a for a in arguments if not a.startswith("-")), None)
    parser = _parser(command if command in COMMANDS else None)
    options = parser.parse_args(arguments)
    try:
        status: int = options.module.run(options)
        sys.stdout.flush()  # a full disk is noticed here, while it can still be reported
        return status
    except KeyboardInterrupt:
        print("grader: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; that is no error of ours, and no traceback is owed to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        return _explain(error)


def _parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only the command in use fills in its options."""
    parser = argparse.ArgumentParser(prog="grader", description="Autograded labs on demand paging and copy-on-write.")
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, about in COMMANDS.items():
        if command in (None, name):
            sub = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
            if command == name:
                module = import_module(f"grader.cli.{name}")
                module.arguments(sub)
                sub.set_defaults(module=module)
    return parser


def add_isolation(parser: argparse.ArgumentParser) -> None:
    """The option that every command with a box has."""
    levels = ("auto", "require", "L0", "L1", "L2S", "L2", "L3")
    parser.add_argument(
        "--isolation",
        choices=levels,
        default="auto",
        metavar="LEVEL",
        help="auto (what this machine gives), require (L2 at least), or L0 L1 L2S L2 L3",
    )


def _explain(error: Exception) -> int:
    """Print an error that the user can fix, one line per problem, on stderr; anything else is a fault of ours."""
    from grader.errors import InputError
    from grader.escape import printable

    # Paths and names in these may be untrusted.
    if isinstance(error, InputError):
        for problem in error.problems:
            print(f"grader: {printable(problem)}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):
        where = printable(str(error.filename or "standard output or a file"))
        print(f"grader: {where}: {printable(error.strerror or str(error))}", file=sys.stderr)
        return 2
    from grader.sandbox.sandbox import IsolationError

    if isinstance(error, IsolationError):
        print(f"grader: {error}", file=sys.stderr)
        return 3
    import traceback

    traceback.print_exc()
    print("grader: this is a fault of the grader, not of yours; please report the lines above", file=sys.stderr)
    return 3
