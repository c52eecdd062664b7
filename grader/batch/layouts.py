"""Finds the submissions of a folder: plain folders and files, or a download from Moodle, Canvas, Gradescope or GitHub
Classroom. Only names decide here; sources.py reads what is inside.

    Moodle      Jane Doe_12345_assignsubmission_file_/…    participant 12345, perhaps with a zip inside
    Canvas      doejane_LATE_123_456_kernel.py             user 123, upload 456; one entry per file, grouped by user
                anon_a1B2c_456_kernel.py                   the same where the assignment is anonymous
    Gradescope  submission_123456789/…                     submission_metadata.yml next to them says who
    Classroom   cow-lab-janedoe/…                          a git repository each; Classroom 50 puts the name of the
                                                           classroom before that of the assignment
"""

from __future__ import annotations

import datetime
import hashlib
import os
import pathlib
import re
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.escape import printable

#: The platform writes its mark before the student's own file name, so the first mark of a name is the platform's.
#: Moodle replaces underscores in names by spaces (mod/assign/locallib.php), Canvas writes names in small letters and
#: takes numbers between underscores out of them (lib/content_zipper.rb).
_MOODLE = re.compile(r"_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*)|$)", re.DOTALL)
_CANVAS = re.compile(r"(?P<late>_LATE)?_(?P<id>\d+)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL)
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]{5})_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")

#: What no student handed in.
_IGNORED = ("__MACOSX", "submission_metadata.yml", "Thumbs.db", "desktop.ini", ".DS_Store", ".git", ".gitignore")

#: Files next to submissions that are not submissions themselves, such as gradebooks and notes.
_OTHER_FILES = (".csv", ".md", ".txt", ".html", ".json", ".yaml", ".yml", ".log")

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Person(NamedTuple):
    """Somebody who handed in, as far as the system tells: name, e-mail, student id."""

    label: str = ""
    email: str = ""
    number: str = ""


class FoundSubmission(NamedTuple):
    """One submission, unread: a student's, or a group's.

    id      unique in the batch and safe as a file's name
    label   as a person would call it, in harmless characters
    system  plain, moodle, canvas, canvas-anonymous, gradescope or classroom
    user    the system's own number or login; the name of a plain one; Gradescope's is the submission's, not a person's
    paths   what was handed in: folders and files
    email   and number (a student id), where the system gives them
    others  the other members of a group
    names   what the student called each of the paths, "" for a folder that the system made
    late    True if the download marks it as late
    doubt   why nobody but a person can say whose it is, or ""
    submitted  when it was handed in, as ISO 8601 with an offset, where the download says so
    dated_by   late.COMMIT if that is the date of a commit, else ""
    time_doubt  why that time cannot count, or ""
    remarks  which files do not count, as the same student handed in a later one of the same name
    """

    id: str
    label: str
    system: str
    user: str
    paths: tuple[pathlib.Path, ...]
    email: str = ""
    number: str = ""
    others: tuple[Person, ...] = ()
    names: tuple[str, ...] = ()
    late: bool = False
    doubt: str = ""
    submitted: str = ""
    dated_by: str = ""
    time_doubt: str = ""
    remarks: tuple[str, ...] = ()


class _Name(NamedTuple):
    """Holds what the name of one entry of a download says. system is "" for an entry that is not a submission.

    upload  Canvas's number of the upload, which is higher for a later one; 0 elsewhere
    """

    system: str
    user: str = ""
    who: str = ""
    file: str = ""
    late: bool = False
    doubt: str = ""
    upload: int = 0


def find_submissions(folder: pathlib.Path) -> list[FoundSubmission]:
    """Return all submissions of a folder, in the order of their ids. OSError if the folder cannot be read."""
    groups: dict[tuple[str, str, str], list[tuple[_Name, str]]] = {}
    for name, read in _entries(folder):
        if read.system:
            # Two names with one number are two submissions, so that neither replaces the other.
            groups.setdefault((read.system, read.user, read.who), []).append((read, name))
    found = [_found(folder, members) for members in groups.values()]
    if any(one.system == "gradescope" for one in found):
        people = _gradescope_people(folder)
        found = [_introduced(one, *people.get(one.user, ([], "", ""))) for one in found]
    return sorted(_unique([_doubted(one) for one in found]), key=lambda f: f.id)


def left_out(folder: pathlib.Path) -> list[str]:
    """Return the names in a folder that are not submissions and not known clutter. OSError like find_submissions."""
    return [name for name, read in _entries(folder) if not read.system]


def _entries(folder: pathlib.Path) -> list[tuple[str, _Name]]:
    """Return every entry of a download except known clutter, by name."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if not _is_clutter(e))
    prefix = _classroom_prefix(folder, names)
    return [(name, _recognised(folder, name, prefix)) for name in names]


def _is_clutter(entry: os.DirEntry[str]) -> bool:
    """Return True for what systems add on their own; `._NAME` is a file that macOS adds to archives."""
    return entry.name in _IGNORED or (entry.name.startswith("._") and not entry.is_dir(follow_symlinks=False))


def _recognised(folder: pathlib.Path, name: str, prefix: str) -> _Name:
    is_folder = os.path.isdir(folder / name) and not os.path.islink(folder / name)
    by_platform = _marked(name, is_folder)
    if by_platform is not None:
        return by_platform
    if prefix and is_folder and name.startswith(prefix):
        return _Name("classroom", name[len(prefix) :], name[len(prefix) :])
    if not is_folder and name.lower().endswith(_OTHER_FILES):
        return _Name("")
    stem = name if is_folder else _stem(name)
    # The whole name tells jane/ from jane.zip; both claim to be jane.
    return _Name("plain", stem, name, "" if is_folder else name)


def _marked(name: str, is_folder: bool) -> _Name | None:
    """Return what a platform wrote into a name; None where there is no platform's mark.

    The mark that begins first counts: all behind it is the student's own text, which may look like a mark, too.
    """
    match = _GRADESCOPE.fullmatch(name)
    if match:
        return _Name("gradescope", match["id"], name)
    moodle, canvas = _MOODLE.search(name), None if is_folder else _CANVAS.search(name)
    anonymous = None if is_folder else _ANONYMOUS.fullmatch(name)
    if anonymous:
        late, upload = bool(anonymous["late"]), int(anonymous["upload"])
        return _Name("canvas-anonymous", anonymous["id"], "anon", anonymous["file"], late, "", upload)
    if moodle and (canvas is None or moodle.start() < canvas.start()):
        return _Name("moodle", moodle["id"], name[: moodle.start()], moodle["file"] or "")
    if canvas:
        who, doubt = name[: canvas.start()], ""
        if re.match(r"\d+_", canvas["file"]):
            doubt = f"{name} can be read as user {canvas['id']} or as user {canvas['upload']}"
        return _Name("canvas", canvas["id"], who, canvas["file"], bool(canvas["late"]), doubt, int(canvas["upload"]))
    return None


def _stem(name: str) -> str:
    for suffix in (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip", ".tar", ".py", ".c"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _classroom_prefix(folder: pathlib.Path, names: list[str]) -> str:
    """Return `assignment-`, where every folder is a git repository whose name begins with it."""
    repositories = [name for name in names if os.path.lexists(folder / name / ".git")]
    if not repositories or len(repositories) < sum(os.path.isdir(folder / name) for name in names):
        return ""
    common = os.path.commonprefix(repositories)  # noqa: RUF071 - of names, not of paths
    return common[: common.rfind("-") + 1]


def _found(folder: pathlib.Path, members: list[tuple[_Name, str]]) -> FoundSubmission:
    members, remarks = _last_uploads(members)
    first = members[0][0]
    who = first.user if first.system == "plain" else first.who
    shown = {
        "moodle": f"participant-{first.user}",
        "canvas": f"{who}-{first.user}",
        "canvas-anonymous": f"anon-{first.user}",
    }
    return FoundSubmission(
        safe_id(shown.get(first.system, who)),
        printable(who, 200),
        first.system,
        printable(first.user, 200),
        tuple(folder / name for _, name in members),
        names=tuple(read.file for read, _ in members),
        late=any(read.late for read, _ in members),
        doubt=printable(next((read.doubt for read, _ in members if read.doubt), ""), 300),
        remarks=tuple(remarks),
    )


def _last_uploads(members: list[tuple[_Name, str]]) -> tuple[list[tuple[_Name, str]], list[str]]:
    """Return the files that count, of those with one name the last upload; and what to say of the others."""
    last: dict[str, _Name] = {}
    for read, _ in members:
        if read.file not in last or read.upload > last[read.file].upload:
            last[read.file] = read
    kept = [(read, name) for read, name in members if read.upload == last[read.file].upload]
    remarks = [
        printable(f"{name} not read: {read.file} was uploaded again as {last[read.file].upload}", 300)
        for read, name in members
        if read.upload != last[read.file].upload
    ]
    return kept, remarks


def _doubted(found: FoundSubmission) -> FoundSubmission:
    """Doubt a plain folder that is a platform's download itself: it holds several people's submissions."""
    folder = found.paths[0]
    if found.system != "plain" or found.names != ("",):
        return found
    try:
        with os.scandir(folder) as entries:
            marks = [_marked(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:  # found again, with its reason, when the submission is read
        return found
    count = len({(mark.system, mark.user) for mark in marks if mark is not None})
    if count < 2:
        return found
    name = printable(folder.name, 100)
    return found._replace(doubt=f"{name} holds the submissions of {count} people: grade that folder instead")


def _introduced(found: FoundSubmission, people: list[Person], submitted: str, doubt: str) -> FoundSubmission:
    """Return the submission with its time and people, as Gradescope's list has them."""
    found = found._replace(submitted=submitted, time_doubt=doubt)
    if not people:
        return found
    first, *others = people
    label = first.label or found.label
    return found._replace(label=label, email=first.email, number=first.number, others=tuple(others))


def _gradescope_people(folder: pathlib.Path) -> dict[str, tuple[list[Person], str, str]]:
    """Return submission number -> its submitters, when it was handed in, and why that cannot be read.

    They are in submission_metadata.yml, if there is one.

    The file is Ruby's YAML: keys are symbols such as `:submitters`. InputError if it is something else.
    """
    path = folder / "submission_metadata.yml"
    if not path.is_file():
        return {}
    import yaml

    try:
        # Every value as it is written: 0042345 is an ID number, and not a number in octal.
        told = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        people = {}
        for key, entry in told.items():
            match = _GRADESCOPE.fullmatch(str(key))
            if match:
                submitters = [_person(one) for one in entry.get(":submitters") or []]
                people[match["id"]] = submitters, *_time(entry.get(":created_at"))
        return people
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise InputError([f"{path}: this is not Gradescope's list of submissions ({type(error).__name__})"]) from None


def _time(text: object) -> tuple[str, str]:
    """Return a time as ISO 8601, or why it cannot be read; nothing where there is none.

    YAML gives times with an offset as such, and converts those without one to UTC.
    """
    import yaml

    value = yaml.safe_load(text) if isinstance(text, str) else text
    if value is None:
        return "", ""
    if not isinstance(value, datetime.datetime):
        return "", f"submission_metadata.yml has a time that cannot be read: {printable(str(text), 60)}"
    return (value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)).isoformat(), ""


def _person(told: dict[str, Any]) -> Person:
    values = (told.get(name, "") for name in (":name", ":email", ":sid"))
    return Person(*(printable("" if value in ("~", "null") else str(value), 200) for value in values))


def about_people(found: FoundSubmission) -> dict[str, Any]:
    """Return whose a submission is, and when it was handed in, as a store keeps it. A roster adds to it."""
    return {
        "label": found.label,
        "system": found.system,
        "user": found.user,
        "given": printable(found.paths[0].name, 300),
        "login": "",
        "github": "",
        "named": False,
        "by_name": False,
        "email": found.email,
        "number": found.number,
        "others": [person._asdict() for person in found.others],
        "late": found.late,
        "submitted": found.submitted,
        "dated_by": found.dated_by,
        "time_doubt": found.time_doubt,
        "doubt": found.doubt,
    }


def safe_id(name: str) -> str:
    """Return a name that is safe as a file's; one that had to be changed carries a part of its own hash."""
    if _SAFE.fullmatch(name) and ".." not in name:
        return name
    kept = re.sub(r"\.\.+", ".", re.sub(r"[^A-Za-z0-9._-]+", "-", name)).strip("-._")[:48]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{kept or 'unnamed'}-{digest}"


def _unique(found: list[FoundSubmission]) -> list[FoundSubmission]:
    """Ids made unique, also where capital letters do not count: `jane` next to `jane.zip` or `Jane`."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.id.lower()] = counts.get(one.id.lower(), 0) + 1
    return [
        one if counts[one.id.lower()] == 1 else one._replace(id=safe_id(f"{one.id}/{one.paths[0].name}"))
        for one in found
    ]
