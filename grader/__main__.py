"""Runs the program, as `grader` and as `python -m grader`, after checking where modules come from."""

import sys

from grader.search_path import WAY_OUT, restrict


def main() -> int:
    """Run the command line. Nothing else may be imported before `restrict` has returned. Returns the exit status."""
    reasons = restrict()
    if reasons:
        from grader.escape import printable

        for reason in (*reasons, WAY_OUT):
            print(f"grader: {printable(reason)}", file=sys.stderr)
        return 3
    from grader.cli import leave
    from grader.cli import main as command_line

    return leave(command_line())


# Worker processes of a batch import the main module again; they must not start another batch.
if __name__ == "__main__":
    sys.exit(main())
