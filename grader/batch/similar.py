"""Write which kernels of a batch are alike: similarity.json, .txt and .html, for staff only.

Only `grader batch` writes them: the store has digests and not the kernels' texts, so `grader merge` cannot compare.
"""

from __future__ import annotations

import json
from typing import Any

from grader.batch.grading import Course
from grader.batch.output import Output
from grader.batch.similarity import find_alike
from grader.batch.sources import BatchSubmission
from grader.batch.store import Store
from grader.lab.lab import Lab


def write_similarity(course: Course, store: Store, sources: list[BatchSubmission], output: Output) -> str:
    """Compare the kernels of a batch, write what was found, and return a summary in one line.

    OSError if a file cannot be written.
    """
    from grader.report import similarity

    # Equal bytes are compared once: the class report names them already, and they would drown the other pairs.
    by_digest: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for source in sorted((one for one in sources if one.has_kernel), key=lambda one: one.found.id):
        same = by_digest.setdefault(source.code_digest, [])
        same.append(source.found.id)
        texts.setdefault(same[0], source.kernel)
    signatures = {same[0]: _signatures(course, store, digest) for digest, same in by_digest.items()}
    found = find_alike(texts, given_code(course.lab), signatures)
    plain: dict[str, Any] = {
        "compared": found.compared,
        "groups": found.groups,
        "pairs": [pair._asdict() for pair in found.pairs],
        "copies": {same[0]: same[1:] for same in by_digest.values() if len(same) > 1},
        "names": {id: about["label"] for id, about, _ in store.submissions()},
    }
    output.write("similarity.json", json.dumps(plain, indent=1) + "\n")
    output.write("similarity.txt", similarity.text(plain))
    output.write("similarity.html", similarity.page(plain, texts))
    return similarity.summary(plain)


def given_code(lab: Lab) -> list[str]:
    """Return the stub of a lab and those of the labs in the same folder, which students have from earlier weeks."""
    stub = lab.kernel.path
    others = sorted(path.with_name(stub.name) for path in stub.parent.parent.glob("*/lab.yaml"))
    return [path.read_text(encoding="utf-8") for path in dict.fromkeys([stub, *others]) if path.is_file()]


def _signatures(course: Course, store: Store, kernel: str) -> dict[str, str]:
    """Return how a kernel failed each scenario: scenario id -> signature."""
    kept = store.attempts(kernel, course.grader)
    found = {}
    for scenario in course.lab.all_scenarios:
        key = course.key(kernel, scenario.id)
        known = kept.get((key.scenario, key.output))
        if known is not None and known.attempt.get("sign"):
            found[scenario.id] = known.attempt["sign"]
    return found
