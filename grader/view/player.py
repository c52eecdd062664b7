"""A run as a page to step through: one file, every step drawn beforehand, the student's run beside the reference's.

The script only hides and shows, so the page reads and prints without it. The Content-Security-Policy allows this script
and this style by their hashes, and nothing else. Pure: scenario, trace and attempt in, text out.
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from grader.compare.renaming import Renaming
from grader.escape import for_html as html
from grader.formats.yaml_writer import flow
from grader.grade.attempt import Attempt
from grader.grade.verdicts import PASSED
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.trace.names import letter
from grader.trace.records import StepRecord, Trace
from grader.view.layout import Picture, compared, pictures
from grader.view.steps import cost
from grader.view.svg import STYLE, svg

#: Bytes of a page. Where more would be drawn, the steps farthest from the one that opens first have no picture.
LIMIT = 250_000

_FOLDER = pathlib.Path(__file__).parent

REFERENCE, YOURS = "the reference", "your kernel"


class _Step(NamedTuple):
    """A step on the page: the reference's record and picture, and a student's where the run got so far."""

    number: int
    expected: StepRecord
    picture: Picture
    yours: StepRecord | None
    your_picture: Picture | None


def player(scenario: Scenario, expected: Trace, attempt: Attempt | None, printed: Sequence[str] = ()) -> str:
    """Return the page of a run: the reference's, with a submission's beside it if there is one.

    printed  lines that the submission printed
    """
    steps = _steps(scenario, expected, attempt)
    start = _start(steps, attempt)
    parts = [_section(scenario, step, len(steps), attempt if n == start else None) for n, step in enumerate(steps)]
    drawings = [_drawings(step) for step in steps]
    frame = _page(scenario, steps, start, attempt, printed)
    _fit(scenario, drawings, LIMIT - len("".join([frame, *parts]).encode()), start)
    body = "".join(part.replace(_HERE, drawing, 1) for part, drawing in zip(parts, drawings, strict=True))
    return frame.replace(_HERE, body, 1)


#: Stands for what is put in later; no text on the page can have this character, because it is escaped.
_HERE = "\x00"


def _steps(scenario: Scenario, expected: Trace, attempt: Attempt | None) -> list[_Step]:
    """Return every step with its pictures. Frames of the student's run have the names of those they stand for."""
    theirs = list(pictures(scenario, expected.pids, expected.steps))
    records = [] if attempt is None else [r for r in attempt.records if 0 < r.number <= len(scenario.steps)]
    renaming = Renaming(scenario)

    def name(life: int) -> str:
        known = renaming.expected_life(life)
        return "zero" if not life else f"{letter(life - 1)}'" if known is None else letter(known - 1)

    drawn = pictures(scenario, expected.pids, records, name)
    steps = []
    for n, (record, picture) in enumerate(zip(expected.steps, theirs, strict=True)):
        if n >= len(records):
            steps.append(_Step(n + 1, record, picture, None, None))
            continue
        renaming.step(record, records[n])
        steps.append(_Step(n + 1, record, *_beside(picture, records[n], next(drawn))))
    return steps


def _beside(picture: Picture, yours: StepRecord, drawn: Picture) -> tuple[Picture, StepRecord, Picture]:
    ours, theirs = compared(picture, drawn)
    return ours, yours, theirs


def _start(steps: Sequence[_Step], attempt: Attempt | None) -> int:
    """Return the place of the step that opens first: where the run differs or ends, else the first."""
    if attempt is None or attempt.verdict == PASSED:
        return 0
    if attempt.divergence is not None:
        return min(attempt.divergence.step, len(steps)) - 1
    return max((n for n, step in enumerate(steps) if step.yours is not None), default=0)


# -- steps ------------------------------------------------------------------------------------------------------------


def _section(scenario: Scenario, step: _Step, total: int, attempt: Attempt | None) -> str:
    """Return one step of the page, with the difference if this is the step of it; _HERE is where pictures go."""
    model = scenario.steps[step.number - 1]
    title = f"Step {step.number} of {total}: {sentence(model)}"
    theirs = cost(step.expected, step.expected.outcome).removeprefix("-> ")
    yours = cost(step.yours, step.yours.outcome).removeprefix("-> ") if step.yours is not None else theirs
    told = [theirs] if yours == theirs else [f"{REFERENCE}: {theirs}", f"{YOURS}: {yours}"]
    said = f"{title}. {'. '.join(told)}"
    place = f"{scenario.path.rpartition('/')[2]}:{model.line}"
    return (
        f'<section id="s{step.number}" data-said="{html(said)}"><h2>{html(title)}</h2>'
        f'<pre><code>- {html(_yaml(scenario, step.number))}</code>  <span class="soft">{html(place)}</span></pre>'
        f"{''.join(f'<p>{html(line)}</p>' for line in told)}{_difference(attempt)}"
        f'<div class="runs">{_HERE}</div></section>\n'
    )


def _yaml(scenario: Scenario, number: int) -> str:
    [(verb, fields)] = scenario.plain()["steps"][number - 1].items()
    return f"{verb}: {flow(fields)}"


def _difference(attempt: Attempt | None) -> str:
    if attempt is None or attempt.verdict == PASSED:
        return ""
    lines = attempt.lines or (attempt.message,)
    return (
        f'<div class="difference"><h3>Here your kernel differs from the reference</h3><pre>{_lines(lines)}</pre></div>'
    )


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(html(line) for line in lines)


def _drawings(step: _Step) -> str:
    """Return the pictures of a step: one where both runs look the same."""
    if step.your_picture is None:
        return _figure(REFERENCE, step.picture)
    if step.picture == step.your_picture:
        return _figure("the reference and your kernel", step.picture)
    return _figure(REFERENCE, step.picture) + _figure(YOURS, step.your_picture)


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
    scenario: Scenario, steps: Sequence[_Step], start: int, attempt: Attempt | None, printed: Sequence[str]
) -> str:
    style = f"{(_FOLDER / 'player.css').read_text(encoding='utf-8')}{STYLE}"
    script = (_FOLDER / "player.js").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    differs = attempt is not None and attempt.verdict != PASSED
    jump = '<button value="different">First difference (d)</button>' if differs else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{html(scenario.id)}: {html(scenario.title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{html(scenario.title)}</h1><p class="soft">{html(_about(scenario, start, attempt))}</p></header>
<nav hidden aria-label="Steps"><button value="first">First</button><button value="back">Back (←)</button>
<button value="on">Next (→)</button><button value="last">Last</button>{jump}
<input id="slider" type="range" min="1" max="{len(steps)}" value="1" aria-label="Step"></nav>
<p id="said" role="status" aria-live="polite" hidden></p>
<main data-start="{start}">
{_HERE}</main>
<footer>{_overview(scenario, steps)}
{_hint(scenario)}{_printed(printed)}</footer>
<script>{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _about(scenario: Scenario, start: int, attempt: Attempt | None) -> str:
    if attempt is None:
        return f"{scenario.id}: the run of the reference, {len(scenario.steps)} steps."
    if attempt.verdict == PASSED:
        return f"{scenario.id}: your kernel agrees with the reference in every step."
    return f"{scenario.id}: your kernel and the reference differ in step {start + 1} of {len(scenario.steps)}."


_COUNTS = ("faults", "copies", "frames")


def _overview(scenario: Scenario, steps: Sequence[_Step]) -> str:
    """Return the table of all steps with links, and small plots of faults, copies and frames."""
    most = [max([1, *(_counts(step.expected)[n] for step in steps)]) for n in range(len(_COUNTS))]
    rows = []
    for step in steps:
        yours = _counts(step.yours) if step.yours is not None else None
        cells = [
            _plot(name, mine, most[n], yours[n] if yours else mine)
            for n, (name, mine) in enumerate(zip(_COUNTS, _counts(step.expected), strict=True))
        ]
        words = html(sentence(scenario.steps[step.number - 1]))
        rows.append(
            f'<tr><th scope="row"><a href="#s{step.number}">{step.number}. {words}</a></th>{"".join(cells)}</tr>'
        )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("step", "faults", "copies", "frames in use"))
    return (
        '<div class="scroll" tabindex="0" role="group" aria-label="All steps"><table><caption>All steps</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _counts(record: StepRecord) -> tuple[int, int, int]:
    return sum(record.faults), record.copies, record.frames


def _plot(name: str, mine: int, most: int, yours: int) -> str:
    differs = f" <strong>≠ {yours}</strong>" if yours != mine else ""
    return f'<td class="n">{mine}{differs} <meter max="{most}" value="{mine}" aria-label="{name}"></meter></td>'


def _hint(scenario: Scenario) -> str:
    return f"<p>Hint: {html(scenario.hint)}</p>\n" if scenario.hint else ""


def _printed(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<details><summary>What your kernel printed</summary><pre>{_lines(lines)}</pre></details>\n"
