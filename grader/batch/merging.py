"""Joins the stores of shards into one list of submissions.

A shard that is merged again takes the place of what it had before: whoever has withdrawn is gone, and whoever has
handed in again is there with the new content. A batch without --shard is shard 1/1, the whole class, and takes the
place of everything. Which shard a submission of an earlier merge is in follows from its content, as when the class was
split.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from grader.batch.grading import handed_in, shard_of
from grader.batch.rows import OverrideRow
from grader.batch.sources import kernel_of
from grader.batch.store import NAME as STORE
from grader.batch.store import Kept, Key, Store
from grader.errors import InputError
from grader.lab.lab import Lab
from grader.points import points

#: What is known of a submission, and its answers.
Contents = tuple[dict[str, Any], bytes | None]

#: The shard of a batch without --shard.
WHOLE = [1, 1]


class Shard(NamedTuple):
    """Holds the contents of a shard's store, or of the output of earlier merges.

    collected  overrides that earlier merges took from shards, by shard
    """

    folder: pathlib.Path
    attempts: list[tuple[Key, Kept]]
    submissions: dict[str, Contents]
    kernels: dict[str, str]
    parts: list[list[int]]
    overrides: list[OverrideRow]
    collected: dict[str, list[OverrideRow]]

    @property
    def name(self) -> str:
        """Return the number and count of a shard, such as 1/2; of a store with several, all of them."""
        return " ".join(f"{n}/{of}" for n, of in self.parts)

    def parts_of(self, id: str, parts: Sequence[Sequence[int]]) -> list[str]:
        """Return which of these shards a submission is in, such as 1/2."""
        digest = self.submissions[id][0]["kernel"]
        if digest and digest not in self.kernels:
            return []  # stores of earlier versions have no texts
        kernel = kernel_of(self.kernels[digest])[1] if digest else ""
        return [f"{n}/{of}" for n, of in parts if shard_of(kernel, id, of) == n]


def read_shard(folder: pathlib.Path, output: pathlib.Path, lab: Lab) -> Shard:
    """Return what a shard's store holds, all of it checked. InputError, StoreError."""
    if folder.resolve() == output.resolve():
        raise InputError([f"{folder}: this is --output, whose shards are there already; leave it out of the list"])
    if not os.path.lexists(folder / STORE):
        raise InputError([f"{folder}: it has no {STORE}; name the --output of each shard"])
    with contextlib.closing(Store.of_shard(folder)) as store:
        refuse_another_lab(store, lab, folder, "leave it out")
        return contents_of(store, folder)._replace(attempts=list(store.all_attempts()), parts=store.parts)


def refuse_another_lab(store: Store, lab: Lab, folder: pathlib.Path, way_out: str) -> None:
    """InputError if a store holds another lab's results: its overrides would count here, too."""
    from grader.escape import printable

    if store.lab not in ("", printable(lab.name)):
        raise InputError([f"{folder}: this holds the results of the lab {store.lab}, not of {lab.name}; {way_out}"])


def contents_of(store: Store, folder: pathlib.Path) -> Shard:
    """Return what a store holds, without the attempts."""
    submissions = {id: (about, answers) for id, about, answers in store.submissions()}
    parts = store.parts if submissions or store.last_run()[0] else []
    return Shard(folder, [], submissions, dict(store.kernels()), parts, store.overrides, store.collected)


def missing_parts(parts: list[list[int]]) -> list[str]:
    """Return the shards that are missing, such as 2/3: of each count that some shard was cut by."""
    there = {(n, of) for n, of in parts}
    return [f"{n}/{of}" for of in sorted({of for _, of in there}) for n in range(1, of + 1) if (n, of) not in there]


def join_submissions(old: Shard, shards: Sequence[Shard]) -> dict[str, Contents]:
    """Return the submissions of shards, and those of `old` that are in none of these shards.

    InputError if one submission has two contents.
    """
    again = [part for shard in shards for part in shard.parts]
    listed = {id: one for id, one in old.submissions.items() if not old.parts_of(id, again)}
    homes = dict.fromkeys(listed, old)
    for shard in shards:
        for id, one in shard.submissions.items():
            if id in listed and handed_in(*listed[id]) != handed_in(*one):
                raise InputError([f"{shard.folder}: {_two_contents(id, homes[id], old)}"])
            listed[id], homes[id] = one, shard
    return listed


def _two_contents(id: str, home: Shard, old: Shard) -> str:
    if home is not old:
        return f"{id} is in {home.folder} too, with different contents; grade both again from the same submissions"
    shards = " and ".join(old.parts_of(id, old.parts)) or "an earlier merge"
    return (
        f"{id} is in {old.folder} with different contents, which are of {shards}; grade that shard again and name its "
        "folder too, or name another --output"
    )


def join_parts(old: Shard, shards: Sequence[Shard]) -> list[list[int]]:
    """Return the shards that are there after a merge."""
    again = [part for shard in shards for part in shard.parts]
    kept = [] if WHOLE in again else old.parts
    return sorted([list(part) for part in {(n, of) for n, of in [*kept, *again]}])


class Overrides(NamedTuple):
    """Holds the overrides of a merge: all that count, and those that are a shard's, by shard."""

    all: list[OverrideRow]
    collected: dict[str, list[OverrideRow]]


def join_overrides(old: Shard, shards: Sequence[Shard]) -> Overrides:
    """Return the overrides of shards, those that earlier merges took from other shards, and those of a merge's file.

    InputError if two set the same points to different values.
    """
    own = [one for one in old.overrides if not any(one in rows for rows in old.collected.values())]
    named = {shard.name for shard in shards}
    kept = {} if "1/1" in named else {name: rows for name, rows in old.collected.items() if name not in named}
    collected = dict(kept)
    for shard in shards:
        collected[shard.name] = [*collected.get(shard.name, []), *shard.overrides]
    values: dict[tuple[str, str], tuple[float, str]] = {}
    found: list[OverrideRow] = []
    for where, one in _each(old, own, kept, shards):
        _, student, what, given, _ = one
        if (student, what) not in values:
            values[student, what] = given, where
            found.append(one)
        known, first = values[student, what]
        if known != given:
            told = f"it sets {what} of {student} to {points(given)}, and {first} to {points(known)}"
            raise InputError([f"{where}: {told}; name the file that counts with --overrides"])
    return Overrides(found, collected)


def _each(
    old: Shard, own: list[OverrideRow], kept: dict[str, list[OverrideRow]], shards: Sequence[Shard]
) -> Iterator[tuple[str, OverrideRow]]:
    """Yield overrides, each with where it is from."""
    yield from ((f"an earlier merge into {old.folder}", one) for one in own)
    for name, rows in kept.items():
        yield from ((f"shard {name}, which is in {old.folder} already,", one) for one in rows)
    for shard in shards:
        yield from ((str(shard.folder), one) for one in shard.overrides)
