"""Builds the compiled core as a wheel and installs it into the interpreter that runs this: `make core`.

Where that is not possible because no compiler is there, this says so in one line and ends with status 0: the machine in
Python does the same work. A source that does not compile is an error, and so is a wheel that cannot be installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from grader.machine.core import SOURCE, fingerprint

FOLDER = pathlib.Path(SOURCE).parent


def main() -> int:
    """Build and install; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -I -m grader.machine.compiled.build")
    parser.add_argument("--wheel", metavar="DIR", help="write the wheel into this folder, and do not install it")
    options = parser.parse_args()
    missing = what_is_missing()
    if missing:
        print(f"The compiled core is not built: {missing}. The machine runs in Python.", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(pathlib.Path(folder))
        if wheel is None:
            return 1
        if options.wheel:
            pathlib.Path(options.wheel).mkdir(parents=True, exist_ok=True)
            print(shutil.copy(wheel, options.wheel))
            return 0
        done = pip("install", "--no-index", "--no-deps", "--force-reinstall", str(wheel))
        if done.returncode:
            print(done.stdout, file=sys.stderr)
        return done.returncode


def what_is_missing() -> str:
    """Return what a build needs and is not here, in words; "" if all is there."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "")
    if compiler and shutil.which(compiler[0]) is None:
        return f"there is no C compiler ({compiler[0]})"
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        return "Python.h is missing (a package such as python3-dev has it)"
    if importlib.util.find_spec("setuptools") is None:
        return "setuptools is missing (pip install 'setuptools>=77')"
    return ""


def build(folder: pathlib.Path) -> pathlib.Path | None:
    """Build a wheel from a copy of the sources in an empty folder; None, after the compiler's words, if that fails."""
    for name in ("core.c", "pyproject.toml"):
        shutil.copy(FOLDER / name, folder)
    (folder / "fingerprint.h").write_text(f'#define FINGERPRINT "{fingerprint()}"\n', encoding="ascii")
    done = pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(folder))
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        return None
    return next(folder.glob("forklab_core-*.whl"))


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip in this interpreter's environment; return how it ended, with what it printed in `stdout`."""
    command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", *arguments, "--quiet"]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
