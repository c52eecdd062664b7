"""Feedback packed as Moodle takes it back: "Upload multiple feedback files in a zip" of an assignment.

Moodle reads NAME_NUMBER_assignsubmission_file_/FILE and goes by the participant's number
(mod/assign/feedback/file/importziplib.php).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from grader.batch.identity import Entry

NAME = "moodle-feedback.zip"

#: The earliest time that a zip can state: the same feedback gives the same bytes at any time.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def moodle_feedback(entries: Sequence[Entry], feedback: Mapping[str, str]) -> bytes | None:
    """Return a zip of everybody's feedback, by id; None if no submission is Moodle's.

    Submissions that a person must decide on are left out: nobody gets another's feedback.
    """
    packed = [entry for entry in entries if entry["system"] == "moodle" and not entry["decide"]]
    if not packed:
        return None
    data = io.BytesIO()
    # Stored, since what deflate makes of a text differs from one version of zlib to the next.
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for entry in packed:
            letters = "".join(c if c.isalnum() or c in " -" else " " for c in entry["label"])
            name = " ".join(letters.split()) or "participant"
            path = f"{name}_{entry['user']}_assignsubmission_file_/feedback.md"
            archive.writestr(zipfile.ZipInfo(path, _NO_TIME), feedback[entry["id"]].encode("utf-8", "backslashreplace"))
    return data.getvalue()
