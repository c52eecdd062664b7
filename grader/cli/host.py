"""`grader host LAB [SCENARIO]`: public scenarios on this machine's kernel, next to the lab's rules and the model."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from grader.cli.given import add_lab_and_scenario, lab_and_scenario
from grader.cli.streams import say
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab, find_scenario
from grader.plural import number_of
from grader.scenario.describe import sentence

if TYPE_CHECKING:
    from grader.host.compare import Side
    from grader.host.machine import HostMachine
    from grader.host.measure import Sizes
    from grader.host.model import LinuxModel
    from grader.host.probes import Findings
    from grader.host.runs import Runs, StepRuns

#: One side of a step: how it ended, minor and major faults, pages present.
_SIDE = "{:>7} {:>5} {:>4} {:>5}"
_TITLES = _SIDE.format("ends", "minor", "maj", "pages")
_SIDES = ("by the lab's rules", "Linux as modelled", "this machine")

_REPORT = (
    "This machine is not as modelled. Please report it with the scenario, the lines above and this line: "
    "Linux {release}, {machine}, pages of {page_size} bytes."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_scenario(parser, "a public scenario (default: a table of all)")
    parser.add_argument("--pictures", action="store_true", help="draw the real machine after each step")
    parser.add_argument("--format", choices=("text", "html"), default="text", help="html: a page to step through")
    parser.add_argument("--output", metavar="FILE", help="write the page to this file (default: standard output)")
    parser.add_argument("--folder", metavar="FOLDER", help="folder on a disk for the files of scenarios")


def run(options: argparse.Namespace) -> int:
    given, options.scenario = lab_and_scenario(options)
    from grader.host.machine import HostMachine
    from grader.host.model import linux_model
    from grader.host.probes import missing, probe

    reason = missing()
    if reason:
        raise InputError([f"grader host: not here: {reason}"])
    if (options.format == "html" or options.pictures) and not options.scenario:
        raise InputError(["--pictures and --format html draw one scenario: name it after the lab"])
    if options.output and options.format != "html":
        raise InputError(["--output is for the page: add --format html"])
    lab = load_lab(find_lab(given))
    with HostMachine(options.folder) as host:
        found = probe(host)
        model = linux_model(lab, found.sizes)
        if options.format != "html":
            _about(host, found, model)
        if model is not None:
            found = found.with_sizes_of(model.sizes)
        if options.scenario:
            return _one(host, lab, options, model, found)
        return _all(host, lab, model, found)


def _about(host: HostMachine, found: Findings, model: LinuxModel | None) -> None:
    """Say what this machine is, and which rules it follows."""
    from grader.host.model import PROFILE
    from grader.host.probes import OF_DISKS
    from grader.scenario.linux_rules import RULES

    say(f"Linux {os.uname().release}, {os.uname().machine}, pages of {host.page_size} bytes.")
    say(f"The self-test finds that this kernel follows rules {_list(found.follows)}.")
    if not found.on_disk:
        say(
            f"Files in {host.folder} are in memory and not on a disk, so scenarios with files cannot be replayed. "
            "`--folder FOLDER` names a folder on a disk."
        )
    if model is not None and found.sizes != PROFILE:
        other = "as in the model" if found.sizes == model.sizes else f"in the model {_sizes(model.sizes)}"
        say(f"Here {_sizes(found.sizes)}; {other}.")
        odd = sorted(set(found.with_sizes_of(model.sizes).breaks) - set(found.breaks))
        if odd:
            say(f"So a difference in steps that show rule {_list(odd)} is not an alarm.")
    for number in found.breaks:
        if number in OF_DISKS and not found.on_disk:
            continue
        told = f"It does not follow rule {number}, so a difference in steps that show this rule is not an alarm."
        say(f"{told} {RULES[number].sentence}")
    if not found.populates:
        say("It has no MADV_POPULATE (Linux 5.14 has it), so scenarios that use it cannot be replayed.")
    if not found.looks:
        say(
            "It does not let us see which pages are present and shared (/proc/PID/pagemap and /proc/PID/mem), so only "
            "outcomes, faults and values are compared."
        )
    if model is None:
        say(
            "This copy of the lab has no model of Linux (linux.json), so the column of the model is empty. Ask for a "
            "newer release of the lab."
        )
    print()


def _sizes(sizes: Sizes) -> str:
    from grader.host.measure import MANY, PAGES

    read_ahead, window = (f"{PAGES} or more" if pages == MANY else pages for pages in (sizes.read_ahead, sizes.window))
    read = f"one read from the disk brings {read_ahead} pages, and " if sizes.read_ahead is not None else ""
    return f"{read}a read fault maps up to {window}"


def _one(host: HostMachine, lab: Lab, options: argparse.Namespace, model: LinuxModel | None, found: Findings) -> int:
    """Show one scenario step by step; return 1 if this machine is not as modelled."""
    from grader.host.pictures import host_trace
    from grader.host.runs import run

    scenario = find_scenario(lab, options.scenario)
    reason = found.unfit(scenario)
    if reason:
        raise InputError([f"{scenario.id} cannot be replayed on a real kernel: {reason}"])
    if (options.format == "html" or options.pictures) and not found.looks:
        problem = "there is nothing to draw: this kernel does not let us see which pages are present and shared"
        raise InputError([f"{problem}; without --pictures and --format html, its outcomes and faults are shown"])
    runs = run(host, lab, scenario, model)
    if options.format == "html":
        from grader.files import write_file

        page = _page(runs, host, runs.excuses(found.breaks))
        if options.output:
            write_file(options.output, page)
        else:
            print(page, end="")
        return 1 if runs.alarms(found.breaks) else 0
    _steps(runs, found)
    if options.pictures:
        from grader.view.steps import story

        for line in story(runs.scenario, host_trace(runs.scenario, runs.played, host.page_size), None)[3:]:
            print(printable(line, limit=None))
    _rules(runs.rules)
    return _end(host, bool(runs.alarms(found.breaks)))


def _page(runs: Runs, host: HostMachine, excuses: list[int]) -> str:
    """Return a page with the run by the lab's rules, on Linux as modelled, and on this machine next to each other."""
    from grader.host.pictures import host_trace
    from grader.scenario.linux_rules import RULES
    from grader.view.player import Difference, Side, page_of_runs

    real = host_trace(runs.scenario, runs.played, host.page_size)
    sides = [Side("the lab's rules", runs.recorded.steps)]
    sides += [Side("Linux, as modelled", runs.modelled.steps)] if runs.modelled is not None else []
    # A kernel shows neither copies nor frames that no page maps, which only files and shared memory have.
    objects = runs.scenario.files or any(step.fields.get("shared") for step in runs.scenario.steps)
    hidden = ("copies", "frames in use") if objects else ("copies",)
    sides.append(Side("this machine", real.steps, hidden))
    first = next((n for n, step in enumerate(runs.steps, 1) if step.odd or step.rules), None)
    difference = None
    if first is not None:
        heading = "this machine is not as modelled" if runs.steps[first - 1].odd else "Linux differs from the lab"
        rules = [f"Rule {number}: {RULES[number].sentence}" for number in runs.steps[first - 1].rules]
        difference = Difference(first, f"Step {first}: {heading}", [*_remarks(runs.steps[first - 1], excuses), *rules])
    system = os.uname()
    about = f"Played on {system.sysname} {system.release}, {system.machine}, with pages of {host.page_size} bytes."
    about += f" This machine does not show: {', '.join(hidden)}."
    return page_of_runs(runs.scenario, runs.recorded.pids, sides, about, difference)


def _steps(runs: Runs, found: Findings) -> None:
    excuses = runs.excuses(found.breaks)
    say(f"{runs.scenario.id}: {runs.scenario.title}")
    print()
    print(" | ".join(f"{title:^24}" for title in _SIDES))
    print(" | ".join([_TITLES] * 3))
    for step, seen in zip(runs.scenario.steps, runs.steps, strict=True):
        say(f"{step.number:>3}  {sentence(step)}")
        print(" | ".join(_side(side) for side in (seen.lab, seen.linux, seen.host)))
        for line in _remarks(seen, excuses):
            say(f"     {line}")
    print()


def _side(side: Side | None) -> str:
    if side is None:
        return f"{'-':^24}"
    minor, major = ("-", "-") if side.faults is None else side.faults
    return _SIDE.format(side.outcome, minor, major, "?" if side.frames is None else len(side.frames))


def _remarks(seen: StepRuns, excuses: list[int]) -> list[str]:
    """Return what there is to say of a step. `excuses`: rules that this kernel does not follow, so it may differ."""
    from grader.host.compare import compare

    remarks = []
    if seen.rules:
        remarks.append(f"Linux differs from the lab here: rule {_list(seen.rules)}.")
    elif seen.linux is not None and {"outcome", "values"} & set(compare(seen.lab, seen.linux)):
        remarks.append("The lab differs here because its machine has only the scenario's frames.")
    if seen.odd:
        differs = f"this machine differs from the model in {', '.join(seen.odd)}."
        why = f"This kernel does not follow rule {_list(excuses)}, so {differs}"
        remarks.append(why if excuses else f"ALARM: {differs}")
        if "values" in seen.odd and seen.linux is not None:
            remarks.append(f"The model reads {seen.linux.values[:8]}, this machine {seen.host.values[:8]}")
    return remarks


def _all(host: HostMachine, lab: Lab, model: LinuxModel | None, found: Findings) -> int:
    """Show a line per public scenario; return 1 if this machine is not as modelled in one of them."""
    from grader.host.runs import run

    done, refused, shown, seconds = 0, [], set(), 0.0
    steps = 0
    alarm = False
    for scenario in lab.scenarios:
        reason = found.unfit(scenario)
        if reason:
            refused.append((scenario.id, reason))
            continue
        runs = run(host, lab, scenario, model)
        done, steps, seconds = done + 1, steps + len(runs.steps), seconds + runs.seconds
        shown.update(runs.rules)
        alarm = alarm or bool(runs.alarms(found.breaks))
        print(f"{scenario.id:42} {_line(runs, found)}")
    replayed = f"{number_of(done, 'scenario')} replayed, {number_of(steps, 'step')}"
    print(f"{chr(10) if done else ''}{replayed}, {seconds:.1f} s of processor time.")
    if refused:
        say(f"{len(refused)} cannot be replayed on a real kernel:")
        for id, reason in refused:
            say(f"  {id}: {reason}")
    print()
    _rules(sorted(shown))
    return _end(host, alarm)


def _line(runs: Runs, found: Findings) -> str:
    """Return what the table says of a scenario."""
    if runs.alarms(found.breaks):
        return f"ALARM in step {_list(runs.odd)}"
    if runs.odd:
        return f"differs in step {_list(runs.odd)}: rule {_list(runs.excuses(found.breaks))}"
    if runs.rules:
        return f"shows rule {_list(runs.rules)}"
    return "replayed" if runs.modelled is None else "as modelled" if runs.profiled else "as in the lab"


def _rules(numbers: list[int]) -> None:
    from grader.scenario.linux_rules import RULES

    for number in numbers:
        say(f"Rule {number}: {RULES[number].sentence}")


def _end(host: HostMachine, alarm: bool) -> int:
    if alarm:
        system = os.uname()
        say(_REPORT.format(release=system.release, machine=system.machine, page_size=host.page_size))
    return int(alarm)


def _list(numbers: object) -> str:
    return ", ".join(map(str, numbers))  # type: ignore[call-overload]
