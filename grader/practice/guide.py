"""Guides through a practice: predict, let the program go on, look at what the kernel counted, compare."""

from __future__ import annotations

import pathlib

from grader.errors import InputError
from grader.lab.lab import Lab
from grader.program import command
from grader.quiz.keys import keyed, offered
from grader.quiz.marking import mark_question
from grader.quiz.model import Question, Quiz
from grader.quiz.questions import load_quiz
from grader.quiz.terminal.markdown import layout

from .observe import Row, buffer_pages, pages_taken_over, ps_rows
from .practices import Practice, Stop
from .program import Arrival, Program
from .simulated import Simulated, simulate
from .terminal import WIDTH, Terminal

WHO = ("parent", "child")

#: Columns of a row: process, PID, MINFL, MAJFL, new faults, those in the buffer, others, pages there, not shared,
#: faults of the simulated machine.
_ROW = "  {:6} {:>7} {:>6} {:>5} {:>6} {:>7} {:>5} {:>6} {:>7} {:>8}"
_TITLES = _ROW.format("", "PID", "MINFL", "MAJFL", "new", "buffer", "own", "there", "unshrd", "simul.")
_LEGEND = (
    "PID, MINFL and MAJFL are the row of `ps -o pid,min_flt,maj_flt`. `new` faults since the stop before are those in "
    "the `buffer` and the program's `own` (its stack, its code, the C library). Of the buffer's pages, so many are "
    "`there` (have a frame), and so many of these are not shared with another process (`unshrd`). `simul.` is the "
    "simulated machine of the lab, which has nothing but the buffer."
)


class Guide:
    """One walk through a practice."""

    def __init__(self, practice: Practice, lab: Lab, terminal: Terminal, alive: bool) -> None:
        self.practice, self.lab, self.terminal, self.alive = practice, lab, terminal, alive
        self.stops = practice.alive if alive else practice.stops
        self.steps = simulate(lab, practice.scenario) if practice.scenario else []
        self.quiz: Quiz | None = load_quiz(lab) if lab.quiz else None
        self.rows: dict[str, Row] = {}
        self.predicted = 0
        self.right = 0
        self.surprises: list[str] = []

    def run(self) -> bool:
        """Go through all stops; return True if the kernel counted what the lab's rules say."""
        source = self.lab.path / "practice" / self.practice.source
        if not source.is_file():
            raise InputError([f"{source}: the program of this practice is missing; fetch the lab again"])
        with Program(source, self.alive, self.practice.shared) as program:
            self._begin(program, source)
            agreed = [self._stop(program, number, stop) for number, stop in enumerate(self.stops, 1)]
            program.go_on()
        self._end(all(agreed))
        return all(agreed)

    def _begin(self, program: Program, source: pathlib.Path) -> None:
        if program.compiled:
            self.terminal.say(f"The program is {source}.")
        else:
            self.terminal.say(f"{program.why}; the program is {source.name} written in Python.")
        self.terminal.say(f"The buffer has {program.pages} pages. The program stops {len(self.stops)} times.")
        self.terminal.say(_LEGEND)

    def _stop(self, program: Program, number: int, stop: Stop) -> bool:
        """Go on to a stop and show what is there; return True if it is as the rules say."""
        self.terminal.write("")
        self.terminal.say(f"{number}. {stop.does[0].upper()}{stop.does[1:]}.")
        predictions = self._predict(stop)
        taken = pages_taken_over()
        if number > 1:
            program.go_on()
        arrival = program.arrive()
        real = self._show(program, arrival, stop)
        if "pages hold" in arrival.does:
            self.terminal.say(f"   The parent has {arrival.does}.")
        if stop.does.startswith("the parent writes all"):
            self._reuse(taken, program.pages)
        self._compare(number, stop, predictions, real)
        self._ask(stop)
        return all(real.get(who) == n for who, n in zip(WHO, stop.expected, strict=True) if n is not None)

    # -- predictions -----------------------------------------------------------------------------------------

    def _predict(self, stop: Stop) -> dict[str, int]:
        """Ask for the new faults in the buffer; Enter skips."""
        found: dict[str, int] = {}
        for who, expected in zip(WHO, stop.expected, strict=True):
            predicted = None if expected is None else self.terminal.ask(f"New faults in the buffer, {who}?")
            if predicted is not None:
                found[who] = predicted
        return found

    def _compare(self, number: int, stop: Stop, predictions: dict[str, int], real: dict[str, int]) -> None:
        for who, predicted in predictions.items():
            self.predicted += 1
            if predicted == real.get(who):
                self.right += 1
                self.terminal.say(f"   Predicted right for the {who}.")
                continue
            why = stop.wrong.get(predicted, "")
            if predicted == stop.expected[WHO.index(who)]:
                why = "That is what the rules give; this kernel counted something else."
            self.terminal.say(f"   Predicted {predicted} for the {who}; it is {real.get(who, 0)}. {why}".rstrip())
            self.surprises.append(f"{number}. {stop.does} ({who}: predicted {predicted}, was {real.get(who, 0)})")
        self.terminal.say(f"   {stop.rule}")

    # -- what the kernel counted -----------------------------------------------------------------------------

    def _show(self, program: Program, arrival: Arrival, stop: Stop) -> dict[str, int]:
        """Print a row for each process; return the buffer's new faults of each."""
        self.terminal.write(_TITLES)
        simulated = self.steps[stop.step - 1] if stop.step else None
        rows = ps_rows(list(program.pids.values()))
        real = {}
        for who, pid in program.pids.items():
            # A fork starts the child's counts at 0; what the parent had at its first stop is the start of a program.
            row, before = rows[pid], self.rows.get(who, Row(0, 0))
            new = row.minor + row.major - before.minor - before.major
            real[who] = arrival.faults if who == arrival.who else 0
            pages = buffer_pages(pid, program.address, program.pages)
            there, alone = ("?", "?") if pages is None else (str(pages.there), str(pages.not_shared))
            line = (who, pid, row.minor, row.major, new, real[who], new - real[who], there, alone)
            self.terminal.write(_ROW.format(*line, _faults(simulated, who)))
            self.rows[who] = row
        if simulated and simulated.copies:
            self.terminal.say(f"   The simulated machine made {simulated.copies} copies.")
        return real

    def _reuse(self, before: int | None, pages: int) -> None:
        after = pages_taken_over()
        if before is None or after is None:
            self.terminal.say("   This kernel does not count the pages that it takes over without a copy (pgreuse).")
        elif not self.rows.get("child"):
            return  # the first writes: there is nothing to take over
        else:
            self.terminal.say(
                f"   pgreuse in /proc/vmstat rose by {after - before}: so many pages of the whole system were taken "
                f"over in place of a copy. The parent wrote {pages}."
            )

    # -- questions -------------------------------------------------------------------------------------------

    def _ask(self, stop: Stop) -> None:
        """Ask the question that belongs to a stop. The sheet of answers is not touched."""
        question = next((q for q in self.quiz.questions if q.id == stop.question), None) if self.quiz else None
        if self.quiz is None or question is None:
            return
        choices = offered(question, keyed(self.lab, self.quiz, question))
        self.terminal.write("")
        for line in layout(question.text, "   Question: ", "   ", width=WIDTH):
            self.terminal.write(line)
        for number, choice in enumerate(choices, 1):
            for line in layout(choice.text, f"   {number}  ", "      ", width=WIDTH):
                self.terminal.write(line)
        if self.terminal.read is None:
            self.terminal.say(f"   `{command('quiz', self.lab.path)}` asks this question and marks it.")
            return
        answer = self.terminal.ask("Number of your answer?", len(choices))
        if answer is not None:
            self._mark(self.quiz, question, choices[answer - 1].id)

    def _mark(self, quiz: Quiz, question: Question, answer: str) -> None:
        mark = mark_question(self.lab, quiz, question, answer)
        self.terminal.say(f"   {mark.verdict.capitalize()}. {' '.join(mark.feedback)}")

    def _end(self, agreed: bool) -> None:
        self.terminal.write("")
        if self.predicted:
            self.terminal.say(f"Predictions right: {self.right} of {self.predicted}.")
        if self.surprises:
            self.terminal.say("What surprised you:")
            for surprise in self.surprises:
                self.terminal.say(f"  {surprise}")
        if not agreed:
            self.terminal.say("This kernel counted other faults in the buffer than the lab's rules give.")
        self.terminal.say(self.practice.lesson)


def _faults(simulated: Simulated | None, who: str) -> str:
    return str(simulated.faults.get(who, 0)) if simulated else "-"
