"""`grader quiz LAB --export FORMAT` and `grader quiz --import FILE …`."""

from __future__ import annotations

import argparse
import pathlib
import sys

from grader.cli.output import write
from grader.errors import InputError
from grader.escape import printable
from grader.files import write_file
from grader.lab.lab import Lab
from grader.plural import number_of
from grader.quiz.exchange.item import Item, items_of
from grader.quiz.exchange.notes import ImportFailed, Note
from grader.quiz.model import Question, Quiz


def export(options: argparse.Namespace, lab: Lab, quiz: Quiz) -> int:
    """Write the quiz in another format, and report on stderr what that format cannot hold; return the exit status 0."""
    items = items_of(lab, quiz)
    _tell_lost("No other format can", [line for question in quiz.questions for line in _ours(quiz, question)])
    if options.export != "qti":
        _tell_lost("This format cannot", _images(items))
    if options.export == "markdown":
        return _export_markdown(options, items)
    if options.export == "qti":
        return _export_qti(options, lab, quiz, items)
    if options.export == "gift":
        from grader.quiz.exchange.gift_writer import write as write_gift

        text, lost = write_gift(items)
    else:
        from grader.quiz.exchange.moodle_writer import write as write_moodle

        text, lost = write_moodle(items)
    _tell_lost("GIFT cannot" if options.export == "gift" else "Moodle XML cannot", lost)
    return write(options, text)


def _export_markdown(options: argparse.Namespace, items: list[Item]) -> int:
    """Write one file per question into the folder --output, or all of them to stdout."""
    from grader.quiz.exchange.markdown_writer import write as write_markdown

    files, lost = write_markdown(items)
    _tell_lost("Markdown cannot", lost)
    if options.output is None:
        sys.stdout.write("\n".join(files.values()))
        return 0
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_file(folder / name, text)
    print(f"{number_of(len(files), 'file')} in {folder}", file=sys.stderr)
    return 0


def _export_qti(options: argparse.Namespace, lab: Lab, quiz: Quiz, items: list[Item]) -> int:
    from grader.quiz.exchange.qti_writer import write as write_qti

    if options.output is None:
        raise InputError(["a QTI export is a zip file; name it with --output FILE.zip"])
    data, lost = write_qti(items, quiz.title, lab.quiz.parent if lab.quiz is not None else lab.path)
    _tell_lost("QTI cannot", lost)
    write_file(options.output, data)
    return 0


def _images(items: list[Item]) -> list[str]:
    """Return the images that questions show: only QTI packs them."""
    from grader.quiz.exchange.images import images_in, texts_of

    shown = {(item.id, image.path) for item in items for text in texts_of(item) for image in images_in(text)}
    return [f"{id}: its image {printable(path, 80)!r}; copy the file by hand" for id, path in sorted(shown)]


def _ours(quiz: Quiz, question: Question) -> list[str]:
    """Return what no other system supports: variants and penalties."""
    lost = []
    if question.parameters:
        variant = printable(quiz.seed, 60) or "the first values"
        lost.append(f"{question.id}: its variants; this is the variant for {variant}")
    if question.penalty:
        lost.append(f"{question.id}: its penalty")
    return lost


def _tell_lost(who: str, lost: list[str]) -> None:
    """Report on stderr what an export loses, each kind of loss once with the questions that it affects."""
    if lost:
        print(f"{who} hold everything:", file=sys.stderr)
    concerned: dict[str, list[str]] = {}
    for line in lost:
        id, colon, what = line.partition(": ")
        concerned.setdefault(what if colon else line, []).extend([id] if colon else [])
    for what, ids in concerned.items():
        shown = f"{', '.join(ids[:3])}{f' and {len(ids) - 3} more' if len(ids) > 3 else ''}: " if ids else ""
        print(f"  {shown}{what}", file=sys.stderr)


def import_files(options: argparse.Namespace) -> int:
    """Create a quiz from files in other formats. Everything repaired or left out is reported on stderr.

    Return the exit status: 0 if all was taken over as it is, 1 if not, 2 if no question is left.
    """
    from grader.quiz.exchange.limits import COUNT_LIMIT

    items: list[Item] = []
    notes: list[Note] = []
    for given in options.imported:
        found, said = _read(pathlib.Path(given))
        items += found
        notes += said
    if len(items) > COUNT_LIMIT:
        notes.append(
            Note(options.imported[-1], 1, f"more than {COUNT_LIMIT} questions; import fewer files at once", True)
        )
        items = items[:COUNT_LIMIT]
    for note in notes:
        print(f"{'error' if note.lost else 'warning'}: {printable(str(note))}", file=sys.stderr)
    if not items:
        raise InputError(["none of the questions could be imported"])
    from grader.quiz.exchange.item import slug
    from grader.quiz.exchange.yaml_file import write as write_yaml
    from grader.quiz.questions import read_quiz

    taken: dict[str, int] = {}
    items = [item._replace(id=slug(item.id, taken, 12)) for item in items]
    text = write_yaml(items, _title(options))
    read_quiz(text, "the imported quiz")  # the loader must accept what is about to be written
    left_out = sum(note.lost for note in notes)
    repaired = number_of(len(notes) - left_out, "thing")
    print(f"{number_of(len(items), 'question')}; {repaired} repaired, {left_out} left out", file=sys.stderr)
    write(options, text)
    return 1 if notes else 0


def _title(options: argparse.Namespace) -> str:
    first = pathlib.Path(options.output or options.imported[0]).stem
    return " ".join(first.replace("-", " ").replace("_", " ").split()).capitalize() or "Imported quiz"


def _read(path: pathlib.Path) -> tuple[list[Item], list[Note]]:
    from grader.quiz.exchange.formats import read
    from grader.quiz.exchange.limits import PACKAGE_LIMIT

    if path.is_dir():
        raise InputError([f"{path}: a folder; name the files in it, such as {path / '*.md'}"])
    try:
        with path.open("rb") as file:
            data = file.read(PACKAGE_LIMIT + 1)
        return read(data, str(path))
    except ImportFailed as error:
        raise InputError([str(error)]) from None
