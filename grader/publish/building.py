"""Put the public parts of the labs into the package when it is built, so that `pip install` alone is enough to start.

A command of setuptools (`cmdclass` in pyproject.toml). Nothing is written into the checkout: the labs go into the
folder from which the wheel is made. An installation in place needs none of it.
"""

from __future__ import annotations

import pathlib
import sys

from setuptools.command.build_py import build_py

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class BuildWithLabs(build_py):
    """Builds the package, and then releases each lab of the checkout into it."""

    def run(self) -> None:
        """Build; then write grader/publish/labs/NAME for every lab, without hidden scenarios, references or keys."""
        super().run()
        if self.editable_mode:
            return
        sys.path.insert(0, str(ROOT))
        from grader.lab.lab import load_lab
        from grader.publish.release import write_lab

        for path in sorted(ROOT.glob("labs/*/lab.yaml")):
            target = pathlib.Path(self.build_lib, "grader", "publish", "labs", path.parent.name)
            write_lab(load_lab(path.parent), target, hidden=False)
