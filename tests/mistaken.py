"""The course's misconceptions, for tests that need one without loading a lab's scenarios."""

import importlib

from grader.lab.mistakes import _mistakes_of, mixed
from grader.search_path import ROOT

#: flag -> the misconception.
MISTAKES = {}


def kernel(flag, base):
    """Return a reference class with one mistake."""
    return mixed(MISTAKES[flag], base)


def _find():
    import pathlib

    for path in sorted(pathlib.Path(ROOT, "reference", "misconceptions").glob("*.py")):
        if path.name != "__init__.py":
            module = importlib.import_module(f"reference.misconceptions.{path.stem}")
            MISTAKES.update({one.flag: one for one in _mistakes_of(module)})


_find()
