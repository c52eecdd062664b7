"""Write the result for a terminal of any width: points by task, what to fix first, what to do next, points again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.grade.verdicts import FAILED, NOT_IMPLEMENTED, PASSED, UNGRADABLE, WAITING
from grader.plural import number_of
from grader.points import points
from grader.report.sentences import counted, held_lines, hidden_points_line, hidden_state, of_quiz, quiz_lines, score

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult

#: The usual number of columns; and the fewest and most that lines are made for.
WIDTH = 80
NARROW, WIDE = 44, 120

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
COLOURS = {
    "ok": "32",
    "FAIL": "31",
    "CRASH": "31",
    "TIME": "31",
    "PRINTS": "31",
    "STUCK": "31",
    "REFUSED": "31",
    "TAMPERED": "31",
}


def render(
    result: Result,
    *,
    colour: bool = False,
    verbosity: int = 0,
    next_step: str = "",
    shows: str = "",
    width: int = WIDTH,
    command: Callable[..., str] = lambda *words: " ".join(["grader", *words]),
) -> str:
    """Return lines for a terminal.

    verbosity  -1 only the summary, 0 the first failure in full, 1 all failures, and what waits
    next_step  what the reader can do next, which only the command line knows
    shows      a command that shows what the last remark is about, or ""
    width      columns of the terminal
    command    command("show", "SCENARIO") returns a line that can be pasted; it knows the lab
    """
    width = min(max(width, NARROW), WIDE)
    painter = _Painter(colour)
    lines = _summary(result, painter, width)
    failures = [s for s in result["scenarios"] if s["verdict"] not in (PASSED, WAITING)]
    if verbosity >= 0:
        lines += _failures(result, failures, verbosity, painter, width)
        if verbosity > 0:
            lines += _waiting(result, painter, width)
        lines += _printing(result["scenarios"], command)
    lines += _twins(result["scenarios"], width)
    lines += _quiz(result, width, command)
    lines += _closing(result, next_step, shows, width)
    return "\n".join(lines) + "\n"


def mark(verdict: str) -> str:
    """Return the mark of a verdict in a line for a terminal."""
    return "ok" if verdict == PASSED else MARKS.get(verdict, "?")


class _Painter:
    """Colours words if the terminal shows colours."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, word: str, padded: str) -> str:
        code = COLOURS.get(word)
        return f"\x1b[{code}m{padded}\x1b[0m" if self.colour and code else padded


def _summary(result: Result, painter: _Painter, width: int) -> list[str]:
    total = score(result)
    title = shortened(f"{result['lab']}: {result['title']}", width - len(total) - 2)
    lines = [f"{title:{width - len(total)}}{total}"]
    room = max((len(task["title"]) for task in result["tasks"]), default=0)
    room = max(min(max(room, 20), width - (_BESIDE if width >= _NOTED else _ALONE)), 8)
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"]]
        mark, note = _task_state(task, own)
        scored = f"{points(task['points'])}/{points(task['max_points'])}"
        label = f"  task {task['number']}  {shortened(task['title'], room):{room}}"
        line = f"{label}  {painter(mark, f'{mark:8}')}{scored:>9}"
        lines.append(f"{line}   {note}".rstrip() if width >= _NOTED else line)
    return lines


#: Columns of a task's line in addition to its title, with and without a count of scenarios; and the width from which
#: there is room for one.
_BESIDE, _ALONE, _NOTED = 42, 29, 60


def shortened(text: str, width: int) -> str:
    """Return a text that fits: whole words and an ellipsis if it is too long."""
    if len(text) <= width:
        return text
    kept = text[: max(width - 1, 0)].rpartition(" ")[0].rstrip(" ,;:") or text[: max(width - 2, 0)]
    return f"{kept} …"[:width]


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
    return mark_of(next((s for s in own if s["verdict"] not in (PASSED, WAITING)), worst)), note


def _failures(
    result: Result, failures: list[ScenarioResult], verbosity: int, painter: _Painter, width: int
) -> list[str]:
    if not failures:
        return []
    if all(s["verdict"] == NOT_IMPLEMENTED for s in failures):
        # Nothing is wrong yet, so do not repeat the same line for every scenario.
        many = len(counted(failures))
        told = f"{number_of(many, 'scenario')} call{'s' if many == 1 else ''} a method you have not written yet."
        return ["", *wrap(f"{told} The first:", width), *_in_full(failures[0], painter, width)]
    failures = sorted(failures, key=lambda s: s["verdict"] == NOT_IMPLEMENTED)
    full = failures if verbosity > 0 else failures[:1]
    lines: list[str] = []
    for scenario in full:
        lines += ["", *_in_full(scenario, painter, width)]
    diagnosis = next((s["diagnosis"] for s in failures if "diagnosis" in s), "")
    if diagnosis:
        # The diagnosis is about the whole submission, so show it once.
        lines += ["", *wrap(diagnosis, width)]
    # A kernel that fails before the first step fails in the same way in every scenario.
    rest = [s for s in failures[len(full) :] if "details" not in s or s["details"] != full[0].get("details")]
    same = len(failures) - len(full) - len(rest)
    rest, summaries = counted(rest), [s for s in rest if s not in counted(rest)]
    if same:
        lines += ["", f"The same in {number_of(same, 'more scenario')}."]
    if rest:
        ones, call = ("other scenario", "differs") if len(rest) == 1 else ("other scenarios", "differ")
        lines += ["", *wrap(f"{len(rest)} {ones} {call}, too; -v lists everything.", width)]
    if summaries:
        lines += ["", *wrap(f"Not all hidden scenarios of {_tasks_of(result, summaries)} pass.", width)]
    return lines


def _waiting(result: Result, painter: _Painter, width: int) -> list[str]:
    """Return what did not pass in tasks that need others, only by name: the cause may be in the other task."""
    numbers = {task["id"]: task["number"] for task in result["tasks"]}
    lines: list[str] = []
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"] and s["verdict"] == WAITING]
        if not own:
            continue
        if "waits_for" not in task:
            lines += [
                "",
                f"Task {task['number']} waits for a method:",
                *(_short_line(s, s["title"], painter, width) for s in own),
            ]
            continue
        needs = [f"task {numbers[need]}" for need in task.get("waits_for", []) if need in numbers]
        first = " and ".join(needs) or "another task"
        passes = "pass" if len(needs) > 1 else "passes"
        why = (
            f"Task {task['number']} depends on {first}. These failures may have the same cause, so details follow once"
        )
        lines += ["", *wrap(f"{why} {first} {passes}:", width)]
        lines += [_short_line(s, s.get("title", "hidden scenarios"), painter, width) for s in own]
    return lines


def mark_of(scenario: ScenarioResult) -> str:
    """Return the mark of a scenario that does not pass; what printed too much was not too slow."""
    return "PRINTS" if "printed more than" in scenario["message"] else MARKS[scenario["verdict"]]


def _in_full(scenario: ScenarioResult, painter: _Painter, width: int) -> list[str]:
    mark = mark_of(scenario)
    title = scenario.get("title", scenario["message"])
    head = f"{scenario['task']}/{scenario['id']}   {title}"
    hanging = " " * (len(mark) + 2)
    first, *rest = wrap(head, width - len(hanging))
    lines = [f"{painter(mark, mark)}  {first}", *(hanging + line.lstrip() for line in rest)]
    for detail in scenario.get("details", []):
        lines += wrap(detail, width - 2, "  ")
    if scenario.get("output"):
        lines += printed(scenario["output"], PRINTED, scenario.get("output_truncated", False), width)
    return lines


def _twins(scenarios: list[ScenarioResult], width: int) -> list[str]:
    """Return the scenarios that passed although their twins did not. Only results for staff have twins."""
    tried = [s for s in scenarios if "twin" in s]
    differing = [s for s in tried if s["twin"]["verdict"] != PASSED]
    if not differing:
        return []
    told = f"{len(differing)} of {len(tried)} public scenarios pass, but their disguised twins do not:"
    lines = ["", *wrap(told, width)]
    for scenario in differing[:OTHERS]:
        twin = scenario["twin"]
        lines += wrap(f"  {scenario['id']}: {twin['verdict']}: {twin['message']}", width)
        lines += wrap(f"    in the twin {'; '.join(twin['differs'])}", width)
    if len(differing) > OTHERS:
        lines.append(f"  and {len(differing) - OTHERS} more (--format json has all)")
    return lines


def _printing(scenarios: list[ScenarioResult], command: Callable[..., str]) -> list[str]:
    """Return a note on prints in scenarios that passed, and on a line of its own the command that shows them."""
    printing = [s["id"] for s in scenarios if s["verdict"] == PASSED and s.get("output")]
    if not printing:
        return []
    many = number_of(len(printing), "scenario")
    return ["", f"Your kernel printed in {many} that passed. To see what:", f"  {command('show', printing[0])}"]


def printed(text: str, most: int, truncated: bool, width: int = WIDTH) -> list[str]:
    """Return at most so many lines of what a kernel printed, and a note if there was more."""
    given = text.splitlines()
    lines = ["  your kernel printed:", *(f"    | {line[: width - 6]}" for line in given[:most])]
    if len(given) > most or truncated:
        lines.append("    | … (more was printed)")
    return lines


def _short_line(scenario: ScenarioResult, told: str, painter: _Painter, width: int) -> str:
    """Return a scenario's mark and name, and as much of a sentence as fits in the line."""
    mark = MARKS[scenario["verdict"]]
    line = shortened(f"{scenario['id']:{min(32, width - 20)}} {told}", width - 12)
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


def _quiz(result: Result, width: int, command: Callable[..., str]) -> list[str]:
    quiz = result.get("quiz")
    if quiz is None:
        return []
    problems = [line for told in quiz_lines(result) for line in wrap(told, width)]
    open_ones = sum(q["verdict"] == "unanswered" for q in quiz["questions"])
    if open_ones == len(quiz["questions"]):
        return ["", *problems] if problems else []  # that it is open, the task's line says
    wrong = [q["id"] for q in quiz["questions"] if q["verdict"] in ("wrong", "partial", "invalid")]
    lines = ["", f"Quiz: {points(quiz['points'])} of {points(quiz['max_points'])}, {open_ones} unanswered."]
    if wrong:
        lines += wrap(f"Not right yet: {', '.join(wrong)}. To see why:", width)
        lines.append(f"  {command('quiz', '--answers')}")
    return [*lines, *problems]


def _tasks_of(result: Result, summaries: list[ScenarioResult]) -> str:
    """Return the tasks of some scenarios as the report's first lines call them, by number and title."""
    ids = {s["task"] for s in summaries}
    return ", ".join(f"task {t['number']} ({t['title']})" for t in result["tasks"] if t["id"] in ids)


def _closing(result: Result, next_step: str, shows: str, width: int) -> list[str]:
    """Return what concerns the whole result, the next step, and the points once more."""
    lines = [""]
    if of_quiz(result):
        lines += wrap("Only the quiz was graded; points and exit status cover nothing else.", width)
    else:
        if "only" in result:
            only = f"Only scenarios matching {result['only']!r} were run; points and exit status cover only those."
            lines += wrap(only, width)
        lines += wrap(_counted(result), width)
    for told in held_lines(result):
        lines += wrap(told, width)
    about_points = hidden_points_line(result)
    lines += wrap(about_points, width) if about_points else []
    if not result["complete"]:
        lines.append("Some could not be graded. That costs no points: run it again.")
    for remark in result.get("remarks", ()):
        lines += wrap(f"Note: {remark}.", width)
    if shows:
        lines.append(f"  {shows}")
    isolation = result["isolation"]
    if isolation.get("unofficial"):
        lines += wrap("UNOFFICIAL: the kernel ran in the grader's own process (--debug).", width)
    if next_step:
        told, _, command = next_step.partition("\n")
        lines += wrap(f"Next: {told}", width)
        if command:
            lines.append(f"  {command}")
    # Whoever has scrolled past the beginning reads the points here.
    receipt = f"receipt {result['receipt']}"
    if width >= len(receipt) + 2 + len(score(result)):
        return [*lines, f"{score(result)}, {receipt}"]
    return [*lines, receipt, score(result)]


def _counted(result: Result) -> str:
    """Return how many public scenarios pass, and what became of the hidden ones."""
    public = [s for s in result["scenarios"] if s["visibility"] == "public"]
    line = f"{sum(s['verdict'] == PASSED for s in public)} of {len(public)} public scenarios pass"
    hidden = result["hidden"]
    if not hidden["count"]:
        return f"{line}."
    if "only" in result:
        return f"{line}; hidden ones{' of other tasks' if hidden_state(result) == 'graded' else ''} were not graded."
    ones, are = ("hidden one", "is") if hidden["count"] == 1 else (f"{hidden['count']} hidden ones", "are")
    state = hidden_state(result)
    where = f"{are} graded above" if state == "graded" else f"{are} {state} here"
    return f"{line}. The {ones} ({points(hidden['points'])} points) {where}."
