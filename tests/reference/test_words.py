"""Messages of a lab use only words that its students know: those of its handout, and of the labs before it."""

import re
from functools import partial

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.kernels import load_class
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel, misconceptions
from grader.lab.recordings import load_recording
from tests.conftest import ROOT

#: The labs in the order of the course, each with the words that it teaches. Earlier labs may not use them.
TAUGHT = {
    "demand-paging": (
        "frame",
        "page fault",
        "region",
        "frame of zeros",
        "receipt",
        "segv",
        "oom",
        "audit",
        "minor",
        "major",
    ),
    "copy-on-write": ("fork", "child", "parent", "sharer", "cow"),
    "shared-memory": ("shared object",),
    "kernel-access": ("user_access", "buffer"),
    "file-backed": ("page cache", "written back", "disk"),
    "swapping": ("slot", "swap", "evict", "victim"),
    "tlb": ("TLB", "translation"),
}
LABS = list(TAUGHT)

#: What a handout calls something that messages call otherwise.
IN_HANDOUTS = {"written back": "back to (the )?disk|[Ww]rite-back", "sharer": "shar", "shared object": "object"}


def lab_of(name):
    return load_lab(ROOT / "labs" / name)


@pytest.mark.parametrize("name", LABS)
def test_the_handout_teaches_the_words(name):
    """Each word stands in the handout of the lab that is said to teach it."""
    handout = (ROOT / "labs" / name / "README.md").read_text(encoding="utf-8")

    assert [w for w in TAUGHT[name] if not re.search(IN_HANDOUTS.get(w, re.escape(w)), handout)] == []


def messages(lab):
    """Yield all that is said to the stub and to every misconception in a lab's public scenarios, with the scenario."""
    outputs = {scenario.id: load_recording(lab, scenario) for scenario in lab.scenarios}
    kernels = [load_class(lab.kernel), *(misconception_kernel(lab, flag) for flag in misconceptions(lab))]
    for kernel in kernels:
        attempt = partial(attempt_here, make_kernel=kernel)
        for scenario in lab.scenarios:
            found = attempt_each(scenario, outputs[scenario.id], attempt)
            yield from ((scenario, line) for line in (found.message, *found.lines[1:]))


def unknown(lab):
    """Return the lines with a word that only a later lab teaches, outside of its names and of the project's path."""
    later = [word for name in LABS[LABS.index(lab.name) + 1 :] for word in TAUGHT[name]]
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, later))})")
    found = set()
    for scenario, line in messages(lab) if later else ():
        names = {
            *scenario.processes,
            *(str(s.fields[k]) for s in scenario.steps for k in ("name", "child") if k in s.fields),
        }
        told = re.sub(rf"\b({'|'.join(map(re.escape, names))})\b", "", line.replace(str(ROOT), ""))
        if pattern.search(told):
            found.add(f"{scenario.id}: {line.strip()}")
    return sorted(found)


def test_messages_of_the_first_lab_use_its_own_words():
    """No page cache, shared object or slot where nobody has heard of one."""
    assert unknown(lab_of("demand-paging")) == []


@pytest.mark.proof
@pytest.mark.parametrize("name", LABS[1:])
def test_messages_of_a_lab_use_words_that_were_taught(name):
    """The same for every later lab."""
    assert unknown(lab_of(name)) == []
