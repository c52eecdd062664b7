"""The Python of a fresh machine of GitHub, GitLab or Gradescope, with a package index that needs no network."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import sysconfig

#: Does what its Python does. In each venv that it makes, the packages of this environment count as installed.
PYTHON = """#!/bin/sh
{python} "$@" || exit
case "$*" in "-I -m venv "*) echo {packages} > "$(echo "$4"/lib/python*/site-packages)/index.pth" ;; esac
"""


class FreshMachine:
    """A folder `bin` with a Python that has no grader, and what a script does there."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        packages = folder / "packages"
        packages.mkdir()
        for entry in pathlib.Path(sysconfig.get_path("purelib")).iterdir():
            if "forklab" not in entry.name:
                (packages / entry.name).symlink_to(entry)
        text = PYTHON.format(python=pathlib.Path(sys.executable).resolve(), packages=packages)
        for name in ("python", "python3", "python3.13"):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def activate(self, venv: pathlib.Path) -> None:
        """Make a venv the machine's Python, as an image with nothing but Python has it."""
        subprocess.run([self.bin / "python", "-I", "-m", "venv", str(venv)], check=True, timeout=60)
        self.bin = venv / "bin"

    def run(self, command: list[str], folder: pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder that is also PYTHONPATH."""
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        settings = {**os.environ, "PATH": path, "PYTHONPATH": str(folder), "PIP_NO_INDEX": "1", **environment}
        return subprocess.run(
            command, cwd=folder, env=settings, capture_output=True, text=True, timeout=120, check=False
        )
