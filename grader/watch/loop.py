"""The loop of `grader watch`: between two scenarios it looks for a key and for a save, so that both are quick."""

from __future__ import annotations

import gc
import os
import pathlib
import sys
import time
from collections.abc import Callable

from grader.errors import InputError
from grader.escape import printable
from grader.grade.attempt import BEFORE, Attempt
from grader.grade.result import ScenarioResult
from grader.grade.session import Session
from grader.grade.to_mend import first_of_all, to_mend
from grader.intake.choosing import KERNELS
from grader.program import command, quoted
from grader.report.text import wrap
from grader.view.steps import differs_in, story
from grader.watch.change import change
from grader.watch.regrade import Regrader
from grader.watch.saves import Saves
from grader.watch.screen import SINCE, View, command_lines, listed, report, screen
from grader.watch.terminal import Terminal

#: Seconds between two looks at the terminal's size while nothing else happens.
IDLE_S = 0.1

#: Seconds between two drawings of the count while scenarios are tried.
COUNT_S = 0.1

#: Columns of a report that is read later, from a file or a pipe.
WIDTH = 80


def watch_screen(session: Session, what: str | None) -> None:
    """Watch in a terminal until q or ctrl-C."""
    terminal = Terminal()
    with _saves(session, what) as saves, terminal.opened():
        _Watch(session, what, saves, terminal).run()


def watch_lines(session: Session, what: str | None) -> None:
    """Watch where there is no terminal: a report for each save, until ctrl-C."""
    regrader = Regrader(session, what)
    with _saves(session, what) as saves:
        if saves.note:
            print(saves.note, flush=True)
        due, told = True, True
        while True:
            if due and regrader.begin():
                told = False
            due = saves.due()
            if due:
                continue
            if regrader.busy:
                regrader.step()
            elif not told:
                view = _view(regrader, WIDTH)
                print("\n".join([*report(view, WIDTH), ""]), flush=True)
                told = True
            else:
                saves.wait(IDLE_S)


def _saves(session: Session, what: str | None) -> Saves:
    """Return the watcher of the lab and of the submission. InputError if the submission cannot be watched."""
    lab, outputs = session.lab.path, session.lab.outputs
    folders = [lab, outputs] if outputs.is_dir() else [lab]  # an author records again, and the watch goes on
    quizzes = session.lab.quiz.resolve().parent if session.lab.quiz is not None else None
    # A quiz is often outside the lab, but a folder above it may hold anything.
    if quizzes is not None and quizzes.is_dir() and not lab.resolve().is_relative_to(quizzes):
        folders.append(quizzes)
    if what is None:
        return Saves(folders, _kernel_in(lab))
    path = pathlib.Path(what)
    if not path.exists():
        raise InputError([f"{path}: no such file or folder; name a folder with a kernel.py, or a kernel file"])
    if path.is_dir():
        return Saves([*folders, path], _kernel_in(path))
    return Saves([*folders, path.parent], [path])


def _kernel_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the kernel that is in a folder now: a save is not complete while it is gone."""
    return [folder / name for name in KERNELS if (folder / name).exists()]


class _Watch:
    """Holds what the keys have chosen, and the screen."""

    def __init__(self, session: Session, what: str | None, saves: Saves, terminal: Terminal) -> None:
        self.session = session
        self.saves = saves
        self.terminal = terminal
        self.regrader = Regrader(session, what)
        self.at = 0  # which of the failing scenarios is shown
        self.mode: Callable[[ScenarioResult | None], list[str]] | None = None
        self.scroll = 0
        self.most = 0
        self.size = (0, 0)
        self.plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        self.colour = terminal.colour and "NO_COLOR" not in os.environ
        self.saved = ""

    def run(self) -> None:
        """Grade and draw until q."""
        gc.freeze()  # the lab and its recordings stay for good
        gc.disable()
        self.begin()
        drawn = 0.0
        key = ""
        while key != "q":
            busy = self.regrader.busy
            news = self.regrader.step() if busy else False
            if not busy:
                self.saves.wait(IDLE_S, self.terminal.descriptor)
            key = self.terminal.key()
            if key:
                self.press(key)
            if self.saves.due():
                news |= self.begin()
            now = time.monotonic()
            if news or key or self.terminal.size != self.size or (busy and now - drawn > COUNT_S):
                self.draw()
                drawn = now
            if news and not self.regrader.busy:
                gc.collect()

    def begin(self) -> bool:
        """Grade what was saved; return True if it differs from what was graded before."""
        begun = self.regrader.begin()
        if begun:
            self.saved = time.strftime("%H:%M:%S")
            self.mode, self.scroll, self.at = None, 0, 0
            self.draw()
        return begun

    # -- keys ------------------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """Do what a key stands for; unknown keys do nothing."""
        modes = {"h": self.hint, "s": self.steps, "l": self.states, "p": self.picture}
        moves = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, " ": 10, "k": -1, "j": 1}
        if key in moves:
            self.scroll = min(max(self.scroll + moves[key], 0), self.most)
        elif key in modes:
            same = self.mode == modes[key]
            self.mode, self.scroll = None if same else modes[key], 0
        elif key == "escape":
            self.mode, self.scroll = None, 0
        elif key == "n":
            self.at, self.mode, self.scroll = self.at + 1, None, 0

    def hint(self, failure: ScenarioResult | None) -> list[str]:
        """Return the hint of the scenario that is shown."""
        if failure is None:
            return ["Nothing fails, so there is no hint."]
        hint = failure.get("hint") or "There is no hint for this. s shows your run step by step."
        return [f"Hint for {failure['id']}:", "", *wrap(hint, self.size[0] - 2, "  ")]

    def states(self, failure: ScenarioResult | None) -> list[str]:
        """Return every scenario with its state."""
        result = self.regrader.result
        if result is None:
            return ["Nothing has been graded to its end yet."]
        return listed(self.view(), result, self.size[0])

    def steps(self, failure: ScenarioResult | None) -> list[str]:
        """Return the student's run step by step, and where it differs from the reference's."""
        return self._story(failure, None)

    def picture(self, failure: ScenarioResult | None) -> list[str]:
        """Return the state after the step in which the student's run differs or ends, and the reference's after it.

        A leak is found after the last step, whose state shows what is left.
        """
        graded = self.regrader.graded.get(failure["id"]) if failure is not None else None
        if failure is None or graded is None:
            return ["Nothing fails, so there is no picture."]
        total = len(graded.scenario.steps)
        lines = self._story(failure, min(differs_in(graded.attempt, total), total))
        lab = self.session.lab.path
        mine = self.regrader.what or lab
        page = f"{command('show', lab, failure['id'], '--submission')} {quoted(mine)} --format html --open"
        return ["As a page to step through:", *command_lines(page, self.size[0]), "", *lines]

    def _story(self, failure: ScenarioResult | None, only: int | None) -> list[str]:
        graded = self.regrader.graded.get(failure["id"]) if failure is not None else None
        if graded is None:
            return ["Nothing fails, so there is nothing to show step by step."]
        attempt: Attempt = graded.attempt
        scenario = graded.scenario.at_failure_point(attempt.point) if graded.scenario.each else graded.scenario
        expected = self.session.recording(graded.scenario).traces[attempt.point]
        return [printable(line, limit=None) for line in story(scenario, expected, attempt, only)]

    # -- drawing ---------------------------------------------------------------------------------------------

    def view(self) -> View:
        """Return what the screen is drawn from."""
        view = _view(self.regrader, self.size[0], self.at, self.saved, self.saves.note)
        return view._replace(scroll=self.scroll, colour=self.colour, plain=self.plain)

    def draw(self) -> None:
        self.size = self.terminal.size
        view = self.view()
        if self.mode is not None:
            view = view._replace(extra=self.mode(view.failure))
        drawn = screen(view, *self.size)
        self.most = drawn.most
        self.terminal.draw(drawn.lines)


def _view(regrader: Regrader, width: int, at: int = 0, saved: str = "", note: str = "") -> View:
    lab = regrader.session.lab
    result, busy = regrader.result, regrader.busy
    shown = regrader.first if busy and regrader.first is not None else result
    failing = to_mend(shown) if shown is not None else []
    failure = failing[at % len(failing)] if failing else None
    place = f"{at % len(failing) + 1} of {len(failing)}" if failing and not busy else ""
    changed = ""
    if result is not None and not busy and not regrader.problem:
        changed = change(regrader.before, result, width - len(SINCE))
    if busy:
        status = f"{saved}  grading: {len(regrader.graded)} of {regrader.total}"
    else:
        status = f"{saved or time.strftime('%H:%M:%S')}  {regrader.took:.2f} s"
    return View(
        title=f"{lab.name}: {lab.title}",
        result=result,
        failure=failure,
        place=place,
        change=changed,
        learnt=lab.learnt,
        status=f"{status}  {note}".rstrip(),
        problem=regrader.problem,
        next="" if regrader.problem or busy else _next(regrader, failure),
    )


def _next(regrader: Regrader, failure: ScenarioResult | None) -> str:
    """Return what to do next; a second line is a command."""
    lab, result = regrader.session.lab, regrader.result
    if regrader.refused or (failure is not None and BEFORE in failure.get("details", ())):
        return first_of_all(regrader.refused)
    if failure is not None:
        return f"task {lab.task(failure['task']).number} of {lab.path / 'README.md'}; save, and this screen follows."
    quiz = result.get("quiz") if result is not None else None
    if quiz is not None and quiz["points"] < quiz["max_points"]:
        return f"the quiz.\n{command('quiz', lab.path)}"
    return ""
