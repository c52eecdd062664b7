"""A small lab on disk, for tests of everything that reads labs."""

from __future__ import annotations

import functools
import pathlib
import tempfile

LAB = """format: 1
title: A small lab
kernel: kernel.py:SmallKernel
reference: reference/small.py:SmallKernel
quiz: quiz.yaml
tasks:
  - {id: touch, title: First touch, points: 50}
  - {id: share, title: Fork, points: 40, needs: [touch]}
  - {id: quiz, title: Quiz, points: 10}
"""

TOUCH = """format: 1
title: A first write faults once
task: touch
processes: [P]
steps:
  - mmap:  {by: P, name: h, pages: 2}
  - write: {by: P, at: h, value: 1, expect: {faults: 2, frames: 2}}
hint: "What is a fault?"
"""

FORK = """format: 1
title: A child shares
task: share
processes: [P]
steps:
  - mmap:  {by: P, name: h, pages: 1}
  - write: {by: P, at: h, value: 1}
  - fork:  {by: P, child: C, expect: {frames: 1}}
  - write: {by: C, at: h, value: 2, expect: {faults: 1, copies: 1}}
"""

SECRET = """format: 1
title: The secret title of a hidden scenario
task: share
processes: [P]
steps:
  - mmap:  {by: P, name: secretname, pages: 1}
  - write: {by: P, at: secretname, value: 77}
  - fork:  {by: P, child: Hiddenchild}
  - write: {by: P, at: secretname, value: 78}
  - read:  {by: Hiddenchild, at: secretname, expect: {value: 77}}
"""

QUIZ = """format: 1
title: A small quiz
questions:
  - id: copies
    type: number
    points: 1
    text: How many copies?
    answer: {scenario: fork, after: 4, observe: copies}
  - id: who
    type: single
    points: 1
    text: Who copies?
    section: 2. Fork
    choices:
      - {id: writer, text: The writer, right: true, why: It needs a frame.}
      - {id: child, text: The child, right: false, why: The parent may write first.}
"""

STUB = """from grader.machine import Kernel


class SmallKernel(Kernel):
    def mmap(self, process, region):
        raise NotImplementedError("task 1: mmap")
"""

HANDOUT = "# A small lab\n\n## 1. First touch\n\n## 2. Fork\n"


def make_lab(folder: pathlib.Path) -> pathlib.Path:
    """Write a lab with two public scenarios and a hidden one below a folder, and record it."""
    kernels = pathlib.Path(__file__).with_name("kernels.py").read_text(encoding="utf-8")
    lab = folder / "small"
    files = {
        "lab.yaml": LAB,
        "README.md": HANDOUT,
        "kernel.py": STUB,
        "quiz.yaml": QUIZ,
        "answers.yaml": "copies:\nwho:\n",
        "scenarios/touch.yaml": TOUCH,
        "scenarios/fork.yaml": FORK,
        "hidden/secret.yaml": SECRET,
        "reference/small.py": kernels,
        "reference/answers/small.yaml": "copies: 1\nwho: writer\n",
    }
    for name, text in files.items():
        path = lab / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return lab


def recorded(folder: pathlib.Path) -> pathlib.Path:
    """The same, with its outputs recorded."""
    path = make_lab(folder)
    for name, data in _recordings().items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@functools.cache
def _recordings() -> dict[pathlib.PurePath, bytes]:
    """What recording adds to the small lab: made once, as it is the same wherever the lab is."""
    from grader.authoring.record import record
    from grader.lab.lab import load_lab
    from grader.quiz.record import record_keys
    from tests.kernels import SmallKernel

    with tempfile.TemporaryDirectory() as folder:
        path = make_lab(pathlib.Path(folder))
        before = set(path.rglob("*"))
        record(load_lab(path), SmallKernel)
        record_keys(load_lab(path))
        new = [found for found in path.rglob("*") if found.is_file() and found not in before]
        return {found.relative_to(path): found.read_bytes() for found in new}


def kernel_text(old: str = "", new: str = "") -> str:
    """SmallKernel's source, with a mistake if one is wanted."""
    text = pathlib.Path(__file__).with_name("kernels.py").read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)
