"""What `--submission` names."""

import pathlib

from grader.grade.submission import resolve
from grader.lab.lab import load_lab

ROOT = pathlib.Path(__file__).parents[2]


def test_the_model_answer_brings_the_modules_that_it_imports():
    """Its own package's, directly or through others; no kernel of another lab."""
    lab = load_lab(ROOT / "labs" / "shared-memory")
    code = resolve("reference", lab).code

    assert list(code.modules) == ["reference.copy_on_write", "reference.demand_paging", "reference.shared_memory"]
    assert code.main == "reference.shared_memory"
