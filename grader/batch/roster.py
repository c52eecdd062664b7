"""The list of a course's people (`--roster`): who stands behind the numbers and logins that downloads have.

A roster joins keys that no platform has together, such as a GitHub login and an ID number. Submissions are matched with
its rows as with a gradebook's: by one unique key, or not at all (matching.py).
"""

from __future__ import annotations

import os
import pathlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from grader.batch.accounting import Account, account
from grader.batch.columns import KNOWN
from grader.batch.csv_table import read_table
from grader.batch.identity import (
    CANVAS_ID,
    EMAIL,
    GITHUB,
    LOGIN,
    NAME,
    NUMBER,
    PARTICIPANT,
    Entry,
    Key,
    key,
    keys,
    people,
)
from grader.batch.matching import Matches, Row, match
from grader.errors import InputError
from grader.escape import printable

#: What --columns can name.
COLUMNS = ("name", "first name", "last name", "email", "number", "login", "github", "group")


class Listed(NamedTuple):
    """One person of a roster, on a line of it."""

    line: int
    name: str
    email: str
    number: str
    login: str
    github: str
    group: str
    keys: frozenset[Key]


class Roster(NamedTuple):
    """The people of a course."""

    path: str
    listed: tuple[Listed, ...]


def parse_columns(given: Sequence[str]) -> dict[str, str]:
    """Return what `--columns login=Kennung,name=Name` says: what -> the column's name. InputError."""
    named = {}
    for part in (part for text in given for part in text.split(",")):
        what, equals, name = (side.strip() for side in part.partition("="))
        if not equals or what not in COLUMNS or not name:
            raise InputError([f"--columns {part!r}: use WHAT=NAME, where WHAT is one of {', '.join(COLUMNS)}"])
        named[what] = name
    return named


def read_roster(path: pathlib.Path, columns: Mapping[str, str]) -> Roster:
    """Read a CSV file with one row per person.

    columns: what -> name of the column, for columns that are not recognised. InputError if the file cannot be read, if
    it has no column to know people by, or if two rows share a key.
    """
    rows = read_table(path)
    places = _places(rows[0], columns, str(path))
    listed = [_listed(line, row, places) for line, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    _refuse_doubles(listed, str(path))
    return Roster(str(path), tuple(listed))


def listed_in(rows: Sequence[list[str]], shown: str) -> list[Listed]:
    """Return the people of a table that was made for something else, such as a gradebook; none if it has no column to
    know people by."""
    try:
        places = _places(rows[0], {}, shown)
    except InputError:
        return []
    return [_listed(line, row, places) for line, row in enumerate(rows[1:], 2)]


def name_people(entries: Sequence[Entry], listed: Sequence[Listed]) -> None:
    """Give people the name and ID number that a gradebook has for them, if it knows them by one unique key.

    What is known already stays. With these the roster knows people too: in a download from Canvas, for one, they have
    only Canvas's own number. No address or login is taken, since people have several.
    """
    # Once, where two gradebooks have the same person.
    known = list({(one.name, one.keys): one for one in listed if one.name and one.keys}.values())
    rows = [Row(one.line, one.name, one.keys) for one in known]
    for one, result in zip(known, match(entries, rows).rows, strict=True):
        if result.entry is None:
            continue
        person = people(result.entry)[result.place]
        if not person.get("named"):
            person["label"], person["named"] = one.name, True
        person["number"] = person["number"] or one.number


def _places(header: list[str], columns: Mapping[str, str], shown: str) -> dict[str, int]:
    """Return what -> the number of its column."""
    places = {}
    folded = [cell.strip().casefold() for cell in header]
    for what in COLUMNS:
        if what in columns:
            if columns[what].strip().casefold() not in folded:
                raise InputError([f"{shown}:1: no column is called {columns[what]!r} (it has {', '.join(header)})"])
            places[what] = folded.index(columns[what].strip().casefold())
        else:
            place = _recognised(folded, what, shown)
            if place is not None and place not in places.values():
                places[what] = place
    own = folded[places["login"]] if "login" in places else ""
    if "github_id" in folded and "github" not in places and own == "username":
        places["github"] = places.pop("login")  # Classroom 50 goes by GitHub logins
    if "sis login id" in folded and "id" in folded:
        places["canvas"] = folded.index("id")
    if not places.keys() & {"email", "number", "login", "github"}:
        known = ", ".join(name for what in ("email", "number", "login", "github") for name in KNOWN[what][:2])
        raise InputError(
            [f"{shown}:1: no column to know people by (it has {', '.join(header)}); expected {known}, or use --columns"]
        )
    return places


def _recognised(folded: list[str], what: str, shown: str) -> int | None:
    """Return the column that holds `what`; None if there is none. InputError if two columns may be meant."""
    fitting = [n for n, cell in enumerate(folded) if cell in KNOWN[what]]
    if len(fitting) > 1:
        names = " and ".join(repr(folded[n]) for n in fitting)
        raise InputError([f"{shown}:1: {names} can both be the {what}; name the right one with --columns {what}=NAME"])
    return fitting[0] if fitting else None


def _listed(line: int, row: list[str], places: Mapping[str, int]) -> Listed:
    def cell(what: str) -> str:
        place = places.get(what)
        return printable(row[place].strip(), 200) if place is not None and place < len(row) else ""

    name = cell("name") or " ".join(part for part in (cell("first name"), cell("last name")) if part)
    if "," in name and "canvas" in places:
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}"
    login = cell("login")
    known = keys(
        (EMAIL, cell("email")), (NUMBER, cell("number")), (GITHUB, cell("github")), (CANVAS_ID, cell("canvas"))
    )
    participant = re.fullmatch(r"(?:Participant|Teilnehmer/?(?:in)?)\s*(\d+)", login)
    if participant:
        known |= keys((PARTICIPANT, participant[1]))
        login = ""
    known |= keys((LOGIN, login), *([(EMAIL, login)] if "@" in login else []))
    return Listed(line, name, cell("email"), cell("number"), login, cell("github"), cell("group"), known)


def _refuse_doubles(listed: Sequence[Listed], shown: str) -> None:
    lines: dict[Key, list[int]] = {}
    for one in listed:
        for known in one.keys:
            lines.setdefault(known, []).append(one.line)
    doubles = [
        f"{shown}: lines {', '.join(map(str, n))} have the same {k.kind} ({printable(k.value, 60)}); correct them"
        for k, n in sorted(lines.items())
        if len(n) > 1
    ]
    if doubles:
        raise InputError(doubles[:10])


def introduce(entries: Sequence[Entry], roster: Roster) -> Account:
    """Write what the roster knows into entries: names and keys of each person, and the members of teams."""
    _name_repositories(entries, roster)
    teams = _join_teams(entries, roster)
    rows = [Row(one.line, one.name or one.login, one.keys, key(NAME, one.name)) for one in roster.listed]
    plain_names = match(entries, rows)
    found, unmatched = plain_names.rows, set(plain_names.unmatched)
    groups = _groups(roster.listed)
    for place in range(max(map(len, groups), default=0)):
        # Moodle puts the team before the name: `Team 1-Jane Doe`.
        teamed = [
            row._replace(name=key(NAME, f"{of[place]}-{one.name}")) if place < len(of) else row
            for row, one, of in zip(rows, roster.listed, groups, strict=True)
        ]
        with_team = match(entries, teamed)
        found = [a if a.entry or a.decide else b for a, b in zip(found, with_team.rows, strict=True)]
        unmatched &= set(with_team.unmatched)
    for one, result in zip(roster.listed, found, strict=True):
        if result.entry is not None and result.entry["id"] not in teams:
            _know(people(result.entry)[result.place], one, result.by_name)
    return account(rows, Matches(found, [id for id in plain_names.unmatched if id in unmatched]))


def _groups(listed: Sequence[Listed]) -> list[list[str]]:
    """Return the groups of each person: what the cell says, and its parts, where it lists several.

    Moodle writes all groups of a person into one cell: `Team 1, Monday`. A part counts if it is all of somebody's cell,
    or part of two different ones; so the members of a team called `Red, Blue` are in that one alone.
    """
    parts = {one.group: [part for text in re.split("[,;]", one.group) if (part := text.strip())] for one in listed}
    cells: dict[str, set[str]] = {}
    for cell, found in parts.items():
        for part in found:
            cells.setdefault(_fold(part), set()).add(_fold(cell))
    wholes = {_fold(cell) for cell in parts}
    groups = []
    for one in listed:
        several = [part for part in parts[one.group] if _fold(part) in wholes or len(cells[_fold(part)]) > 1]
        groups.append(list(dict.fromkeys([one.group, *several] if one.group else [])))
    return groups


def _know(person: dict[str, Any], one: Listed, by_name: bool = False) -> None:
    """Write what the roster knows of somebody. by_name: only the name says that it is this person."""
    person["by_name"] = by_name
    person["label"] = one.name or person["label"]
    person["named"] = bool(one.name)
    for field in ("email", "number", "login", "github"):
        person[field] = getattr(one, field) or person.get(field, "")


def _slug(text: str) -> str:
    """Return a name as addresses have it: `Team Ä 1` is team-a-1; "" for a name without Latin letters and digits."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _join_teams(entries: Sequence[Entry], roster: Roster) -> set[str]:
    """Give a team's submission all members of the roster's group of that name; return the ids of such submissions."""
    members: dict[str, list[Listed]] = {}
    names: dict[str, str] = {}
    for one, groups in zip(roster.listed, _groups(roster.listed), strict=True):
        for group in groups:
            members.setdefault(_fold(group), []).append(one)
            names.setdefault(_fold(group), group)
    joined = set()
    logins = {known.value for one in roster.listed for known in one.keys}
    for entry in entries:
        if entry["system"] not in ("plain", "classroom") or entry["user"].casefold() in logins:
            continue
        called = _groups_called(entry["user"], members)
        if len(called) > 1:
            entry["doubt"] = f"{entry['given']} can be the submission of {' or of '.join(names[one] for one in called)}"
        elif called:
            team = members[called[0]]
            first, *others = ({"label": "", "email": "", "number": ""} for _ in team)
            for person, one in zip((first, *others), team, strict=True):
                _know(person, one)
            entry.update(first, others=others)
            joined.add(entry["id"])
    return joined


def _groups_called(name: str, members: Mapping[str, Sequence[Listed]]) -> list[str]:
    """Return the groups that a submission's name can mean: the one of that very name, or all with its address."""
    if _fold(name) in members:
        return [_fold(name)]
    slug = _slug(name)
    return [group for group in members if slug and _slug(group) == slug]


def _name_repositories(entries: Sequence[Entry], roster: Roster) -> None:
    """Find where the login begins in the names of a Classroom's repositories: where most are in the roster."""
    repositories = [entry for entry in entries if entry["system"] == "classroom"]
    known = {one.github.casefold() for one in roster.listed if one.github}
    known |= {_slug(group) for groups in _groups(roster.listed) for group in groups} - {""}
    names = [entry["given"] for entry in repositories]
    common = os.path.commonprefix(names)  # noqa: RUF071 - of names, not of paths
    cuts = [match.end() for match in re.finditer("-", common)]
    hits = {cut: sum(name[cut:].casefold() in known for name in names) for cut in cuts}
    best = max(hits.values(), default=0)
    for entry in repositories:
        logins = [entry["given"][cut:] for cut in cuts if hits[cut] == best]
        if best and len(logins) == 1:
            entry["user"] = logins[0]
        elif best:
            entry["doubt"] = f"{entry['given']} can be the repository of {' or of '.join(logins)}"
