"""Explores a world without merging: every scenario is run from its beginning, up to a number of steps.

That assumes nothing about the candidate.
"""

from __future__ import annotations

from collections.abc import Callable

from grader.lab.scope import World
from grader.replay.simulated import MakeKernel, Replay, replay
from grader.scenario.model import Scenario, Step
from grader.state.memento import Memento
from grader.trace.records import Trace
from grader.verify.actions import Action, actions, setup
from grader.verify.outcome import STEPS, Outcome, Progress, quiet
from grader.verify.written import with_outcomes, written

#: Scenarios that are explored by replay, unless the user asks for a number of steps: about ten seconds' worth.
REPLAYED = 5000


def explore_by_replay(
    world: World,
    reference: MakeKernel,
    differs: Callable[[Scenario, Trace], bool],
    steps: int | None = None,
    progress: Progress = quiet,
    reason: str = "",
) -> Outcome:
    """Try every scenario of up to so many steps from its beginning: `differs` runs it on the candidate.

    A scenario is only tried as a whole. Its beginnings are scenarios of fewer steps, which have been tried before.
    Without a number of steps, the search goes as far as REPLAYED scenarios allow.
    """
    level = tried = covered = 0
    cut = False  # True once scenarios were left out that are longer
    levels: dict[int, list[tuple[Step, ...]]] = {0: [tuple(setup(world))]}
    try:
        while levels and (steps is None or level <= steps):
            paths = levels.pop(level, [])
            if paths and steps is None and (level > STEPS or tried + len(paths) > REPLAYED):
                cut = True
                break
            cut = cut or (level == steps and bool(paths))
            for done, path in enumerate(paths):
                scenario = with_outcomes(written(world, path), reference)
                tried += 1
                if differs(scenario, replay(scenario, reference)):
                    return Outcome(max(level - 1, 0), tried, tried, tried, False, scenario, False, reason)
                if steps is None or level < steps:
                    for action in _possible(world, reference, path):
                        levels.setdefault(level + len(action), []).append(path + action)
                progress(level, tried, tried, (done + 1) / len(paths))
            level += 1
            covered = tried
    except KeyboardInterrupt:
        return Outcome(max(level - 1, 0), covered, covered, covered, False, None, False, reason, stopped=True)
    return Outcome(level - 1, tried, tried, tried, not levels and not cut, None, False, reason)


def _possible(world: World, reference: MakeKernel, path: tuple[Step, ...]) -> list[Action]:
    """Return the actions that can follow, without failures that never come to pass."""
    run = Replay(written(world, path), reference)
    for step in path:
        run.step(step)
    byte = sum(step.verb in ("write", "copy_to_user") for step in path) + 1
    before = Memento([run])
    found = []
    for action in actions(world, run, len(path), byte % 200):
        if len(action) > 1:
            before.restore()
            for step in action:
                run.step(step)
            if run.unfired:
                continue
        found.append(action)
    return found
