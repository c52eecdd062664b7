"""Lists what may happen next in a world: each action is a step, or an injected failure and the step that it hits."""

from __future__ import annotations

from grader.lab.scope import World
from grader.replay.simulated import Replay
from grader.scenario.model import Fields, Step

Action = tuple[Step, ...]

#: Verbs that may allocate a frame or make an entry, so that a failure can hit them.
TAKING = ("read", "write", "execute", "fork", "copy_to_user", "copy_from_user")

#: Ends the name of a failure that only forks can meet.
IN_FORK = "-in-fork"

#: Verbs that write a byte.
WRITING = ("write", "copy_to_user")


def setup(world: World) -> list[Step]:
    """Return the steps with which every scenario of a world begins: the mappings."""
    return [Step(number, "mmap", mapping.by, mapping.fields, {}) for number, mapping in enumerate(world.mappings, 1)]


def actions(world: World, run: Replay, number: int, byte: int) -> list[Action]:
    """Return the actions that are possible after `number` steps. `byte` is what a write writes."""
    alive = [name for name, process in run.processes.items() if process._alive]
    found: list[Action] = []
    for verb in world.verbs:
        if verb == "fork" and len(alive) >= world.processes:
            continue
        for name in alive:
            for fields in _fields(world, verb, run, number, byte):
                step = Step(number + 1, verb, name, fields, {})
                found.append((step,))
                if verb in TAKING:
                    found += _failing(world, step)
    return found


def _failing(world: World, step: Step) -> list[Action]:
    """Return a step with each failure that may hit it. Failures that never come to pass are left out later."""
    calls = world.pages if step.verb == "fork" else 1
    later = step._replace(number=step.number + 1)
    return [
        (Step(step.number, "fail", "", Fields(operation=operation.removesuffix(IN_FORK), after=after), {}), later)
        for operation in world.failures
        if step.verb == "fork" or not operation.endswith(IN_FORK)
        for after in range(calls)
    ]


def _fields(world: World, verb: str, run: Replay, number: int, byte: int) -> list[Fields]:
    """Return the fields of every step with this verb. Names of processes and mappings are new each time."""
    if verb == "fork":
        return [Fields(child=f"C{len(run.processes)}")]
    if verb == "exit":
        return [Fields()]
    found: list[Fields] = []
    for _, given in world.mappings:
        name, pages = given["name"], given["pages"]
        if verb == "mmap":
            again = given.copy()
            again["name"], again["at"] = f"{name}{number}", f"{name}[0]"
            found.append(again)
        elif verb == "munmap":
            found += [Fields(at=place) for place in _ranges(name, pages)]
        elif verb == "mprotect":
            found += [Fields(at=p, protection=rights) for p in _ranges(name, pages) for rights in world.protections]
        else:
            for place in _places(world, name, pages):
                found.append(Fields(at=place, value=byte) if verb in WRITING else Fields(at=place))
    return found


def _ranges(name: str, pages: int) -> list[str]:
    """Return each page of a mapping, all of it, and a range of no pages."""
    single = [f"{name}[{page}]" for page in range(pages)] if pages > 1 else []
    return [name, *single, f"{name}[0:0]"]


def _places(world: World, name: str, pages: int) -> list[str]:
    """Return the bytes of a mapping that are accessed, the simplest first."""
    offsets = range(min(world.bytes, world.machine.page_size))
    return [
        f"{name}[{page}]" + (f"+{offset}" if offset else "")
        for offset in offsets
        for page in range(pages + world.past_end)
    ]
