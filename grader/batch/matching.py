"""Says which submission belongs to which row of a gradebook: by one unique key, or not at all.

A row and a person match if they share a strong key and nothing else does: no second submission has a key of the row,
and no second row has a key of the person. Names count only where both sides have the name once, and where no number
shows that the two are different people; so do keys that a roster gave for a name. Whatever is left with two candidates
is for a person to decide, and no grade is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grader.batch.identity import Entry, Key, contested, contradiction, is_another, keys_of, name_of, people


class Row(NamedTuple):
    """A row of a gradebook: its line, what to call it, its strong keys, and its name.

    guessed  True if one text stands for keys of every kind, so that none of them contradicts another person's
    """

    line: int
    shown: str
    keys: frozenset[Key]
    name: Key | None = None
    guessed: bool = False


class Match(NamedTuple):
    """Holds what a row came to: a submission, or none; `decide` says why a person must decide, "" if nobody must.

    place: which of the submission's people the row is
    """

    entry: Entry | None = None
    decide: str = ""
    by_name: bool = False
    place: int = 0


class Matches(NamedTuple):
    """A match for each row; `unmatched` names submissions, or members of a group, that are in no row."""

    rows: list[Match]
    unmatched: list[str]


#: A submission and which of its people: indices.
_Place = tuple[int, int]


def match(entries: Sequence[Entry], rows: Sequence[Row]) -> Matches:
    """Match rows with submissions."""
    return _Matcher(entries, rows).matches()


class _Matcher:
    def __init__(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        self.entries = entries
        self.rows = rows
        self.contested = contested(entries)
        self.by_key: dict[Key, set[_Place]] = {}
        self.by_name: dict[Key, set[_Place]] = {}
        for number, entry in enumerate(entries):
            for place, person in enumerate(people(entry)):
                for key in keys_of(entry, person):
                    self.by_key.setdefault(key, set()).add((number, place))
                name = name_of(entry, person)
                if name is not None:
                    self.by_name.setdefault(name, set()).add((number, place))

    def matches(self) -> Matches:
        strong = [set().union(*(self.by_key.get(key, set()) for key in row.keys)) for row in self.rows]
        taken = set().union(*strong)
        named = [set() if found else self._named(row) - taken for row, found in zip(self.rows, strong, strict=True)]
        claims: dict[_Place, list[int]] = {}
        for number, found in enumerate(zip(strong, named, strict=True)):
            for place in set().union(*found):
                claims.setdefault(place, []).append(number)
        results = [self._match(n, strong[n], named[n], claims) for n in range(len(self.rows))]
        met = {place for n, found in enumerate(strong) if results[n].entry or results[n].decide for place in found}
        met |= {place for n, found in enumerate(named) if results[n].entry or results[n].decide for place in found}
        return Matches(results, self._unmatched(met))

    def _named(self, row: Row) -> set[_Place]:
        """Return the people who have a row's name and may be who the row is about."""
        found = self.by_name.get(row.name, set()) if row.name is not None else set()
        return {place for place in found if not self._is_another(place, row.keys)}

    def _is_another(self, place: _Place, known: frozenset[Key]) -> bool:
        entry = self.entries[place[0]]
        return is_another(entry, people(entry)[place[1]], known)

    def _match(self, number: int, strong: set[_Place], named: set[_Place], claims: dict[_Place, list[int]]) -> Match:
        found, row = strong or named, self.rows[number]
        ids = sorted({self.entries[place[0]]["id"] for place in found})
        if not ids:
            return Match()
        if len(ids) > 1:
            return Match(decide=f"fits {' and '.join(ids)}")
        if ids[0] in self.contested:
            return Match(decide=f"{ids[0]}: {self.contested[ids[0]]}")
        others = {other for place in found for other in claims[place]} - {number}
        if others:
            lines = ", ".join(str(self.rows[other].line) for other in sorted(others))
            return Match(decide=f"{ids[0]} fits line {lines} as well")
        number, place = min(found)
        other = contradiction(self.entries[number], people(self.entries[number])[place], row.keys)
        if other and not row.guessed:
            return Match(decide=f"{ids[0]} has another {other}: is this the file of another assignment?")
        namesakes = self._namesakes(number, place, row)
        if namesakes:
            return Match(decide=f"the roster knows {ids[0]} by name only, and {namesakes} has the same name")
        return Match(self.entries[number], by_name=not strong, place=place)

    def _namesakes(self, number: int, place: int, own: Row) -> str:
        """Return the lines of other rows with the name of somebody whose keys a roster gave for that name only."""
        entry = self.entries[number]
        person = people(entry)[place]
        name = name_of(entry, person) if person.get("by_name") else None
        lines = [str(row.line) for row in self.rows if name is not None and row.name == name and row is not own]
        return f"line {', '.join(lines)}" if lines else ""

    def _unmatched(self, met: set[_Place]) -> list[str]:
        """Return who is in no row: a submission's id, or who of a group whose others were found."""
        missing = []
        for number, entry in enumerate(self.entries):
            group = people(entry)
            absent = [person for place, person in enumerate(group) if (number, place) not in met]
            if len(absent) == len(group):
                missing.append(entry["id"])
            else:
                missing += [f"{entry['id']} ({one['label'] or one['email'] or one['number']})" for one in absent]
        return missing
