"""`grader quiz LAB --answers FOLDER`: mark every sheet in a folder, one line per sheet, and show class statistics.

The folder has sheets called NAME.yaml, or it is a download that `grader batch` reads as well.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections import Counter

from grader.batch.sheets import Sheet, Sheets, find_sheets
from grader.cli.marks import exit_status, result
from grader.cli.output import write
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab
from grader.plural import number_of
from grader.points import points
from grader.quiz.marker import Marker
from grader.quiz.marking import CORRECT, read_sheet, variant_of
from grader.quiz.marks import QuizResult
from grader.quiz.terminal.markdown import layout
from grader.quiz.variants import by_the_course


def mark_folder(options: argparse.Namespace, lab: Lab) -> int:
    """Mark all sheets; return 0 if all have full marks, else 1. InputError for a format that holds only one sheet."""
    if options.format not in ("text", "json"):
        raise InputError([f"--format {options.format} is for a single sheet; use text or json for a folder"])
    all_found = find_sheets(pathlib.Path(options.answers), lab.name)
    marker = Marker(lab)
    sheets = [(found, _marked(options.seed, marker, found)) for found in all_found.sheets]
    if options.format == "json":
        results = [result(lab, marked, found.name, found.data, options) for found, marked in sheets]
        write(options, json.dumps({"format": 1, "lab": lab.name, "sheets": results}, indent=1) + "\n")
    else:
        lines = _table(sheets)
        if options.audience == "staff":
            lines += ["", *_statistics(sheets)]
        write(options, "\n".join(lines) + "\n")
    _tell_unread(all_found)
    return max(exit_status(marked) for _, marked in sheets)


def _tell_unread(found: Sheets) -> None:
    """Print what was read under another name, and what was not read, so that nothing is overlooked."""
    for sheet in found.sheets:
        for remark in sheet.remarks if not sheet.problem else ():
            print(f"grader: {printable(f'{sheet.name}: {remark}')}", file=sys.stderr)
    for what, names in (("without a quiz sheet", found.without), ("not submissions, left out", found.others)):
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            print(f"grader: {what}: {printable(', '.join(names[:NAMED]))}{more}", file=sys.stderr)


#: Names of one kind that are printed.
NAMED = 10


def _marked(given: str | None, marker: Marker, found: Sheet) -> QuizResult:
    sheet, problems = read_sheet(found.data)
    if found.problem:
        problems = [found.problem]
    seed = by_the_course(variant_of(sheet), found.owners) if given is None else given
    return marker.mark_sheet(sheet, problems, seed)


def _table(sheets: list[tuple[Sheet, QuizResult]]) -> list[str]:
    width = max(min(max(len(printable(found.name)) for found, _ in sheets), 32), 8)
    lines = [f"{'sheet':{width}}   points   right  part  wrong  open  invalid"]
    for found, marked in sheets:
        count = Counter(entry["verdict"] for entry in marked["questions"])
        scored = f"{points(marked['points'])}/{points(marked['max_points'])}"
        lines.append(
            f"{printable(found.name, None)[:width]:{width}}  {scored:>7}   {count[CORRECT]:>5}  {count['partial']:>4}  "
            f"{count['wrong']:>5}  {count['unanswered']:>4}  {count['invalid']:>7}"
        )
        for problem in marked.get("problems", []):
            lines += layout(problem, "    ", "      ")
        for entry in marked["questions"]:
            if entry["verdict"] == "invalid":
                lines += layout(f"{entry['id']}: {entry['feedback'][0]}", "    ", "      ")
    mean = sum(marked["points"] for _, marked in sheets) / len(sheets)
    count_ = number_of(len(sheets), "sheet")
    return [*lines, "", f"{count_}, {points(mean)} of {points(sheets[0][1]['max_points'])} points on average"]


def _statistics(sheets: list[tuple[Sheet, QuizResult]]) -> list[str]:
    """Count who answered each question, and who was right; show the most common misconception of the others."""
    lines = [f"{'question':34}  right  answered"]
    for place, first in enumerate(sheets[0][1]["questions"]):
        entries = [marked["questions"][place] for _, marked in sheets]
        answered = [entry for entry in entries if entry["verdict"] != "unanswered"]
        right = sum(entry["verdict"] == CORRECT for entry in answered)
        lines.append(f"{first['id'][:34]:34}  {right:>5}  {len(answered):>8}")
        wrong = Counter(e["feedback"][0] for e in answered if e["verdict"] == "wrong" and "feedback" in e)
        for sentence, count in wrong.most_common(1):
            lines += layout(f"{count} of them: {sentence}", "    ", "      ")
    return lines
