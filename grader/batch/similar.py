"""Write which kernels of a batch are alike: similarity.json, .txt and .html, for staff only.

Everything comes from the store, so the shards of a class are compared with each other when they are merged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from grader.batch.grading import Course, stub_path
from grader.batch.memo import Memo
from grader.batch.output import Output
from grader.batch.similarity import Marked, Pair, connected, together
from grader.batch.sources import kernel_of
from grader.batch.store import Store
from grader.lab.fields import LANGUAGES
from grader.lab.lab import Lab
from grader.versions import whole_hash
from grader.wasm.compiler import HEADER

if TYPE_CHECKING:
    from grader.report.similarity import AlikePair, Similarity


def compare_kernels(course: Course, store: Store, memo: Memo, signatures: Mapping[str, dict[str, str]]) -> Similarity:
    """Return which kernels are alike. signatures: kernel -> how it failed: scenario -> signature."""
    given = {language: given_code(course.lab, language) for language in LANGUAGES}
    # Equal bytes are compared once: the class report names them already, and they would drown the other pairs.
    by_digest: dict[str, list[str]] = {}
    names = {}
    for id, about, _ in store.each_submission():
        names[id] = about["label"]
        if about["kernel"]:
            by_digest.setdefault(about["kernel"], []).append(id)
    missing = sorted(by_digest.keys() - store.kernel_digests())
    told = [whole_hash(), given, names, by_digest, missing, [sorted(signatures[one].items()) for one in by_digest]]
    key = hashlib.sha256(json.dumps(told).encode()).digest()
    known = memo.get(key)
    if known is not None:
        remembered: Similarity = json.loads(known)
        return remembered
    found = _compared(store, given, names, by_digest, signatures)
    memo.put(key, json.dumps(found).encode())
    return found


def _compared(
    store: Store,
    given: Mapping[str, list[str]],
    names: Mapping[str, str],
    by_digest: Mapping[str, list[str]],
    signatures: Mapping[str, dict[str, str]],
) -> Similarity:
    """Return which kernels are alike. by_digest: kernel -> the submissions that have it; names: of submissions."""
    marked: dict[str, Marked] = {language: Marked(texts, language) for language, texts in given.items()}
    compared = 0
    for digest, text in store.kernels():
        if digest in by_digest:
            compared += 1
            language, source = kernel_of(text)
            marked[language].add(by_digest[digest][0], source)
    failures = {same[0]: signatures[digest] for digest, same in by_digest.items()}
    likeness = together(one.alike(failures) for one in marked.values())
    groups = connected(likeness)
    named = {id for group in groups for id in group.members}
    copies = {same[0]: same[1:] for same in by_digest.values() if len(same) > 1 and same[0] in named}
    return {
        "compared": likeness.compared,
        "usual": likeness.usual,
        "missing": len(by_digest) - compared,
        "groups": [
            {"kernels": group.members, "same": group.same, "pairs": [_plain(pair) for pair in group.pairs]}
            for group in groups
        ],
        "copies": copies,
        "names": {id: names[id] for id in sorted({*named, *(id for ids in copies.values() for id in ids)})},
    }


def _plain(pair: Pair) -> AlikePair:
    share = round(pair.share, 3)
    return {"first": pair.first, "second": pair.second, "share": share, "signatures": list(pair.signatures)}


def write_similarity(found: Similarity, store: Store, output: Output) -> None:
    """Write the three files. OSError if one cannot be written."""
    from grader.report import similarity

    output.write("similarity.json", json.dumps(found, indent=1) + "\n")
    output.write("similarity.txt", similarity.text(found))
    output.write("similarity.html", similarity.page(found, lambda id: _text_of(store, id)))


def _text_of(store: Store, id: str) -> str:
    """Return the text of a submission's kernel."""
    text = store.kernel(store.about(id)["kernel"])
    return kernel_of(text)[1] if text is not None else ""


def given_code(lab: Lab, language: str) -> list[str]:
    """Return the stub of a lab and those of the labs in the same folder, which students have from earlier weeks; in C
    also the header."""
    stub = stub_path(lab, language)
    others = sorted(path.with_name(stub.name) for path in stub.parent.parent.glob("*/lab.yaml"))
    header = [HEADER] if language == "c" else []
    return [path.read_text(encoding="utf-8") for path in dict.fromkeys([stub, *others, *header]) if path.is_file()]
