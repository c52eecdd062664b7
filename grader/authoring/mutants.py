"""Makes mutants of a lab's reference, and measures which share of them the lab's scenarios catch.

A mutant is the reference with one small change in its source: a comparison flipped, a statement dropped, a number off
by one, two arguments swapped, a condition removed. What is changed is what the lab teaches: the files of the reference
class and of its base classes, except those that the reference of an earlier lab uses. A correct kernel that is built
differently can be changed in the same way; of its file only its own class is. A mutant that no scenario catches, and
that verify finds equal in the worlds of the lab, is not counted: nobody could tell it from the reference there.
"""

from __future__ import annotations

import ast
import copy
import linecache
import pathlib
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import NamedTuple

from grader.authoring.reached import functions, reached
from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.verdicts import PASSED
from grader.lab.course_order import in_course_order
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab, load_lab
from grader.lab.recordings import Recording, load_recordings
from grader.lab.scope import World
from grader.machine.kernel import Kernel
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.verify.verify import verify_kernel, worlds

#: Seconds after which a mutant counts as caught: it does not come to an end.
PATIENCE = 5.0

#: Steps to which a mutant that no scenario catches is explored.
STEPS = 6

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


class Mutant(NamedTuple):
    """A changed reference: the file and the line that were changed, what was done to it, and the class.

    function  file and first line of the function that was changed, or None
    """

    file: str
    line: int
    change: str
    kernel: MakeKernel
    function: tuple[str, int] | None = None

    @property
    def place(self) -> str:
        """Return where the change is, in words."""
        return f"{self.file}, line {self.line}"


class Survivor(NamedTuple):
    """A mutant that no scenario catches, and the shortest scenario that shows it."""

    mutant: Mutant
    scenario: Scenario


class Strength(NamedTuple):
    """The numbers of mutants: those made, those that public and then hidden scenarios catch, and the survivors."""

    made: int
    public: int
    hidden: int
    survivors: list[Survivor]

    @property
    def different(self) -> int:
        """Return the number of mutants that differ from the reference in a scenario or in a world."""
        return self.public + self.hidden + len(self.survivors)


def mutants(lab: Lab, kernel: type | None = None) -> Iterator[Mutant]:
    """Yield the mutants of a lab's reference, or of another correct kernel of it, in the order of its source."""
    if kernel is not None:
        modules, name = [sys.modules[kernel.__module__]], kernel.__name__
    else:
        assert lab.reference is not None
        modules, name = taught(lab), lab.reference.name
    trees = [ast.parse(_path(module).read_text(encoding="utf-8")) for module in modules]
    for place, (module, tree) in enumerate(zip(modules, trees, strict=True)):
        others = {
            id(node)
            for part in tree.body
            if kernel is not None and not (isinstance(part, ast.ClassDef) and part.name == name)
            for node in ast.walk(part)
        }
        inside = functions(tree)
        for number, node in enumerate(ast.walk(tree)):
            function = (str(_path(module)), inside[id(node)]) if id(node) in inside else None
            for change, apply in _changes(node) if id(node) not in others else ():
                changed = copy.deepcopy(tree)
                apply(list(ast.walk(changed))[number])
                later = zip(modules[place:], [ast.fix_missing_locations(changed), *trees[place + 1 :]], strict=True)
                made = getattr(_rebuilt(later), name)
                yield Mutant(_path(module).name, getattr(node, "lineno", 0), change, made, function)


def taught(lab: Lab) -> list[ModuleType]:
    """Return the modules of a lab's reference class that no earlier lab's reference uses, base classes first."""
    folders = [path.parent for path in lab.path.resolve().parent.glob("*/lab.yaml")]
    order = in_course_order(folders)
    earlier: set[str] = set()
    for folder in order[: order.index(lab.path.resolve())]:
        earlier |= set(_modules(reference_kernel(load_lab(folder))))
    reference = reference_kernel(lab)
    return [sys.modules[name] for name in reversed(_modules(reference)) if name not in earlier]


def _modules(kernel: MakeKernel) -> list[str]:
    """Return the names of the modules of a kernel's classes that are not the machine's or Python's."""
    assert isinstance(kernel, type)
    return list(dict.fromkeys(cls.__module__ for cls in kernel.__mro__ if cls not in (Kernel, object)))


def _path(module: ModuleType) -> pathlib.Path:
    assert module.__file__ is not None
    return pathlib.Path(module.__file__)


def _rebuilt(modules: Iterable[tuple[ModuleType, ast.Module]]) -> ModuleType:
    """Return the last of some modules, each made of its tree, and importing those before it as they are made here."""
    kept: dict[str, ModuleType] = {}
    try:
        for module, tree in modules:
            kept[module.__name__] = module
            sys.modules[module.__name__] = made = _module(module, tree)
    finally:
        sys.modules.update(kept)
    return made


def _module(original: ModuleType, tree: ast.Module) -> ModuleType:
    """Return a module made of a changed tree. Its source can be read, as verify does (state/order.py)."""
    path, package = _path(original), original.__package__
    name = f"{package}.{path.stem} mutant"
    module = ModuleType(name)
    module.__package__ = package
    module.__file__ = f"{path.stem} mutant.py"
    module.__loader__ = _Loader(ast.unparse(tree))  # type: ignore[assignment]
    sys.modules[name] = module
    linecache.checkcache(module.__file__)
    exec(compile(tree, str(path), "exec"), module.__dict__)
    return module


class _Loader:
    """Knows the source of one module, for `inspect`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, name: str) -> str:
        """Return the source."""
        return self._text


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """Yield what can be done to a node: in words, and as a function of its copy."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _FLIPPED:
        yield "a comparison is flipped", _flip
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield "plus and minus are exchanged", _exchange
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} is {node.value + 1}", _add_one
    if isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords:
        yield "two arguments are swapped", _swap
    if isinstance(node, ast.If):
        yield "a condition always holds", _always
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        if isinstance(statements, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
            for place, statement in enumerate(statements):
                if not isinstance(statement, (ast.FunctionDef, ast.Pass)) and not _is_docstring(statement):
                    yield f"line {statement.lineno} is dropped", _dropper(field, place)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _flip(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops[0] = _FLIPPED[type(node.ops[0])]()


def _exchange(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()


def _add_one(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    node.value += 1


def _swap(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args.reverse()


def _always(node: ast.AST) -> None:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(True)


def _dropper(field: str, place: int) -> Callable[[ast.AST], None]:
    def drop(node: ast.AST) -> None:
        getattr(node, field)[place] = ast.Pass()

    return drop


def measure(lab: Lab, progress: Callable[[str], object] = lambda change: None, kernel: type | None = None) -> Strength:
    """Try every mutant on the lab's scenarios, public ones first, and verify those that nothing catches.

    kernel  another correct kernel, whose mutants are tried instead of the reference's
    """
    made = public = hidden = 0
    survivors = []
    recordings = load_recordings(lab, lab.all_scenarios)
    public_ones, hidden_ones = list(lab.scenarios), list(lab.hidden)
    run: dict[str, set[tuple[str, int]]] = {}
    for mutant in mutants(lab, kernel):
        made += 1
        progress(f"{mutant.place}: {mutant.change}")
        if _caught(recordings, public_ones, mutant.kernel):
            public += 1
        elif _caught(recordings, hidden_ones, mutant.kernel):
            hidden += 1
        else:
            run = run or reached(lab, kernel or reference_kernel(lab), STEPS)
            among = [w for w in worlds(lab) if mutant.function is None or mutant.function in run[w.name]]
            scenario = _difference(lab, mutant.kernel, among)
            if scenario is not None:
                survivors.append(Survivor(mutant, scenario))
    return Strength(made, public, hidden, survivors)


def _caught(recordings: dict[str, Recording], scenarios: list[Scenario], kernel: MakeKernel) -> bool:
    """Return True if a scenario catches a mutant. That one moves to the front: the next mutant is often alike."""
    try:
        with _limited():
            for place, scenario in enumerate(scenarios):
                outcome = attempt_each(scenario, recordings[scenario.id], lambda one, e: attempt_here(one, e, kernel))
                if outcome.verdict != PASSED:
                    scenarios.insert(0, scenarios.pop(place))
                    return True
        return False
    except _Endless:
        return True


def _difference(lab: Lab, kernel: MakeKernel, among: Iterable[World]) -> Scenario | None:
    """Return the shortest scenario of the first of these worlds in which a mutant differs, or None."""
    for world in among:
        found = verify_kernel(lab, world, kernel, STEPS).outcome.whole().difference
        if found is not None:
            return found
    return None


class _Endless(BaseException):
    """A mutant does not come to an end. Not an Exception, so that no kernel call takes it for a crash."""


@contextmanager
def _limited() -> Iterator[None]:
    """Raise _Endless after PATIENCE seconds of processor time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
