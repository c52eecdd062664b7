"""A run as a page to step through: one file, every step drawn beforehand, the student's run next to the reference's.

The script only hides and shows, so the page reads and prints without it. Pure: scenario, trace and attempt in, text
out.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.compare.renaming import Renaming
from grader.escape import for_html as html
from grader.formats.yaml_writer import flow
from grader.grade.attempt import Attempt, fits_hint
from grader.grade.verdicts import PASSED
from grader.plural import number_of
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord, Trace
from grader.view import chart
from grader.view.document import document
from grader.view.layout import Moment, Picture, arrange_all, moments
from grader.view.overview import counts_of, overview
from grader.view.questions import Question, heading, questions
from grader.view.steps import cost, differs_in
from grader.view.svg import STYLE, svg

#: Bytes of a page. Where more would be drawn, the steps farthest from the one that opens first have no picture.
LIMIT = 250_000

_FOLDER = pathlib.Path(__file__).parent

REFERENCE, YOURS = "the reference", "your kernel"


class Side(NamedTuple):
    """One run on the page: what it is called, and its records up to where it stopped.

    uncounted  counts that the run does not show, although its records have a number: `copies`, `frames in use`
    """

    title: str
    records: Sequence[StepRecord]
    uncounted: tuple[str, ...] = ()


class Difference(NamedTuple):
    """Says where runs differ: the step that opens first, counted from 1, a heading and the lines that explain it."""

    step: int
    heading: str
    lines: Sequence[str]


class _Run(NamedTuple):
    """A step of one run, with the picture after it."""

    side: Side
    record: StepRecord
    picture: Picture


class _Step(NamedTuple):
    """A step on the page: the runs that got so far, the first side's first, and what can be predicted of it."""

    number: int
    runs: tuple[_Run, ...]
    questions: list[Question]


def player(scenario: Scenario, expected: Trace, attempt: Attempt | None, printed: Sequence[str] = ()) -> str:
    """Return the page of a run: the reference's, with a submission's next to it if there is one.

    printed  lines that the submission printed
    """
    sides = [Side(REFERENCE, expected.steps)]
    total = len(scenario.steps)
    about, difference = f"{scenario.id}: the run of the reference, {number_of(total, 'step')}.", None
    if attempt is not None:
        sides.append(Side(YOURS, attempt.records))
        about = f"{scenario.id}: your kernel agrees with the reference in every step."
        scenario = scenario if fits_hint(attempt) else scenario._replace(hint="")
    if attempt is not None and attempt.verdict != PASSED:
        step = differs_in(attempt, total)
        place, where = f"in step {step} of {total}", "Here"
        if step > total:
            place, where = "when all processes have exited", "After this step"
        about = f"{scenario.id}: your kernel and the reference differ {place}."
        heading = f"{where} your kernel differs from the reference"
        difference = Difference(min(step, total), heading, attempt.lines or (attempt.message,))
    return page_of_runs(scenario, expected.pids, sides, about, difference, printed)


def page_of_runs(
    scenario: Scenario,
    pids: Mapping[str, int],
    sides: Sequence[Side],
    about: str,
    difference: Difference | None = None,
    printed: Sequence[str] = (),
) -> str:
    """Return the page of any number of runs of one scenario next to each other.

    The first side has every step; frames of the others have the names of those of the first that they stand for. What
    can be predicted is what the first side did.
    """
    steps = _steps(scenario, pids, sides)
    start = difference.step - 1 if difference is not None else 0
    parts = [_section(scenario, step, difference if n == start else None, len(sides)) for n, step in enumerate(steps)]
    drawings = [_drawings(step) for step in steps]
    frame = _page(scenario, steps, start, about, difference is not None, printed)
    _fit(scenario, drawings, LIMIT - len("".join([frame, *parts]).encode()), start)
    body = "".join(part.replace(_HERE, drawing, 1) for part, drawing in zip(parts, drawings, strict=True))
    return frame.replace(_HERE, body, 1)


#: Stands for what is put in later; no text on the page can have this character, because it is escaped.
_HERE = "\x00"


def _steps(scenario: Scenario, pids: Mapping[str, int], sides: Sequence[Side]) -> list[_Step]:
    """Return every step of the first side, with the steps of the others that stand for it."""
    first, *others = sides
    asked = questions(scenario, pids, first.records)
    followed = [_renamed(scenario, pids, first.records, side) for side in others]
    steps = []
    for (record, own), moment in zip(asked, moments(scenario, pids, first.records), strict=True):
        ran = [(first, record, moment), *(run for side in followed if (run := next(side, None)))]
        drawn = arrange_all(*(moment for _, _, moment in ran))
        runs = tuple(_Run(side, one, picture) for (side, one, _), picture in zip(ran, drawn, strict=True))
        steps.append(_Step(record.number, runs, own))
    return steps


def _renamed(
    scenario: Scenario, pids: Mapping[str, int], expected: Sequence[StepRecord], side: Side
) -> Iterator[tuple[Side, StepRecord, Moment]]:
    """Yield the steps of a run, with its frames named as those of the expected run that they stand for."""
    renaming = Renaming(scenario)
    records = [record for record in side.records if 0 < record.number <= len(scenario.steps)]
    followed = moments(scenario, pids, records, renaming.frame_name)
    for mine, record in zip(expected, records, strict=False):
        renaming.step(mine, record)  # before the picture is drawn, which needs the names of this step
        yield side, record, next(followed)


# -- steps ------------------------------------------------------------------------------------------------------------


def _section(scenario: Scenario, step: _Step, difference: Difference | None, sides: int) -> str:
    """Return one step of the page, with the difference if this is the step of it; _HERE is where pictures go.

    sides  number of runs on the page; those that ended earlier do not have this step
    """
    title = heading(scenario, step.number)
    told = _told(step, len(step.runs) == sides)
    place = f"{scenario.path.rpartition('/')[2]}:{scenario.steps[step.number - 1].line}"
    return (
        f'<section id="s{step.number}">'
        f"<h2>{html(title)}</h2>"
        f'<pre><code>- {html(_yaml(scenario, step.number))}</code>  <span class="soft">{html(place)}</span></pre>'
        f"{''.join(map(_question, step.questions))}"
        f'<div class="after">{"".join(f"<p>{html(line)}</p>" for line in told)}{_difference(difference)}'
        f'<div class="runs">{_HERE}</div></div></section>\n'
    )


def _told(step: _Step, all_ran: bool) -> list[str]:
    """Return how the step ended and what it cost: one line where all runs have it and agree."""
    first = step.runs[0]
    if all_ran and all(_cost(run, run.side.uncounted) == _cost(first, run.side.uncounted) for run in step.runs):
        return [_cost(first)]
    return [f"{run.side.title}: {_cost(run, run.side.uncounted)}" for run in step.runs]


def _cost(run: _Run, without: Sequence[str] = ()) -> str:
    return cost(run.record, run.record.outcome, without).removeprefix("-> ")


def _question(question: Question) -> str:
    """Return a question, which is shown only by the script and where "Predict first" is on."""
    choices = "".join(
        f'<button value="{"right" if n == question.answer else "wrong"}">{html(choice)}</button>'
        for n, choice in enumerate(question.choices)
    )
    why = f"The answer: {question.choices[question.answer]}. {question.why}"
    return (
        f'<fieldset class="ask"><legend>{html(question.text)}</legend>{choices}<button value="skipped">Skip</button>'
        f'<p role="status" data-why="{html(why)}"></p></fieldset>'
    )


def _yaml(scenario: Scenario, number: int) -> str:
    [(verb, fields)] = scenario.plain()["steps"][number - 1].items()
    return f"{verb}: {flow(fields)}"


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return ""
    lines = _lines(difference.lines)
    return f'<div class="difference"><h3>{html(difference.heading)}</h3><pre>{lines}</pre></div>'


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(html(line) for line in lines)


def _drawings(step: _Step) -> str:
    """Return the pictures of a step: one for all runs that look the same."""
    titles: dict[Picture, list[str]] = {}
    for run in step.runs:
        titles.setdefault(run.picture, []).append(run.side.title)
    return "".join(_figure(" and ".join(whose), picture) for picture, whose in titles.items())


def _figure(whose: str, picture: Picture) -> str:
    # A box that scrolls can be reached by keyboard, and so it has a name.
    box = f'<div class="scroll" tabindex="0" role="group" aria-label="{html(whose)}">'
    return f"<figure><figcaption>{html(whose)}</figcaption>{box}{svg(picture, headed=False)}</div></figure>"


def _fit(scenario: Scenario, drawings: list[str], room: int, start: int) -> None:
    """Leave out pictures, the farthest from the start first, until all have room."""
    sizes = [len(drawing.encode()) for drawing in drawings]
    for n in sorted(range(len(drawings)), key=lambda n: (-abs(n - start), n)):
        if sum(sizes) <= room:
            return
        command = f"grader show LAB {scenario.id} --step {n + 1} --format svg"
        drawings[n] = f"<p>This page has no room for the picture of this step: <code>{html(command)}</code></p>"
        sizes[n] = len(drawings[n].encode())


# -- the page ---------------------------------------------------------------------------------------------------------


def _page(
    scenario: Scenario, steps: Sequence[_Step], start: int, about: str, differs: bool, printed: Sequence[str]
) -> str:
    style = f"{_file('player.css')}{STYLE}{chart.STYLE}"
    last = len(steps) - 1
    counts = [[counts_of(run.record, run.side.uncounted) for run in step.runs] for step in steps]
    buttons = [
        _button("First", "Home", to=0),
        _button("Back (←)", "ArrowLeft", by=-1),
        _button("Next (→)", "ArrowRight", by=1),
        _button("Last", "End", to=last),
        _button("First difference (d)", "d", to=start) if differs else "",
    ]
    script, predict = _file("player.js"), ""
    if any(step.questions for step in steps):
        script += _file("predict.js")
        predict = '<label><input id="predict" type="checkbox"> Predict first</label>'
    body = f"""<header><h1>{html(scenario.title)}</h1><p class="soft">{html(about)}</p></header>
<nav hidden aria-label="Steps">{"".join(buttons)}{predict}
<input id="slider" type="range" min="1" max="{len(steps)}" value="1" aria-label="Step">
<output id="score"></output></nav>
<p id="said" role="status" aria-live="polite" hidden></p>
<main data-start="{start}">{_HERE}</main>
<footer>{overview(scenario, counts)}
{_hint(scenario)}{_printed(printed)}</footer>"""
    return document(f"{scenario.id}: {scenario.title}", body, style, script)


def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _button(words: str, key: str, **where: int) -> str:
    """Return a button that leads to a step (to=) or a number of steps on (by=), as a key does."""
    [(name, number)] = where.items()
    return f'<button data-{name}="{number}" data-key="{key}">{words}</button>'


def _hint(scenario: Scenario) -> str:
    return f"<p>Hint: {html(scenario.hint)}</p>\n" if scenario.hint else ""


def _printed(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<details><summary>What your kernel printed</summary><pre>{_lines(lines)}</pre></details>\n"
