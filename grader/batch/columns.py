"""The names of columns in lists of people and gradebooks, as Moodle, Canvas, Gradescope, GitHub Classroom and
Classroom 50 write them in English and German."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What a column holds -> the names it goes by, in small letters.
KNOWN = {
    "name": ("full name", "name", "student", "student name", "vollständiger name", "roster_name"),
    "first name": ("first name", "first_name", "vorname"),
    "last name": ("last name", "last_name", "surname", "nachname"),
    "email": ("email address", "email", "e-mail", "e-mail address", "e-mail-adresse", "mail"),
    "number": (
        "id number",
        "idnumber",
        "number",
        "student id",
        "student_id",
        "sid",
        "sis user id",
        "id-nummer",
        "matrikelnummer",
    ),
    "login": ("username", "user name", "login", "sis login id", "anmeldename", "benutzername", "identifier"),
    "github": ("github_username", "github username", "github login", "github", "github-benutzername"),
    "group": ("group", "groups", "team", "group name", "group_name", "gruppe", "gruppen", "team name"),
    "canvas": ("id",),
    "participant": ("identifier", "id"),
    "grade": ("grade", "bewertung"),
    "maximum": ("maximum grade", "bestwertung"),
    "scale": ("scale", "skala"),
    "changeable": ("grade can be changed", "bewertung kann geändert werden"),
    "graded": ("last modified (grade)", "zuletzt geändert (bewertung)"),
    "submitted": ("last modified (submission)", "zuletzt geändert (abgabe)"),
    "comments": ("feedback comments", "feedback als kommentar"),
}


def participant_number(identifier: str) -> str:
    """Return the number of `Participant 12345`, in whatever language a worksheet is; "" if there is not just one."""
    match = re.fullmatch(r"[^0-9]*([0-9]+)\s*", identifier)
    return match[1] if match else ""


def column(header: Sequence[str], what: str) -> int | None:
    """Return where in a header the column is that holds `what`, in the order of KNOWN; None if there is none."""
    folded = [cell.strip().casefold() for cell in header]
    return next((folded.index(name) for name in KNOWN[what] if name in folded), None)
