"""Keeps what `grader check` has proved, so that after an edit only what the edit concerns is proved again.

A misconception's outcome in a scenario depends on the grader's code, on the course's reference kernels, on the scenario
and on its recorded output; the proof of the quiz depends on all files of the lab. Each is kept under a hash of these.
A proof that found a problem is not kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from typing import Any

from grader import kept
from grader.authoring.misconceptions import KnownSigns
from grader.lab.lab import Lab
from grader.lab.recordings import recording_path
from grader.versions import files_hash, grader_hash

#: Folder of the cache, and the number of labs whose proofs are kept.
KIND, LABS = "proofs", 40


class KeptProofs:
    """The proofs of one lab. Use it as a context manager: leaving it keeps them.

    fresh  whether all is proved again, whatever is kept
    """

    def __init__(self, lab: Lab, fresh: bool = False) -> None:
        assert lab.reference is not None
        self._lab = lab
        self._key = hashlib.sha256(str(lab.path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
        self._code = files_hash(grader_hash(), lab.reference.path.parent.rglob("*.py"))
        self._scenarios = {s.id: files_hash(s.hash, [recording_path(lab, s)]) for s in lab.all_scenarios}
        found = {} if fresh else self._read()
        self.signs: KnownSigns = {
            (flag, id): sign
            for id, digest in self._scenarios.items()
            for flag, sign in found.get("signs", {}).get(digest, {}).items()
        }
        self._whole: dict[str, list[str]] = found.get("whole", {})

    def __enter__(self) -> KeptProofs:
        return self

    def __exit__(self, *_: object) -> None:
        signs: dict[str, dict[str, str | None]] = {}
        for (flag, id), sign in self.signs.items():
            signs.setdefault(self._scenarios[id], {})[flag] = sign
        pack = {"code": self._code, "signs": signs, "whole": self._whole}
        with contextlib.suppress(OSError):  # the next check proves all again
            kept.keep(KIND, self._key, json.dumps(pack).encode(), LABS)

    def shown(self, name: str) -> str | None:
        """Return what a proof of the whole lab showed, if it was made with exactly these files."""
        digest, shown = self._whole.get(name, ["", ""])
        return shown if digest == self._files else None

    def keep(self, name: str, shown: str) -> None:
        """Keep what a proof of the whole lab showed."""
        self._whole[name] = [self._files, shown]

    @functools.cached_property
    def _files(self) -> str:
        """Return a hash of everything that belongs to the lab."""
        lab = self._lab
        assert lab.reference is not None
        own = [*lab.path.rglob("*"), *lab.outputs.rglob("*"), *(lab.reference.path.parent / "answers").glob("*")]
        quiz = lab.quiz.parent.glob("*") if lab.quiz is not None else ()
        return files_hash(self._code, [*own, *quiz])

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(kept.read(KIND, self._key) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) and found.get("code") == self._code else {}
