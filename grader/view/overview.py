"""All steps of a run at a glance: small plots of what was counted, and a table with a link to each step."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.escape import for_html as html
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord
from grader.view.chart import over_steps

#: What is counted in each step, and what the plots of it are called.
COUNTS = {"faults": "faults a step", "copies": "copies a step", "frames in use": "frames in use"}

#: The counts of a step in the order of COUNTS; None for what a run does not show.
Counts = tuple[int | None, ...]


def counts_of(record: StepRecord, uncounted: Collection[str] = ()) -> Counts:
    """Return the counts of a step. uncounted: names of those that its run does not show."""
    numbers = (sum(record.faults), record.copies, record.frames)
    return tuple(None if name in uncounted else number for name, number in zip(COUNTS, numbers, strict=True))


def overview(scenario: Scenario, steps: Sequence[Sequence[Counts]]) -> str:
    """Return plots and table. steps: for each step the counts of every run that got so far, the first run's first."""
    rows = []
    for step, (first, *others) in zip(scenario.steps, steps, strict=False):
        cells = "".join(_cell(number, [other[n] for other in others]) for n, number in enumerate(first))
        words = f"{step.number}. {html(sentence(step))}"
        rows.append(f'<tr><th scope="row"><a href="#s{step.number}">{words}</a></th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("step", *COUNTS))
    plots = "".join(
        _plot(title, [[run[n] for run in step] for step in steps]) for n, title in enumerate(COUNTS.values())
    )
    return (
        f'<div class="plots">{plots}</div>\n'
        '<div class="scroll" tabindex="0" role="group" aria-label="All steps"><table><caption>All steps</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(number: int | None, others: Sequence[int | None]) -> str:
    differs = "".join(f" <strong>≠ {other}</strong>" for other in others if other not in (number, None))
    return f'<td class="n">{number}{differs}</td>'


def _plot(title: str, steps: Sequence[Sequence[int | None]]) -> str:
    """Return the plot of one count. steps: for each step the number of every run that got so far."""
    runs = [[step[n] if n < len(step) else None for step in steps] for n in range(max(map(len, steps), default=0))]
    most = max((number for run in runs for number in run if number is not None), default=0)
    differs = any(number not in (step[0], None) for step in steps for number in step[1:])
    words = f"{title}, {most} at most{'; a line is another run' if differs else ''}"
    return f"<figure><figcaption>{words}</figcaption>{over_steps(*runs)}</figure>"
