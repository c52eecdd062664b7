"""Write which kernels of a batch are alike: similarity.json, .txt and .html, for staff only.

Everything comes from the store, so the shards of a class are compared with each other when they are merged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grader.batch.grading import Course, stub_path
from grader.batch.output import Output
from grader.batch.similarity import Pair, connected, find_alike, together
from grader.batch.sources import kernel_of
from grader.batch.store import Store
from grader.lab.fields import LANGUAGES
from grader.lab.lab import Lab
from grader.wasm.compiler import HEADER

if TYPE_CHECKING:
    from grader.report.similarity import AlikePair, Similarity


def compare_kernels(course: Course, store: Store) -> tuple[Similarity, dict[str, str]]:
    """Return which kernels are alike, and the texts of those that were compared, by submission."""
    # Equal bytes are compared once: the class report names them already, and they would drown the other pairs.
    by_digest: dict[str, list[str]] = {}
    names = {}
    for id, about, _ in store.submissions():
        names[id] = about["label"]
        if about["kernel"]:
            by_digest.setdefault(about["kernel"], []).append(id)
    kept = store.kernels()
    in_language: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for digest, same in by_digest.items():
        if digest in kept:
            language, text = kernel_of(kept[digest])
            in_language[language][same[0]] = text
    texts = {id: text for kernels in in_language.values() for id, text in kernels.items()}
    signatures = {same[0]: _signatures(course, store, digest) for digest, same in by_digest.items()}
    likeness = together(
        find_alike(kernels, given_code(course.lab, language), signatures, language)
        for language, kernels in in_language.items()
    )
    groups = connected(likeness)
    named = {id for group in groups for id in group.members}
    copies = {same[0]: same[1:] for same in by_digest.values() if len(same) > 1 and same[0] in named}
    found: Similarity = {
        "compared": likeness.compared,
        "missing": len(by_digest.keys() - kept.keys()),
        "groups": [
            {"kernels": group.members, "same": group.same, "pairs": [_plain(pair) for pair in group.pairs]}
            for group in groups
        ],
        "copies": copies,
        "names": {id: names[id] for id in sorted({*named, *(id for ids in copies.values() for id in ids)})},
    }
    return found, texts


def _plain(pair: Pair) -> AlikePair:
    share = round(pair.share, 3)
    return {"first": pair.first, "second": pair.second, "share": share, "signatures": list(pair.signatures)}


def write_similarity(found: Similarity, texts: dict[str, str], output: Output) -> None:
    """Write the three files. OSError if one cannot be written."""
    from grader.report import similarity

    output.write("similarity.json", json.dumps(found, indent=1) + "\n")
    output.write("similarity.txt", similarity.text(found))
    output.write("similarity.html", similarity.page(found, texts))


def given_code(lab: Lab, language: str) -> list[str]:
    """Return the stub of a lab and those of the labs in the same folder, which students have from earlier weeks; in C
    also the header."""
    stub = stub_path(lab, language)
    others = sorted(path.with_name(stub.name) for path in stub.parent.parent.glob("*/lab.yaml"))
    header = [HEADER] if language == "c" else []
    return [path.read_text(encoding="utf-8") for path in dict.fromkeys([stub, *others, *header]) if path.is_file()]


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
