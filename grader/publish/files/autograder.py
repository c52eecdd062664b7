"""Grade one submission for Classroom 50, whose runner starts this in the student's checkout.

It writes result.json there. Any status except 0 makes the runner report an error instead of a grade, which is correct
when not everything could be graded.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = pathlib.Path.cwd()
RESULT = CHECKOUT / "result.json"

#: What compiles and runs kernels in C, in a lab that takes them.
C_TOOLS = "@C_TOOLS@"


def grade(python: str) -> int:
    """Run the grader; return its exit status. The student's files cannot be imported: -I, and another folder."""
    command = [python, "-I", "-m", "grader", "run", str(HERE / "labs" / "@LAB@"), "--submission", str(CHECKOUT)]
    command += ["--isolation", "@ISOLATION@", "--format", "classroom50", "--output", str(RESULT)]
    return subprocess.run(command, cwd=HERE, check=False).returncode


def installed(folder: str) -> str:
    """Return a Python that has the grader: GRADER_PYTHON, or one that is set up in a folder."""
    if os.environ.get("GRADER_PYTHON"):
        return os.environ["GRADER_PYTHON"]
    subprocess.run([sys.executable, "-I", "-m", "venv", folder], cwd=HERE, check=True)
    python = os.path.join(folder, "bin", "python")
    command = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, str(HERE / "@WHEEL@"), *C_TOOLS.split()], cwd=HERE, check=True)
    return python


def main() -> int:
    """Return 0 if result.json was written by this run and everything in it was graded."""
    if RESULT.is_dir() and not RESULT.is_symlink():  # the student's own
        shutil.rmtree(RESULT)
    else:
        RESULT.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        python = installed(folder)
        # A kernel cannot cause status 3: the machine was too busy.
        statuses = (grade(python) for _ in range(3))
        status = next((one for one in statuses if one != 3), 3)
    return 0 if status <= 1 else status


if __name__ == "__main__":
    sys.exit(main())
