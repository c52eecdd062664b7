"""Save answers to the sheet on disk, one by one, while the student may have the same file open in an editor."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from grader.errors import InputError
from grader.escape import printable
from grader.files import write_file
from grader.quiz.marking import Sheet, read_sheet, unfit, variant_of
from grader.quiz.model import Quiz
from grader.quiz.sheet_files import read_bytes, updated
from grader.quiz.sheet_writer import entry
from grader.quiz.terminal.markdown import layout
from grader.quiz.variants import mismatch


class SheetKeeper:
    """Puts each answer into the sheet as it is on disk at that moment, so that what was saved elsewhere stays.

    fresh    returns the text of a newly written sheet with the given answers
    show     shows lines to the student
    saved    True once an answer was saved
    unsaved  answers that are not in the sheet yet, because what was saved elsewhere cannot be read
    """

    def __init__(
        self, path: pathlib.Path, quiz: Quiz, fresh: Callable[[Sheet], str], show: Callable[[list[str]], None]
    ) -> None:
        self.path = path
        self.saved = False
        self.unsaved: Sheet = {}
        self._quiz = quiz
        self._fresh = fresh
        self._show = show
        self._known = read_sheet(_data(path))[0]  # what the dialog and the sheet agreed on last

    def save(self, sheet: Sheet) -> Sheet:
        """Save what changed in the dialog's answers since the last call. Return all answers that count from now on."""
        try:
            return self._put(sheet)
        except InputError as error:
            told = [*error.problems, "Your answer is not saved yet. It will be, with the next one, once that is fixed."]
            self._show([line for text in told for line in layout(printable(text), "  ")])
            return sheet

    def finish(self, sheet: Sheet) -> None:
        """Save what could not be saved yet. Show them, and raise InputError, if that still fails."""
        if not self.unsaved:
            return
        try:
            self._put(sheet)
        except InputError:
            lines = [printable(entry(id, answer)) for id, answer in self.unsaved.items()]
            self._show(["", f"{printable(str(self.path))} lacks these answers; add them:", *lines])
            raise

    def _put(self, sheet: Sheet) -> Sheet:
        self.unsaved = {id: answer for id, answer in sheet.items() if self._known.get(id) != answer}
        data = _data(self.path)
        found = read_answered(self.path, data)
        self._refuse_another_variant(found)
        text, new = data.decode("utf-8-sig"), self.unsaved
        if not text.strip():
            text, new = self._fresh({}), sheet  # the file is gone or empty, so it lacks the earlier answers too
        for id, answer in new.items():
            if found.get(id) != answer:
                found[id] = answer
                text = updated(text, found, id, self._fresh(found))
        write_file(self.path, text)
        self.saved, self.unsaved, self._known = True, {}, dict(found)
        return found

    def _refuse_another_variant(self, found: Sheet) -> None:
        named = variant_of(found)
        if mismatch(self._quiz, named):
            raise InputError([f"{self.path}: this sheet is now for the variant {named!r}, not {self._quiz.seed!r}"])


def read_answered(path: pathlib.Path, data: bytes) -> Sheet:
    """Return the answers of a sheet. InputError if it cannot be read, or has an answer that no question can accept."""
    sheet, problems = read_sheet(data)
    problems += [f"{id}: {answer}" for id, answer in sheet.items() if unfit(answer)]
    if problems:
        raise InputError([f"{path}: {problems[0]}; fix it, or remove the file to start again"])
    return sheet


def _data(path: pathlib.Path) -> bytes:
    return read_bytes(path) if path.exists() else b""
