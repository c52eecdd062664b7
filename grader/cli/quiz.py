"""`grader quiz LAB`: show the questions and mark a sheet of answers."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

from grader.lab import Lab, LabError, find_lab, load_lab
from grader.quiz.marking import CORRECT, INVALID, UNANSWERED, mark_sheet
from grader.quiz.questions import Question, Quiz, load_quiz
from grader.quiz.sheet import accepted, template
from grader.report.text import points, wrap

_MARKS = {CORRECT: "ok  ", UNANSWERED: "open", INVALID: "????"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("--answers", metavar="FILE", help="the sheet to mark (default: the lab's answers.yaml)")
    parser.add_argument("--template", action="store_true", help="print an empty sheet")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to report (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write the report there instead of to standard output")


def run(options: argparse.Namespace) -> int:
    lab = load_lab(find_lab(options.lab))
    quiz = load_quiz(lab)
    if options.template:
        return _write(options, template(quiz))
    marked = mark_sheet(lab, quiz, _sheet(options, lab))
    if options.format == "json":
        import json

        text = json.dumps({"format": 1, "lab": lab.name, "quiz": marked}, indent=1) + "\n"
    else:
        text = "\n".join(_lines(lab, quiz, marked)) + "\n"
    _write(options, text)
    clean = marked["points"] == marked["max_points"] and "problems" not in marked
    return 0 if clean else 1


def _sheet(options: argparse.Namespace, lab: Lab) -> bytes | None:
    path = pathlib.Path(options.answers) if options.answers else lab.path / "answers.yaml"
    if not path.exists() and options.answers is None:
        return None
    try:
        with path.open("rb") as file:
            return file.read(1 << 20)
    except OSError as error:
        raise LabError([f"{path}: {error.strerror}"]) from None


def _write(options: argparse.Namespace, text: str) -> int:
    if options.output is None:
        sys.stdout.write(text)
    else:
        pathlib.Path(options.output).write_text(text, encoding="utf-8")
    return 0


def _lines(lab: Lab, quiz: Quiz, marked: dict[str, Any]) -> list[str]:
    lines = [f"{lab.name} quiz: {points(marked['points'])} of {points(marked['max_points'])} points"]
    for problem in marked.get("problems", []):
        lines += wrap(f"  on the sheet: {problem}", 80)
    for question, entry in zip(quiz.questions, marked["questions"], strict=True):
        mark = _MARKS.get(entry["verdict"], entry["verdict"])
        lines += ["", f"{mark}  {question.id}   {points(entry['points'])}/{points(entry['max_points'])}"]
        if entry["verdict"] == UNANSWERED:
            lines += _asked(question)
        for sentence in entry.get("feedback", []):
            lines += wrap(f"  {sentence}", 80)
        if entry["verdict"] not in (CORRECT, UNANSWERED) and question.section:
            lines.append(f"  Read again: {question.section}")
    if any(entry["verdict"] == UNANSWERED for entry in marked["questions"]):
        lines += ["", f"Write your answers into {lab.path / 'answers.yaml'} and run this again."]
    return lines


def _asked(question: Question) -> list[str]:
    """An open question, with its choices."""
    lines: list[str] = []
    for paragraph in question.text.splitlines():
        lines += wrap(f"  {paragraph}", 80)
    for choice in sorted(question.choices, key=lambda c: c.id) if question.type == "order" else question.choices:
        lines += wrap(f"    {choice.id}: {choice.text}", 78)
    if question.type == "match":
        lines += wrap(f"    answers: {', '.join(sorted({c.right for c in question.choices}))}", 78)
    return [*lines, *wrap(f"  -> {accepted(question)}", 80)]
