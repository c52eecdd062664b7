"""Makes the keys that attempts are kept under, and finds those of a kernel that count.

A verdict is used again only if everything that it depends on is as it was: the kernel, the scenario, the reference's
output, the grader, Python, the compiler and the runtime of kernels in C, and the class that lab.yaml names. All of this
is in its key. An attempt below the isolation that is wanted counts as none.

A kernel that ran into a limit has less time and memory in its other scenarios, and some are not tried (grade/held.py).
So its attempts depend on all scenarios of the lab and their order: they are kept together, under keys that name all of
it, and count together or not at all.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from grader.batch.store import Kept, Key, Store
from grader.grade.twins import Twin
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.lab.recordings import Recording, recording_path
from grader.sandbox.isolation import floor, rank
from grader.trace.json_form import trace_to_json
from grader.verify.verify import worlds
from grader.versions import grader_hash
from grader.wasm.toolchain import toolchain


class Kernel(NamedTuple):
    """A kernel by its digest in the store."""

    digest: str
    language: str


class Keys(NamedTuple):
    """Makes the keys of a lab's attempts.

    graders   what grades kernels, by language
    hashes    scenario -> its hash and that of its output
    twins     the same of the scenarios' twins
    whole     a hash of everything that is tried, in its order
    verified  the hash of the worlds that are explored, and that of the reference's code
    level     the rank of the isolation that is wanted
    """

    graders: dict[str, str]
    hashes: dict[str, tuple[str, str]]
    twins: dict[str, tuple[str, str]]
    whole: str
    verified: tuple[str, str]
    level: int

    def digest(self) -> bytes:
        """Return a hash of everything that decides which attempts count, except the kernel."""
        return bytes.fromhex(_hash((self.graders, self.whole, self.verified, self.level)))

    def grader(self, kernel: Kernel) -> str:
        """Return what grades a kernel; "" if the lab takes none in its language, as where it was graded."""
        return self.graders.get(kernel.language, "")

    def scenario(self, kernel: Kernel, id: str, together: bool) -> Key:
        """Return the key of an attempt at a scenario."""
        return self._key(kernel, self.hashes[id], together)

    def twin(self, kernel: Kernel, id: str, together: bool) -> Key:
        """Return the key of an attempt at the twin of a scenario."""
        return self._key(kernel, self.twins[id], together)

    def certificate(self, kernel: Kernel) -> Key:
        """Return the key of a certificate."""
        worlds, reference = self.verified
        return Key(kernel.digest, f"verify-{worlds}", self.grader(kernel), reference)

    def place(self, hashes: tuple[str, str], together: bool) -> tuple[str, str]:
        """Return the parts of a key that say what was tried: the scenario, or the twin, and its output."""
        scenario, output = hashes
        return (scenario, f"{output}-{self.whole}") if together else hashes

    def _key(self, kernel: Kernel, hashes: tuple[str, str], together: bool) -> Key:
        scenario, output = self.place(hashes, together)
        return Key(kernel.digest, scenario, self.grader(kernel), output)


def make_keys(lab: Lab, outputs: Mapping[str, Recording], twins: Mapping[str, Twin], isolation: str) -> Keys:
    """Return the keys of a lab's attempts, with its outputs and twins."""
    every = lab.all_scenarios
    hashes = {one.id: (outputs[one.id].hash, _file_digest(recording_path(lab, one))) for one in every}
    of_twins = {id: (twin.output.hash, _digest(twin.output)) for id, twin in twins.items()}
    tried = [(one.id, one.task, hashes[one.id], of_twins.get(one.id)) for one in every]
    return Keys(
        graders(lab.languages, lab.kernel.name),
        hashes,
        of_twins,
        _hash((tried, len(lab.scenarios))),
        (_hash(worlds(lab)), _reference(lab)),
        rank(floor(isolation)),
    )


def graders(languages: Iterable[str], class_name: str) -> dict[str, str]:
    """Return what grades a kernel here, by its language. class_name: of kernels in Python."""
    return {
        language: f"{grader_hash()}-{_hash(class_name if language == 'python' else toolchain())[:16]}"
        for language in languages
    }


def _reference(lab: Lab) -> str:
    """Return a hash of the code that a kernel is verified against; it may import modules next to it."""
    if lab.reference is None:
        return ""
    files = sorted(lab.reference.path.parent.glob("*.py"))
    return _hash((lab.reference.name, [(file.name, file.read_bytes()) for file in files]))


def _file_digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(output: Recording) -> str:
    """Return a hash of an output that no file holds."""
    plain = [trace_to_json(trace) for trace in output.traces]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _hash(parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Known(NamedTuple):
    """Holds what the store has of a kernel that counts: attempts at scenarios and twins, by scenario; the certificate.

    together  True if the kernel ran into a limit, so that all of it counts or nothing
    """

    attempts: dict[str, Kept]
    twins: dict[str, Kept]
    together: bool
    certificate: Kept | None

    def due(self, keys: Keys) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the scenarios, and the twins of scenarios, that the kernel has still to be tried on."""
        missing = tuple(id for id in keys.hashes if _is_open(self.attempts.get(id)))
        # A twin is tried if its scenario is passed, or not tried yet either.
        twins = tuple(
            id
            for id in keys.twins
            if _is_open(self.twins.get(id)) and (id in missing or self.attempts[id].verdict == PASSED)
        )
        return (tuple(keys.hashes), tuple(keys.twins)) if self.together and (missing or twins) else (missing, twins)


def known_of(keys: Keys, store: Store, kernel: Kernel) -> Known:
    """Return what the store has of a kernel: the attempts that were kept together, if there are any.

    If some of these are open, and a later try kept all that is due one by one, those count.
    """
    rows = store.attempts(kernel.digest, keys.grader(kernel))
    counting = {place: kept for place, kept in rows.items() if rank(kept.isolation["got"]) >= keys.level}
    together, alone = (_known(keys, counting, kernel, together) for together in (True, False))
    if not together.attempts or (together.due(keys) != _NOTHING and alone.due(keys) == _NOTHING):
        return alone
    return together


#: What is due of a kernel that was tried on everything.
_NOTHING: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def _known(keys: Keys, counting: Mapping[tuple[str, str], Kept], kernel: Kernel, together: bool) -> Known:
    def found(hashes: Mapping[str, tuple[str, str]]) -> dict[str, Kept]:
        places = {id: keys.place(one, together) for id, one in hashes.items()}
        return {id: counting[place] for id, place in places.items() if place in counting}

    key = keys.certificate(kernel)
    certificate = counting.get((key.scenario, key.output))
    return Known(found(keys.hashes), found(keys.twins), together, None if _is_open(certificate) else certificate)


def _is_open(kept: Kept | None) -> bool:
    """Return True if nothing is known, or nothing that says anything."""
    return kept is None or kept.verdict == UNGRADABLE
