"""`grader quiz LAB`: ask the questions, mark answer sheets, write empty sheets, print on paper, import and export."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from typing import TYPE_CHECKING

from grader.cli.marks import exit_status, result
from grader.cli.output import write
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.quiz.marking import is_open, mark_answers, read_sheet, variant_of
from grader.quiz.model import VARIANT, WITH_CHOICES, Choice, Quiz
from grader.quiz.questions import load_quiz
from grader.quiz.sheet_writer import accepted, template
from grader.quiz.variants import Seed, everybodys, in_practice, practised, with_folded_id
from grader.report import FORMATS

if TYPE_CHECKING:
    from grader.quiz.terminal.feedback import Teller

#: Formats that `--export` can write.
EXPORTS = ("markdown", "gift", "moodle", "qti")


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    add(
        "--answers",
        metavar="FILE",
        help="mark this sheet, or every sheet in a folder (NAME.yaml, NAME/answers.yaml) or a download",
    )
    add(
        "--feedback",
        choices=("each", "end"),
        default="each",
        help="give feedback after each answer (default) or at the end",
    )
    add("--template", action="store_true", help="write an empty sheet")
    add("--print", action="store_true", help="print the quiz for paper; with --audience staff, also the key sheet")
    add("--model", action="store_true", help="write a sheet with the right answers")
    add(
        "--seed",
        metavar="ID",
        help="choose the quiz variant, for example by student id (default: the quiz's seed; for one sheet, its own)",
    )
    add("--format", choices=list(FORMATS), default="text", help="report format for marks (default: text)")
    add("--audience", choices=("student", "staff"), default="student", help="staff reports include keys and statistics")
    add("--export", choices=EXPORTS, metavar="FORMAT", help=f"convert the quiz to another format: {', '.join(EXPORTS)}")
    add(
        "--import",
        dest="imported",
        nargs="+",
        metavar="FILE",
        help="create a quiz from files in Markdown, GIFT, Moodle XML, QTI or Aiken format",
    )
    add("--output", metavar="FILE", help="write to FILE instead of standard output")


def run(options: argparse.Namespace) -> int:
    if options.imported:
        from grader.cli.exchange import import_files

        return import_files(options)
    lab = load_lab(find_lab(options.lab))
    _refuse_keys(options, lab)
    if options.answers is not None and pathlib.Path(options.answers).is_dir():
        from grader.cli.quizzes import mark_folder

        return mark_folder(options, lab)
    if options.export:
        from grader.cli.exchange import export

        return export(options, lab, load_quiz(lab, _seed(options, everybodys)))
    if options.template or options.print or options.model:
        return _write_quiz(options, lab, load_quiz(lab, _seed(options, everybodys)))
    if options.answers is None and options.format == "text" and options.output is None and _at_terminal():
        return _ask(options, lab)
    return _mark(options, lab)


def _refuse_keys(options: argparse.Namespace, lab: Lab) -> None:
    """InputError if a released lab is asked to write down its right answers: it has them only to mark sheets."""
    if lab.released is None:
        return
    key_sheet = options.print and options.audience == "staff"
    wanted = {"--model": options.model, "--print --audience staff": key_sheet, "--export": options.export}
    for option, given in wanted.items():
        if given:
            why = "writes down the right answers, which a released lab has only to mark sheets"
            raise InputError([f"{lab.name}: {option} {why}; run it on the course's own copy of the lab"])


def _seed(options: argparse.Namespace, otherwise: Seed) -> Seed:
    return otherwise if options.seed is None else str(options.seed)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _write_quiz(options: argparse.Namespace, lab: Lab, quiz: Quiz) -> int:
    """Write an empty sheet, the sheet with the right answers, or the quiz for paper; return the exit status."""
    if options.print:
        from grader.quiz.paper import key_sheet, paper

        text = paper(lab, quiz)
        if options.audience == "staff":
            text += f"\f\n{key_sheet(lab, quiz)}"
        return write(options, text)
    from grader.quiz.check import model_sheet

    if options.output is not None and pathlib.Path(options.output).is_file() and not options.model:
        _refuse_to_lose(pathlib.Path(options.output))
    text = template(quiz, _offered(lab, quiz), model_sheet(lab, quiz) if options.model else None)
    # A model sheet goes into a folder of the course, which its first quiz does not have yet.
    return write(options, text, make_folders=options.model)


def _offered(lab: Lab, quiz: Quiz) -> dict[str, tuple[Choice, ...]]:
    """Return the choices of every question, in the order in which they are shown."""
    from grader.quiz.terminal.feedback import Teller

    teller = Teller(lab, quiz)
    return {question.id: teller.choices(question) for question in quiz.questions if question.type in WITH_CHOICES}


def _refuse_to_lose(path: pathlib.Path) -> None:
    """Raise InputError if writing an empty sheet would overwrite answers."""
    from grader.quiz.sheet_files import read_bytes

    sheet, problems = read_sheet(read_bytes(path))
    if problems or any(not is_open(answer) for id, answer in sheet.items() if id != VARIANT):
        problem = "this sheet already has answers; remove it first, or write to another file"
        raise InputError([f"{path}: {problem}"])


# -- marking --------------------------------------------------------------------------------------------------


def _mark(options: argparse.Namespace, lab: Lab) -> int:
    path = pathlib.Path(options.answers) if options.answers else lab.path / "answers.yaml"
    data = None
    if options.answers is not None or path.exists():
        from grader.quiz.sheet_files import read_bytes

        data = read_bytes(path)
    sheet, problems = read_sheet(data)
    quiz = load_quiz(lab, _seed(options, in_practice(variant_of(sheet))))
    marked = mark_answers(lab, quiz, sheet, problems)
    if options.format == "text":
        lines = _teller(options, lab, quiz).marks(marked, lambda q: accepted(q, _offered(lab, quiz).get(q.id)))
        if any(entry["verdict"] == "unanswered" for entry in marked["questions"]):
            lines += ["", *_how_to_answer(path, asks=options.answers is None)]
        if options.seed is None and practised(quiz):
            from grader.quiz.terminal.markdown import layout

            lines += ["", *layout(practised(quiz))]
        write(options, "\n".join(lines) + "\n")
    else:
        from grader.report import render

        write(options, render(result(lab, marked, str(path), data or b"", options), options.format))
    return exit_status(marked)


def _how_to_answer(sheet: pathlib.Path, asks: bool) -> list[str]:
    """Return where answers go: into the sheet that was read. asks: in a terminal this command asks the questions."""
    more = ", or run it in a terminal" if asks else ""
    return [f"Write your answers into this sheet and run this command again{more}:", f"  {printable(str(sheet), None)}"]


def _teller(options: argparse.Namespace, lab: Lab, quiz: Quiz) -> Teller:
    from grader.quiz.terminal.feedback import Teller

    return Teller(lab, quiz, options.output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ)


# -- asking ---------------------------------------------------------------------------------------------------


def _ask(options: argparse.Namespace, lab: Lab) -> int:
    from grader.quiz.sheet_files import read_bytes
    from grader.quiz.terminal.dialog import Conversation, Terminal
    from grader.quiz.terminal.keeper import SheetKeeper, read_answered

    path = lab.path / "answers.yaml"
    sheet = read_answered(path, read_bytes(path) if path.exists() else b"")
    named = variant_of(sheet)
    quiz = load_quiz(lab, _seed(options, in_practice(named)))
    seed = quiz.seed
    if (
        quiz.varies
        and seed != with_folded_id(named, quiz.rule)
        and any(not is_open(a) for id, a in sheet.items() if id != VARIANT)
    ):
        raise InputError([f"{path}: these answers are for the variant {named!r}; remove them first"])
    if quiz.varies and seed:
        sheet = {VARIANT: seed, **sheet}
        sheet[VARIANT] = seed
    keeper = SheetKeeper(path, quiz, lambda answers: template(quiz, _offered(lab, quiz), answers), _show)
    if "readline" not in sys.modules:
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - gives input() line editing
    colour = "NO_COLOR" not in os.environ
    talk = Conversation(lab, quiz, sheet, Terminal(input, _show, keeper.save), options.feedback == "end", colour)
    marked = talk.run()
    keeper.finish(talk.sheet)
    open_ones = sum(entry["verdict"] == "unanswered" for entry in marked["questions"])
    more = f"; {open_ones} left: run this command again" if open_ones else ""
    _show([f"{'Your answers are in' if keeper.saved else 'Nothing was changed in'} {path}{more}."])
    return exit_status(marked)


def _show(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)
