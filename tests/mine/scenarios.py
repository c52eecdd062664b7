"""Scenarios that students might write, for tests."""

import pathlib

HEAD = "format: 1\ntitle: A sentence that can be false\ntask: {task}\nprocesses: [P]\nsteps:\n"

#: Catches a copy that is made of zeros, and what the audit finds after a fork and a write.
STRONG = HEAD.format(task="copy") + (
    "  - mmap:  {by: P, name: notes, pages: 1}\n"
    '  - write: {by: P, at: "notes[0]+1", value: 40}\n'
    "  - fork:  {by: P, child: C}\n"
    '  - write: {by: C, at: "notes[0]+6", value: 41}\n'
    '  - read:  {by: C, at: "notes[0]+1", expect: {value: 40}}\n'
)

#: Valid, and right in every kernel.
WEAK = HEAD.format(task="share") + (
    "  - mmap:  {by: P, name: notes, pages: 1}\n"
    "  - fork:  {by: P, child: C}\n"
    "  - write: {by: P, at: notes, value: 9}\n"
    "  - read:  {by: P, at: notes, expect: {value: 9}}\n"
)

#: Expects what the reference does not do, in line 8.
WRONG = HEAD.format(task="share") + (
    "  - mmap:  {by: P, name: notes, pages: 2}\n"
    "  - write: {by: P, at: notes, value: 5}\n"
    "  - fork:  {by: P, child: C, expect: {copies: 2}}\n"
)


def hand_in(folder: pathlib.Path, **scenarios: str | bytes) -> pathlib.Path:
    """Write scenarios into a student's folder; `_` in a name stands for a hyphen."""
    (folder / "mine").mkdir(parents=True, exist_ok=True)
    for name, text in scenarios.items():
        path = folder / "mine" / f"{name.replace('_', '-')}.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
