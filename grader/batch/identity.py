"""Says whose a submission is: the keys that a person is known by, and submissions that claim one person together.

A key has a kind, so that a participant's number is never taken for a student's ID number, nor a GitHub login for one
of the university's. Names are weak keys: two people may share one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

Entry = dict[str, Any]

PARTICIPANT = "participant number"
CANVAS_ID = "Canvas ID"
ANONYMOUS_ID = "anonymous ID"
LOGIN = "login"
NUMBER = "ID number"
EMAIL = "e-mail address"
GITHUB = "GitHub login"
NAME = "name"

#: Systems whose own number or login belongs to a person; Gradescope's number belongs to a submission.
_PERSONAL = {
    "moodle": (PARTICIPANT,),
    "canvas": (CANVAS_ID,),
    "canvas-anonymous": (ANONYMOUS_ID,),
    "classroom": (GITHUB,),
    # Whoever named a plain folder used what the course goes by; one that fits two people needs a decision.
    "plain": (LOGIN, NUMBER, EMAIL),
}


#: Kinds of which everybody has one, so that two different ones are two people. Of e-mail addresses and logins people
#: have several.
_ONE_EACH = {PARTICIPANT, CANVAS_ID, NUMBER}


class Key(NamedTuple):
    """One thing that a person is known by. `value` is folded: compare it, do not show it."""

    kind: str
    value: str


def key(kind: str, text: str) -> Key | None:
    """Return the key of a cell or a name; None for an empty one.

    Names are compared by letters, their marks and digits only: platforms replace or drop the rest in names of files.
    """
    value = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    if kind == NAME:
        letters = unicodedata.normalize("NFKC", value)
        value = "".join(c for c in letters if unicodedata.category(c)[0] in "LMN") or value
    return Key(kind, value) if value else None


def keys(*pairs: tuple[str, str]) -> frozenset[Key]:
    """Return the keys of (kind, text) pairs, without the empty ones."""
    return frozenset(one for kind, text in pairs if (one := key(kind, text)) is not None)


def people(entry: Entry) -> list[dict[str, Any]]:
    """Return everybody who handed a submission in, each with label, email and number: one person, or a group."""
    return [entry, *entry["others"]]


def keys_of(entry: Entry, person: dict[str, Any]) -> frozenset[Key]:
    """Return the strong keys of one of a submission's people."""
    own = [(EMAIL, person["email"]), (NUMBER, person["number"])]
    own += [(LOGIN, person.get("login", "")), (GITHUB, person.get("github", ""))]
    if person is entry:
        # Stores written before plain submissions had a user are known by their id.
        user = entry["user"] or (entry["id"] if entry["system"] == "plain" else "")
        own += [(kind, user) for kind in _PERSONAL.get(entry["system"], ())]
    return keys(*own)


#: What a download or a roster knows of a person, in the order in which it is taken for the id in a quiz's seed.
_IDS = ("number", "email", "login", "github")


def owners(about: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids by which a submission's students are known, without doubles.

    A name counts only where nothing else is known: people can change their names.
    """
    # Gradescope's number belongs to the submission, and no student knows it.
    user = about["user"] if about["system"] != "gradescope" else ""
    ids = [
        user,
        *(person.get(key, "") for key in _IDS for person in people(about | {"others": about.get("others", [])})),
    ]
    return tuple(dict.fromkeys(filter(None, ids))) or (about["label"],)


def is_another(entry: Entry, person: dict[str, Any], known: frozenset[Key]) -> bool:
    """Return True if somebody's keys, none of which this person has, show that the two are not the same person."""
    # Only what a system or a roster says: the name of a plain folder can be a number of any kind, or none.
    sure = keys_of(entry, person) if entry["system"] != "plain" else keys((NUMBER, person["number"]))
    return bool({one.kind for one in sure} & {one.kind for one in known} & _ONE_EACH)


def contradiction(entry: Entry, person: dict[str, Any], known: frozenset[Key]) -> str:
    """Return the kind of number by which a platform tells two people apart, although they share another key; or "".

    So a worksheet of another assignment does not fit by e-mail address. ID numbers differ between systems, so they
    prove nothing against an equal address.
    """
    own = keys_of(entry, person)
    for kind in (PARTICIPANT, CANVAS_ID):
        ours, theirs = ({one for one in side if one.kind == kind} for side in (own, known))
        if ours and theirs and not ours & theirs:
            return kind
    return ""


def name_of(entry: Entry, person: dict[str, Any]) -> Key | None:
    """Return a person's name as a key; None where the system gives a login instead of a name."""
    if entry["system"] in ("classroom", "canvas", "canvas-anonymous") and not person.get("named"):
        return None
    return key(NAME, person["label"])


def contested(entries: Iterable[Entry]) -> dict[str, str]:
    """Return id -> why nobody but a person can say whose the submission is, for those where that is so."""
    reasons: dict[str, list[str]] = {}
    claims: dict[Key, dict[str, None]] = {}
    for entry in entries:
        if entry.get("doubt"):
            reasons.setdefault(entry["id"], []).append(entry["doubt"])
        for person in people(entry):
            for one in keys_of(entry, person):
                claims.setdefault(one, {})[entry["id"]] = None
    shared: dict[tuple[str, str], dict[str, None]] = {}  # id, the others -> the kinds of keys that they share
    for one, ids in sorted(claims.items()):
        for id in ids if len(ids) > 1 else ():
            others = ", ".join(other for other in ids if other != id)
            shared.setdefault((id, others), {})[one.kind] = None
    for (id, others), kinds in shared.items():
        *most, last = kinds
        what = f"{', '.join(most)} and {last}" if most else last
        reasons.setdefault(id, []).append(f"{others} has the same {what}")
    return {id: "; ".join(found) for id, found in reasons.items()}
