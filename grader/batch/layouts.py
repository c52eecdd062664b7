"""Which submissions a folder holds: plain folders and files, or what Moodle, Canvas, Gradescope and GitHub Classroom
give to download. Names alone decide here; what is inside is looked at in sources.py.

    Moodle      Jane Doe_12345_assignsubmission_file_/…    participant 12345, perhaps with a zip inside
    Canvas      doejane_LATE_123_456_kernel.py             user 123, submission 456; a file each, grouped by user
    Gradescope  submission_123456789/…                     submission_metadata.yml beside them says who
    Classroom   cow-lab-janedoe/…                          a git repository each
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.escape import printable

_MOODLE = re.compile(r"(?P<who>.*)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?P<file>.*)", re.DOTALL)
_CANVAS = re.compile(r"(?P<who>[^_]+)(?:_LATE)?_(?P<id>\d+)_(?P<submission>\d+)_(?P<file>.+)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")

#: What no student handed in.
_IGNORED = ("__MACOSX", "submission_metadata.yml", "Thumbs.db", "desktop.ini")

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Person(NamedTuple):
    """Somebody who handed in, as far as the system tells: name, e-mail, student id."""

    label: str = ""
    email: str = ""
    number: str = ""


class Found(NamedTuple):
    """One submission, unread: a student's, or a group's.

    id      unique in the batch and safe as a file's name
    label   as a person would call it, in harmless characters
    system  plain, moodle, canvas, gradescope or classroom
    user    the system's own number or login, "" for plain ones; Gradescope's is the submission's, no person's
    paths   what was handed in: folders and files
    email   and number (a student id), where the system tells
    others  of a group, everybody but the first, who is told of above
    """

    id: str
    label: str
    system: str
    user: str
    paths: tuple[pathlib.Path, ...]
    email: str = ""
    number: str = ""
    others: tuple[Person, ...] = ()


def find_submissions(folder: pathlib.Path) -> list[Found]:
    """All submissions of a folder, in the order of their ids. OSError if the folder cannot be read."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if not e.name.startswith(".") and e.name not in _IGNORED)
    prefix = _classroom_prefix(folder, names)
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name in names:
        system, user, who = _recognised(folder, name, prefix)
        if system:
            groups.setdefault((system, user), []).append((who, name))
    found = [_found(folder, key, members) for key, members in groups.items()]
    if any(one.system == "gradescope" for one in found):
        people = _gradescope_people(folder)
        found = [_introduced(one, people.get(one.user, [])) for one in found]
    return sorted(_unique(found), key=lambda f: f.id)


def _recognised(folder: pathlib.Path, name: str, prefix: str) -> tuple[str, str, str]:
    """(system, user, who) of one entry; a system of "" for what is no submission, such as a gradebook."""
    match = _MOODLE.fullmatch(name)
    if match:
        return "moodle", match["id"], match["who"]
    match = _GRADESCOPE.fullmatch(name)
    if match:
        return "gradescope", match["id"], name
    is_folder = os.path.isdir(folder / name) and not os.path.islink(folder / name)
    match = _CANVAS.fullmatch(name)
    if match and not is_folder:
        return "canvas", match["id"], match["who"]
    if prefix and is_folder and name.startswith(prefix):
        return "classroom", name[len(prefix) :], name[len(prefix) :]
    if not is_folder and name.lower().endswith((".csv", ".md", ".txt", ".html", ".json", ".yaml", ".yml", ".log")):
        return "", "", ""
    return "plain", name, name if is_folder else _stem(name)


def _stem(name: str) -> str:
    for suffix in (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip", ".tar", ".py"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _classroom_prefix(folder: pathlib.Path, names: list[str]) -> str:
    """`assignment-`, where every folder is a git repository whose name begins with it."""
    repositories = [name for name in names if os.path.lexists(folder / name / ".git")]
    if not repositories or len(repositories) < sum(os.path.isdir(folder / name) for name in names):
        return ""
    common = os.path.commonprefix(repositories)  # noqa: RUF071 - of names, not of paths
    return common[: common.rfind("-") + 1]


def _found(folder: pathlib.Path, key: tuple[str, str], members: list[tuple[str, str]]) -> Found:
    system, user = key
    who = members[0][0]
    shown = {"moodle": f"participant-{user}", "canvas": f"{who}-{user}"}.get(system, who)
    paths = tuple(folder / name for _, name in members)
    return Found(safe_id(shown), printable(who, 200), system, "" if system == "plain" else user, paths)


def _introduced(found: Found, people: list[Person]) -> Found:
    """The submission with what Gradescope tells of its submitters."""
    if not people:
        return found
    first, *others = people
    label = first.label or found.label
    return found._replace(label=label, email=first.email, number=first.number, others=tuple(others))


def _gradescope_people(folder: pathlib.Path) -> dict[str, list[Person]]:
    """submission number -> its submitters, several of a group, from submission_metadata.yml, if any.

    The file is Ruby's YAML: keys are symbols such as `:submitters`. InputError if it is something else.
    """
    path = folder / "submission_metadata.yml"
    if not path.is_file():
        return {}
    import yaml

    try:
        told = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        people = {}
        for key, entry in told.items():
            match = _GRADESCOPE.fullmatch(str(key))
            if match:
                people[match["id"]] = [_person(one) for one in entry.get(":submitters") or []]
        return people
    except (yaml.YAMLError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise InputError([f"{path}: this is not Gradescope's list of submissions ({type(error).__name__})"]) from None


def _person(told: dict[str, Any]) -> Person:
    return Person(*(printable(str(told.get(name) or ""), 200) for name in (":name", ":email", ":sid")))


def safe_id(name: str) -> str:
    """A name that is safe as a file's; one that had to be changed carries a part of its own hash."""
    if _SAFE.fullmatch(name) and ".." not in name:
        return name
    kept = re.sub(r"\.\.+", ".", re.sub(r"[^A-Za-z0-9._-]+", "-", name)).strip("-._")[:48]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{kept or 'unnamed'}-{digest}"


def _unique(found: list[Found]) -> list[Found]:
    """Ids made unique, also where capital letters do not count: `jane` beside `jane.zip` or `Jane`."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.id.lower()] = counts.get(one.id.lower(), 0) + 1
    return [
        one if counts[one.id.lower()] == 1 else one._replace(id=safe_id(f"{one.id}/{one.paths[0].name}"))
        for one in found
    ]
