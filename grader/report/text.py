"""Write the result for a terminal, within 80 columns: points by task, what to fix first, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.grade.verdicts import FAILED, NOT_IMPLEMENTED, PASSED, UNGRADABLE, WAITING
from grader.points import points
from grader.report.sentences import counted, hidden_points_line, hidden_state

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult

WIDTH = 80

#: Failures that get one line each; the first one is shown in full.
OTHERS = 8

#: Lines of a kernel's own prints that are shown.
PRINTED = 12

#: verdict -> its mark in a line for a terminal.
MARKS = {
    FAILED: "FAIL",
    NOT_IMPLEMENTED: "todo",
    "crashed": "CRASH",
    "timed_out": "TIME",
    "no_progress": "STUCK",
    "refused": "REFUSED",
    "tampered": "TAMPERED",
    UNGRADABLE: "?",
    WAITING: "waits",
}

#: mark -> its colour, as a terminal numbers them.
COLOURS = {"ok": "32", "FAIL": "31", "CRASH": "31", "TIME": "31", "STUCK": "31", "REFUSED": "31", "TAMPERED": "31"}


def render(result: Result, *, colour: bool = False, verbosity: int = 0, next_step: str = "") -> str:
    """Return lines for a terminal.

    verbosity  -1 only the summary, 0 the first failure in full, 1 all failures, and what waits
    next_step  what the reader can do next, which only the command line knows
    """
    painter = _Painter(colour)
    lines = _summary(result, painter)
    failures = [s for s in result["scenarios"] if s["verdict"] not in (PASSED, WAITING)]
    if verbosity >= 0:
        lines += _failures(failures, verbosity, painter)
        if verbosity > 0:
            lines += _waiting(result, painter)
        lines += _printing(result["scenarios"])
    lines += _twins(result["scenarios"])
    lines += _quiz(result)
    lines += _closing(result, next_step)
    return "\n".join(lines) + "\n"


class _Painter:
    """Colours words if the terminal shows colours."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, word: str, padded: str) -> str:
        code = COLOURS.get(word)
        return f"\x1b[{code}m{padded}\x1b[0m" if self.colour and code else padded


def _summary(result: Result, painter: _Painter) -> list[str]:
    title = f"{result['lab']}: {result['title']}"
    total = f"{points(result['points'])} of {points(result['max_points'])} points"
    lines = [f"{title[: WIDTH - len(total) - 2]:{WIDTH - len(total)}}{total}"]
    width = max((len(task["title"]) for task in result["tasks"]), default=0)
    width = min(max(width, 20), 38)
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"]]
        mark, note = _task_state(task, own)
        scored = f"{points(task['points'])}/{points(task['max_points'])}"
        label = f"  task {task['number']}  {task['title'][:width]:{width}}"
        lines.append(f"{label}  {painter(mark, f'{mark:8}')}{scored:>9}   {note}".rstrip())
    return lines


def _task_state(task: TaskResult, own: list[ScenarioResult]) -> tuple[str, str]:
    """Return the mark of a task, and how many of its scenarios pass."""
    if not own:
        return ("ok" if task["points"] == task["max_points"] else "open"), ""
    shown = counted(own)
    note = f"{sum(s['verdict'] == PASSED for s in shown)} of {len(shown)}"
    if all(s["verdict"] == PASSED for s in own):
        return "ok", note
    worst = next(s for s in own if s["verdict"] != PASSED)
    if "waits_for" in task and all(s["verdict"] in (PASSED, WAITING) for s in own):
        return "waits", note
    return MARKS[next((s["verdict"] for s in own if s["verdict"] not in (PASSED, WAITING)), worst["verdict"])], note


def _failures(failures: list[ScenarioResult], verbosity: int, painter: _Painter) -> list[str]:
    if not failures:
        return []
    if all(s["verdict"] == NOT_IMPLEMENTED for s in failures):
        # Nothing is wrong yet, so do not repeat the same line for every scenario.
        return [
            "",
            f"{len(failures)} scenarios call a method you have not written yet. The first:",
            *_in_full(failures[0], painter),
        ]
    failures = sorted(failures, key=lambda s: s["verdict"] == NOT_IMPLEMENTED)
    full = failures if verbosity > 0 else failures[:1]
    lines: list[str] = []
    for scenario in full:
        lines += ["", *_in_full(scenario, painter)]
    diagnosis = next((s["diagnosis"] for s in failures if "diagnosis" in s), "")
    if diagnosis:
        # The diagnosis is about the whole submission, so show it once.
        lines += ["", *wrap(diagnosis, WIDTH)]
    # A kernel that fails before the first step fails in the same way in every scenario.
    rest = [s for s in failures[len(full) :] if "details" not in s or s["details"] != full[0].get("details")]
    same = len(failures) - len(full) - len(rest)
    if same:
        lines += ["", f"The same in {same} more {'scenario' if same == 1 else 'scenarios'}."]
    if rest:
        lines += ["", "Also:"]
        lines += [_in_short(s, painter) for s in rest[:OTHERS]]
        if len(rest) > OTHERS:
            lines.append(f"  and {len(rest) - OTHERS} more (-v shows all)")
    return lines


def _waiting(result: Result, painter: _Painter) -> list[str]:
    """Return what did not pass in tasks that need others, only by name: the cause may be in the other task."""
    numbers = {task["id"]: task["number"] for task in result["tasks"]}
    lines: list[str] = []
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"] and s["verdict"] == WAITING]
        if not own:
            continue
        needs = [f"task {numbers[need]}" for need in task.get("waits_for", []) if need in numbers]
        first = " and ".join(needs) or "another task"
        passes = "pass" if len(needs) > 1 else "passes"
        why = (
            f"Task {task['number']} depends on {first}. These failures may have the same cause, so details follow once"
        )
        lines += ["", *wrap(f"{why} {first} {passes}:", WIDTH)]
        lines += [_short_line(s, s.get("title", "hidden scenarios"), painter) for s in own]
    return lines


def _in_full(scenario: ScenarioResult, painter: _Painter) -> list[str]:
    mark = MARKS[scenario["verdict"]]
    title = scenario.get("title", scenario["message"])
    head = f"{scenario['task']}/{scenario['id']}   {title}"
    lines = [
        f"{painter(mark, mark)}  {line}" if n == 0 else f"      {line}" for n, line in enumerate(wrap(head, WIDTH - 6))
    ]
    for detail in scenario.get("details", []):
        lines += wrap(detail, WIDTH - 2, "  ")
    if scenario.get("output"):
        lines += printed(scenario["output"], PRINTED, scenario.get("output_truncated", False))
    return lines


def _twins(scenarios: list[ScenarioResult]) -> list[str]:
    """Return the scenarios that passed although their twins did not. Only results for staff have twins."""
    tried = [s for s in scenarios if "twin" in s]
    differing = [s for s in tried if s["twin"]["verdict"] != PASSED]
    if not differing:
        return []
    told = f"{len(differing)} of {len(tried)} public scenarios pass, but their disguised twins do not:"
    lines = ["", *wrap(told, WIDTH)]
    for scenario in differing[:OTHERS]:
        twin = scenario["twin"]
        lines += wrap(f"  {scenario['id']}: {twin['verdict']}: {twin['message']}", WIDTH)
        lines += wrap(f"    in the twin {'; '.join(twin['differs'])}", WIDTH)
    if len(differing) > OTHERS:
        lines.append(f"  and {len(differing) - OTHERS} more (--format json has all)")
    return lines


def _printing(scenarios: list[ScenarioResult]) -> list[str]:
    """Return a note on prints in scenarios that passed, and on a line of its own the command that shows them."""
    printing = [s["id"] for s in scenarios if s["verdict"] == PASSED and s.get("output")]
    if not printing:
        return []
    many = f"{len(printing)} {'scenario' if len(printing) == 1 else 'scenarios'}"
    return ["", f"Your kernel printed in {many} that passed. To see what:", f"  grader show LAB {printing[0]}"]


def printed(text: str, most: int, truncated: bool) -> list[str]:
    """Return at most so many lines of what a kernel printed, and a note if there was more."""
    given = text.splitlines()
    lines = ["  your kernel printed:", *(f"    | {line[: WIDTH - 6]}" for line in given[:most])]
    if len(given) > most or truncated:
        lines.append("    | … (more was printed)")
    return lines


def _in_short(scenario: ScenarioResult, painter: _Painter) -> str:
    told = scenario["message"]
    if "divergence" in scenario:
        told = f"step {scenario['divergence']['step']}, {scenario['divergence']['rule']}"
    return _short_line(scenario, told, painter)


def _short_line(scenario: ScenarioResult, told: str, painter: _Painter) -> str:
    """Return a scenario's mark and name, and as much of a sentence as fits in the line."""
    mark = MARKS[scenario["verdict"]]
    line = f"{scenario['id']:32} {told}"
    if len(line) > WIDTH - 12:
        kept = line[: WIDTH - 14]
        line = f"{(kept.rpartition(' ')[0] or kept).rstrip()} …"
    return f"  {painter(mark, f'{mark:8}')} {line}".rstrip()


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Break one line at blanks. The lines that follow are indented like the first, and two columns more."""
    lead = min(len(text) - len(text.lstrip()), width // 2)
    hanging = " " * (lead + 2)
    lines: list[str] = []
    line = " " * lead + text.strip()
    start = lead  # where the line's own text begins; a break before that would make no progress
    while len(line) > width:
        cut = line.rfind(" ", start + 1, width + 1)
        if cut == -1:
            cut = max(width, start + 1)
        begun, rest = line[:cut].rstrip(), line[cut:].lstrip()
        if begun.lstrip() == ":" and rest.startswith("::"):
            # The loop below would move a colon to this lone one and make a command of it: break after the blank.
            cut = max(width, len(line) - len(rest) + 1)
            begun, rest = line[:cut].rstrip(), line[cut:].lstrip()
        while rest.startswith("::"):
            # At the beginning of a line, however indented, that would be a command to GitHub's runner.
            begun, rest = f"{begun}:", rest[1:]
        lines.append(indent + begun)
        if not rest:
            return lines
        line = hanging + rest
        start = len(hanging)
    return [*lines, indent + line]


def _quiz(result: Result) -> list[str]:
    quiz = result.get("quiz")
    if quiz is None:
        return []
    open_ones = sum(q["verdict"] == "unanswered" for q in quiz["questions"])
    if open_ones == len(quiz["questions"]):
        return ["", f"Quiz: not answered yet ({open_ones} questions; `grader quiz` asks them)."]
    wrong = [q["id"] for q in quiz["questions"] if q["verdict"] in ("wrong", "partial", "invalid")]
    lines = ["", f"Quiz: {points(quiz['points'])} of {points(quiz['max_points'])}, {open_ones} unanswered."]
    if wrong:
        lines += wrap(f"Not right yet: {', '.join(wrong)}. `grader quiz --answers answers.yaml` says why.", WIDTH, "")
    return lines


def _closing(result: Result, next_step: str) -> list[str]:
    public = [s for s in result["scenarios"] if s["visibility"] == "public"]
    passed = sum(s["verdict"] == PASSED for s in public)
    lines = [""]
    if "only" in result:
        only = f"Only scenarios matching {result['only']!r} were run; points and exit status cover only those."
        lines += wrap(only, WIDTH)
    hidden = result["hidden"]
    line = f"{passed} of {len(public)} public scenarios pass"
    if hidden["count"]:
        state = hidden_state(result)
        ones, are = ("hidden one", "is") if hidden["count"] == 1 else (f"{hidden['count']} hidden ones", "are")
        where = f"{are} graded above" if state == "graded" else f"{are} {state} here"
        line += f". The {ones} ({points(hidden['points'])} points) {where}"
    lines += wrap(line + ".", WIDTH)
    about_points = hidden_points_line(result)
    lines += wrap(about_points, WIDTH) if about_points else []
    if not result["complete"]:
        lines.append("Some could not be graded. That costs no points: run it again.")
    for remark in result.get("remarks", ()):
        lines += wrap(f"Note: {remark}.", WIDTH)
    isolation = result["isolation"]
    if isolation.get("unofficial"):
        lines.append("UNOFFICIAL: the kernel ran in the grader's own process (--debug).")
    if next_step:
        told, _, command = next_step.partition("\n")
        lines += wrap(f"Next: {told}", WIDTH)
        if command:
            lines.append(f"  {command}")
    lines.append(f"receipt {result['receipt']}")
    return lines
