"""Runs the program, as `grader` and as `python -m grader`, after checking where modules come from."""

# Nothing else may be imported before `restrict` has returned: `_signal` is built into Python, `signal` is a file.
import _signal  # type: ignore[import-not-found]
import _thread
import os
import sys


def main() -> int:
    """Run the command line. Returns the exit status.

    Until the command line takes over, ctrl-C ends the process at once. After that it raises KeyboardInterrupt, so that
    a command can save what it has.
    """
    heard = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler  # no: it is ignored, as in the background
    if heard:
        _signal.signal(_signal.SIGINT, _stop)
    sys.unraisablehook = _raise_again
    from grader.search_path import WAY_OUT, restrict

    reasons = restrict()
    if reasons:
        from grader.escape import printable

        for reason in (*reasons, WAY_OUT):
            print(f"grader: {printable(reason)}", file=sys.stderr)
        return 3
    from grader.cli import leave
    from grader.cli import main as command_line

    try:
        if heard:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        return leave(command_line())
    except KeyboardInterrupt:  # just before the command line catches it, after that, or for the second time
        return _stop()


def _stop(*_: object) -> int:
    """End the process with the message and the exit status that ctrl-C has everywhere."""
    try:
        os.write(2, b"grader: stopped\n")
    finally:
        os._exit(130)


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """Raise a KeyboardInterrupt again that nobody can catch where it was raised.

    Python calls functions of its own after imports, and `__del__`, from places that cannot raise. There it would print
    a traceback and go on, as if ctrl-C had not been pressed.
    """
    if lost.exc_type is KeyboardInterrupt:
        # That thread interrupts this one a moment later. If it comes too early, this is called again.
        _thread.start_new_thread(_thread.interrupt_main, ())
    else:
        sys.__unraisablehook__(lost)


# Worker processes of a batch import the main module again; they must not start another batch.
if __name__ == "__main__":
    sys.exit(main())
