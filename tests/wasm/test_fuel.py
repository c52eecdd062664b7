"""Fuel: a kernel in C uses the same everywhere, and no correct one comes near its limit."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from grader.sandbox.inside.wasm_runtime import FUEL
from grader.wasm.compiler import compile_kernel
from grader.wasm.runtime import runtime_library

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
LABS = ("demand-paging", "copy-on-write", "shared-memory")

#: In place of counts: every table is searched for the users of a frame.
SEARCHING = {
    "static uint32_t references[FL_FRAMES];": """static process_t last;
static uint32_t users(frame_t frame) {
    uint32_t found = 0;
    pte_t entry;
    for (process_t process = 1; process <= last; process++)
        for (page_t page = 0; fl_next_page(process, page, &page); page++)
            if (fl_lookup(process, page, &entry) && entry.frame == frame) found++;
    return found;
}""",
    "--references[frame] == 0": "users(frame) == 0",
    "references[old] == 1": "users(old) == 1",
    "    references[frame] = 1;\n": "",
    "    if (!error && entry->frame != fl_zero_frame()) references[entry->frame]++;\n": "",
    "    return region_insert(&regions[process], region);": "    if (process > last) last = process;\n"
    "    return region_insert(&regions[process], region);",
    "    uint32_t count = 0, at = 0;\n": "    uint32_t count = 0, at = 0;\n    if (child > last) last = child;\n",
    "        fl_lookup(process, page, &entry);\n        release": "        fl_lookup(process, page, &entry);\n"
    "        fl_unmap(process, page);\n        release",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """modules(text): the file of a kernel's module."""
    folder = tmp_path_factory.mktemp("modules")

    def compiled(text):
        path = folder / f"{len(list(folder.iterdir()))}.wasm"
        path.write_bytes(compile_kernel(text).module)
        return path

    return compiled


def model(lab):
    return (ROOT / "reference" / "c" / f"{lab}.c").read_text()


def fuel(module, lab, python=sys.executable, before=()):
    """Return the fuel of every scenario, as another process counts it."""
    command = [*before, python, "-B", HERE / "fuel_of.py", ROOT, runtime_library(), module, ROOT / "labs" / lab]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["used"]


@pytest.mark.parametrize("lab", LABS)
def test_the_limit_is_ten_times_what_the_model_answers_need(modules, lab):
    """In every scenario, and the largest one is not far from it: the figure in the README is true."""
    used = fuel(modules(model(lab)), lab)

    assert max(used.values()) <= FUEL / 10
    assert lab != "copy-on-write" or used["fork-faults"] > FUEL / 20


@pytest.mark.proof
def test_a_kernel_without_counts_is_not_stopped(modules):
    """The slowest correct kernel passes the largest scenario with a quarter of what that adds to the limit."""
    text = model("copy-on-write")
    for old, new in SEARCHING.items():
        assert old in text, old
        text = text.replace(old, new)
    used = fuel(modules(text), "copy-on-write")["fork-faults"]

    assert FUEL < used < FUEL + 2000 * 2048**2 / 3


@pytest.mark.proof
def test_ten_runs_use_the_same(modules):
    """Ten processes, every scenario."""
    module = modules(model("copy-on-write"))
    first, *others = [fuel(module, "copy-on-write") for _ in range(10)]

    assert all(other == first for other in others)


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("nice") is None, reason="no nice here")
def test_load_changes_nothing(modules):
    """At the lowest priority, with every processor busy with other things."""
    module = modules(model("copy-on-write"))
    alone = fuel(module, "copy-on-write")
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        loaded = fuel(module, "copy-on-write", before=["nice", "-n", "19"])
    finally:
        for process in busy:
            process.kill()
            process.wait()

    assert loaded == alone


@pytest.mark.proof
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_other_pythons_count_the_same(modules, version):
    """The count is WebAssembly's, whatever Python calls it."""
    other = shutil.which(f"python{version}")
    if other is None or subprocess.run([other, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} here")
    module = modules(model("copy-on-write"))

    assert fuel(module, "copy-on-write", python=other) == fuel(module, "copy-on-write")
