"""Loads a lab's folder as one checked object: tasks, points, scenarios, and the places of reference and outputs.

    labs/NAME/  lab.yaml  README.md  kernel.py  answers.yaml  scenarios/*.yaml  hidden/*.yaml

A released lab (see release.py) has no reference and no hidden files: `release.json` has the number and weights
of the hidden scenarios, so that public points are the same on both sides, and `outputs/` holds the
recorded outputs of the public ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from grader.errors import FormatError, InputError, did_you_mean
from grader.escape import printable
from grader.files import is_aside
from grader.formats.checking import find_problems
from grader.formats.fields import Table
from grader.formats.kept_trees import KeptTrees
from grader.formats.yaml_reader import Block, read_yaml
from grader.lab.feedback import Feedback, read_feedback
from grader.lab.fields import FILES, MINE, PICTURE, POINTS, TASK, TOP, TWINS, WORLD, is_name
from grader.lab.scope import World, read_world
from grader.points import apportion, points
from grader.scenario.kept_scenarios import KeptScenarios
from grader.scenario.model import Scenario

QUIZ_TASK = "quiz"


class Task(NamedTuple):
    """A task of a lab. `number` is its place in the handout (`## 1.`), from 1."""

    number: int
    id: str
    title: str
    points: Fraction
    needs: tuple[str, ...]


class ClassAt(NamedTuple):
    """A class in a file."""

    path: pathlib.Path
    name: str


class HandoutPicture(NamedTuple):
    """A picture of a handout: the state after a step of a public scenario, in pictures/NAME.svg."""

    name: str
    scenario: str
    step: int


class Mine(NamedTuple):
    """The task to write scenarios.

    points     a score of its own, which is not part of the lab's 100 points
    full       the share of the lab's misconceptions that earns all of the points
    scenarios  how many scenarios a student may hand in
    """

    points: Fraction
    full: Fraction
    scenarios: int


class Lab(NamedTuple):
    """A lab that was loaded without a problem.

    name       that of its folder; a released lab keeps it, whatever the folder is called then
    reference  None in a released lab
    released   weights of the hidden scenarios by task, in a released lab; None in one that has its hidden files
    feedback   what students learn about hidden scenarios
    twins      one of TWINS
    mine       None if the lab asks for no scenarios
    hand_in    how students hand in; "" if the lab does not say
    builds_on  the name of the lab whose kernel this one goes on from; "" if there is none
    scope      the small worlds that lab.yaml names
    digest     sha256 of lab.yaml and of all scenarios, as bytes
    """

    path: pathlib.Path
    name: str
    title: str
    kernel: ClassAt
    reference: ClassAt | None
    quiz: pathlib.Path | None
    tasks: tuple[Task, ...]
    scenarios: tuple[Scenario, ...]
    hidden: tuple[Scenario, ...]
    released: dict[str, list[float]] | None = None
    feedback: Feedback = Feedback()
    twins: str = TWINS[0]
    pictures: tuple[HandoutPicture, ...] = ()
    learnt: str = ""
    languages: tuple[str, ...] = ("python",)
    mine: Mine | None = None
    scope: tuple[World, ...] = ()
    hand_in: str = ""
    builds_on: str = ""
    digest: bytes = b""

    @property
    def keys(self) -> pathlib.Path:
        """Return the path of the quiz's recorded keys, in a folder of its own so that no scenario's output has it."""
        return self.outputs / "quiz" / "keys.json"

    @property
    def outputs(self) -> pathlib.Path:
        """Return the folder of recorded reference outputs."""
        if self.reference is None:
            return self.path / "outputs"
        return self.reference.path.parent / "outputs" / self.name

    @property
    def all_scenarios(self) -> tuple[Scenario, ...]:
        return self.scenarios + self.hidden

    def task(self, id: str) -> Task:
        return next(task for task in self.tasks if task.id == id)

    def hidden_weights(self, task: str) -> list[Fraction]:
        """Return the weights of a task's hidden scenarios, whether or not their files are here."""
        if self.released is not None:
            return [Fraction(str(weight)) for weight in self.released.get(task, [])]
        return [Fraction(str(s.weight)) for s in self.hidden if s.task == task]

    def share(self, scenario: Scenario) -> Fraction:
        """Return the points that a scenario is worth: its weight's part of its task's, in whole hundredths."""
        return _worth(self).shares[scenario.id]

    def hidden_points(self) -> Fraction:
        """Return the total points of the hidden scenarios."""
        return _worth(self).hidden_points


class _Worth(NamedTuple):
    """The points that follow from a lab's weights: those of each scenario by id, and those of the hidden scenarios."""

    lab: Lab
    shares: dict[str, Fraction]
    hidden_points: Fraction


_last_worth: _Worth | None = None


def _worth(lab: Lab) -> _Worth:
    """Compute what each scenario is worth; cached, since a batch asks for every scenario of every submission.

    Hidden scenarios come last, by weight: a released lab knows only their weights, and its public points are the same.
    """
    global _last_worth  # noqa: PLW0603 - a process grades one lab at a time
    worth = _last_worth
    if worth is None or worth.lab is not lab:
        shares: dict[str, Fraction] = {}
        hidden = Fraction(0)
        for task in lab.tasks:
            public = sorted((s.id, Fraction(str(s.weight))) for s in lab.scenarios if s.task == task.id)
            secret = sorted((Fraction(str(s.weight)), s.id) for s in lab.hidden if s.task == task.id)
            weights = [weight for _, weight in public] + sorted(lab.hidden_weights(task.id))
            if not weights:
                continue
            points = apportion(task.points, weights)
            ids = [id for id, _ in public] + [id for _, id in secret]
            shares.update(zip(ids, points, strict=False))  # a released lab has no ids for its hidden ones
            hidden += sum(points[len(public) :], Fraction(0))
        worth = _last_worth = _Worth(lab, shares, hidden)
    return worth


def load_lab(folder: str | pathlib.Path) -> Lab:
    """Load a lab with all its scenarios. InputError with every problem that was found, not only the first."""
    folder = pathlib.Path(folder)
    with KeptTrees(folder) as trees, KeptScenarios(folder) as scenarios:
        return _LabLoader(folder, trees, scenarios).load()


#: What is meant as a scenario, whatever an editor or a system made of its ending.
_SCENARIO = re.compile(r"(?P<id>.+)\.ya?ml(?:\.txt)?", re.IGNORECASE | re.DOTALL)


def _proper_name(id: str) -> str:
    """Return what is wrong with the name of a scenario's file, and how to call it."""
    if is_name(id):
        return f"the name of a scenario's file ends in .yaml; rename it to {id}.yaml"
    better = "-".join(re.findall("[a-z0-9]+", id.lower())) or "tight-memory"
    return f"a scenario's name has small letters, digits and single hyphens; rename it to {better}.yaml"


def stub_in_c_missing(lab: Lab) -> list[str]:
    """Return a problem if a lab takes kernels in C and has no stub in C."""
    path = lab.path / "stub.c"
    if "c" not in lab.languages or path.is_file():
        return []
    return [f"{path}: the file is missing; lab.yaml says `c` in languages, and with this file a kernel in C begins"]


class _LabLoader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, folder: pathlib.Path, trees: KeptTrees, scenarios: KeptScenarios) -> None:
        self.folder = folder
        self.trees = trees
        self.scenarios = scenarios
        self.digest = hashlib.sha256()
        self.shown = f"{folder.name or folder.resolve().name}/lab.yaml"
        self.problems: list[str] = []
        self.unread = 0  # scenario files that did not load

    def problem(self, line: int, message: str) -> None:
        self.problems.append(f"{self.shown}:{line}: {message}")

    def load(self) -> Lab:
        try:
            block = self.trees.read(self._bytes("lab.yaml"), self.shown)
        except OSError as error:
            raise InputError([f"{self.folder / 'lab.yaml'}: {error.strerror}"]) from None
        wrong = self._wrong_fields("a lab", block, TOP, 1)
        if not isinstance(block, Block):
            raise InputError(self.problems)
        tasks = [] if "tasks" in wrong else self._tasks(block)
        order = [] if "order" in wrong else block.get("order", [])
        scenarios = self._scenarios("scenarios", tasks, order)
        hidden = self._scenarios("hidden", tasks)
        self._check_order(block, order, scenarios)
        self._check_ids(scenarios, hidden)
        released, name = self._released()
        self._check_points(block, tasks, scenarios, hidden, released)
        mine = None if "mine" in wrong else self._mine(block)
        pictures = () if "pictures" in wrong else self._pictures(block, scenarios)
        scope = () if "scope" in wrong else self._scope(block)
        reference = None
        if "reference" in block and "reference" not in wrong:
            reference = self._reference(block)
        if self.problems:
            raise InputError(self.problems)
        return Lab(
            self.folder,
            name or self.folder.resolve().name,
            printable(block["title"], limit=None),
            self._class_at(block["kernel"]),
            reference,
            self._quiz(block),
            tuple(tasks),
            tuple(scenarios),
            tuple(hidden),
            released,
            read_feedback(block["hidden_feedback"]) if "hidden_feedback" in block else Feedback(),
            block.get("twins", TWINS[0]),
            pictures,
            printable(block.get("learnt", "").strip(), limit=None),
            tuple(block.get("languages", ("python",))),
            mine,
            scope,
            printable(" ".join(block.get("hand_in", "").split()), limit=None),
            block.get("builds_on", ""),
            self.digest.digest(),
        )

    def _bytes(self, name: str) -> bytes:
        """Return the contents of one of the lab's files, and count it in the lab's digest."""
        data = (self.folder / name).read_bytes()
        self.digest.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogatepass") + data)
        return data

    def _wrong_fields(self, what: str, block: object, fields: Table, line: int) -> set[str]:
        """Report all fields that are wrong or missing, and return their names."""
        found = list(find_problems(what, block, fields, line))
        for problem in found:
            self.problem(problem.line, problem.message)
        return {problem.field for problem in found}

    def _class_at(self, text: str) -> ClassAt:
        path, _, name = text.rpartition(":")
        return ClassAt(pathlib.Path(os.path.normpath(self.folder / path)), name)

    def _reference(self, block: Block) -> ClassAt:
        reference = self._class_at(block["reference"])
        if not reference.path.is_file():
            path = block["reference"].rpartition(":")[0]
            self.problem(block.lines["reference"], f"reference: file {path} does not exist")
        return reference

    def _pictures(self, block: Block, scenarios: list[Scenario]) -> tuple[HandoutPicture, ...]:
        """Return the handout's pictures. Only public scenarios may be drawn: students get the pictures."""
        if "pictures" not in block:
            return ()
        steps = {scenario.id: len(scenario.steps) for scenario in scenarios}
        found: dict[str, HandoutPicture] = {}
        for item, line in zip(block["pictures"], block["pictures"].lines, strict=True):
            if self._wrong_fields("a picture", item, PICTURE, line):
                continue
            picture = HandoutPicture(item["name"], item["scenario"], item["step"])
            if picture.name in found:
                self.problem(line, f"picture {picture.name!r} is listed twice; give one of them another name")
            elif picture.scenario not in steps and not self.unread:
                near = did_you_mean(picture.scenario, list(steps)) or "name a file of scenarios/"
                self.problem(line, f"picture {picture.name!r}: no public scenario {picture.scenario!r}; {near}")
            elif picture.step > steps.get(picture.scenario, picture.step):
                last = steps[picture.scenario]
                self.problem(line, f"picture {picture.name!r}: {picture.scenario} has {last} steps, not {picture.step}")
            found[picture.name] = picture
        return tuple(found.values())

    def _mine(self, block: Block) -> Mine | None:
        if "mine" not in block or self._wrong_fields("mine", block["mine"], MINE, block.lines["mine"]):
            return None
        given = block["mine"]
        full = Fraction(str(given.get("full", 1)))
        return Mine(Fraction(str(given["points"])), full, given.get("scenarios", FILES))

    def _scope(self, block: Block) -> tuple[World, ...]:
        """Return the worlds that `grader verify` explores."""
        if "scope" not in block:
            return ()
        found: dict[str, World] = {}
        for item, line in zip(block["scope"], block["scope"].lines, strict=True):
            if self._wrong_fields("a world", item, WORLD, line):
                continue
            try:
                world = read_world(item, self.shown)
            except FormatError as error:
                self.problems.append(str(error))
                continue
            if world.name in found:
                self.problem(line, f"world {world.name!r} is listed twice; give one of them another name")
            if "mprotect" in world.verbs and not world.protections:
                self.problem(line, f"world {world.name!r}: mprotect needs `protections`, such as [r--]")
            found[world.name] = world
        return tuple(found.values())

    def _quiz(self, block: Block) -> pathlib.Path | None:
        return pathlib.Path(os.path.normpath(self.folder / block["quiz"])) if "quiz" in block else None

    def _tasks(self, block: Block) -> list[Task]:
        items = block["tasks"]
        tasks: list[Task] = []
        known = len(self.problems)
        for item, line in zip(items, items.lines, strict=True):
            wrong = self._wrong_fields("a task", item, TASK, line)
            # A task whose points are wrong is still known, so that no scenario of it is reported as well.
            if wrong <= {"points", "needs"}:
                self._add_task(item, line, tasks, wrong)
        total = sum((task.points for task in tasks), Fraction(0))
        if len(self.problems) == known and total != POINTS:
            # Not rounded: 99.999 points are not 100.
            self.problem(block.lines["tasks"], f"the tasks' points add up to {float(total):g}; a lab has {POINTS}")
        return tasks

    def _add_task(self, item: Block, line: int, tasks: list[Task], wrong: set[str]) -> None:
        known = [task.id for task in tasks]
        if item["id"] in known:
            self.problem(line, f"task {item['id']!r} is listed twice")
        needs = () if "needs" in wrong else tuple(item.get("needs", ()))
        for need in needs:
            if need not in known:
                self.problem(line, f"task {item['id']!r} needs {need!r}, which is not an earlier task")
        worth = Fraction(0) if "points" in wrong else Fraction(str(item["points"]))
        tasks.append(Task(len(tasks) + 1, item["id"], printable(item["title"], limit=None), worth, needs))

    def _check_order(self, block: Block, order: Sequence[str], public: list[Scenario]) -> None:
        """Report scenarios of `order` that are not public ones of this lab, or that are listed twice."""
        seen: set[str] = set()
        known = [scenario.id for scenario in public]
        for id in order:
            if id not in known and not self.unread:
                near = did_you_mean(id, known) or "it lists public scenarios by their names"
                self.problem(block.lines["order"], f"order: no scenario {id!r}; {near}")
            elif id in seen:
                self.problem(block.lines["order"], f"order: {id!r} is listed twice")
            seen.add(id)

    def _scenarios(self, kind: str, tasks: list[Task], order: Sequence[str] = ()) -> list[Scenario]:
        found: list[Scenario] = []
        ids = [task.id for task in tasks]
        folder = self.folder.resolve().name
        for path in self._files(kind):
            shown = f"{folder}/{kind}/{path.name}"
            try:
                scenario = self.scenarios.read(self._bytes(f"{kind}/{path.name}"), path.stem, shown)
            except FormatError as error:
                self.problems.append(str(error))
                self.unread += 1
                continue
            except OSError as error:
                self.problems.append(f"{shown}: {error.strerror}")
                continue
            if ids and (scenario.task not in ids or scenario.task == QUIZ_TASK):  # without tasks, that is the problem
                scored = ", ".join(i for i in ids if i != QUIZ_TASK) or "none"
                line = read_yaml(path.read_bytes(), shown).lines["task"]
                self.problems.append(f"{shown}:{line}: task {scenario.task!r} is not in lab.yaml; there are {scored}")
            found.append(scenario)
        tasks_in_order = {id: n for n, id in enumerate(ids)}
        first = {id: n for n, id in enumerate(order)}
        # The handout's order; within a task what the lab puts first, then the short ones, which are the simple ones.
        return sorted(
            found, key=lambda s: (tasks_in_order.get(s.task, len(ids)), first.get(s.id, len(first)), len(s.steps), s.id)
        )

    def _files(self, kind: str) -> list[pathlib.Path]:
        """Return the scenario files of a folder, which need not exist. One that cannot be listed is a problem: without
        its scenarios everybody would get other points."""
        folder = self.folder / kind
        try:
            found = sorted(path for path in folder.iterdir() if not is_aside(path.name))
        except OSError as error:
            if not isinstance(error, FileNotFoundError) or os.path.lexists(folder):
                self.problems.append(f"{folder}: {error.strerror}; it must be a folder that can be read")
            return []
        named = [(path, match) for path in found if (match := _SCENARIO.fullmatch(path.name))]
        for path, match in named:
            if path.suffix != ".yaml" or not is_name(match["id"]):
                shown = f"{self.folder.resolve().name}/{kind}/{printable(path.name)}"
                self.problems.append(f"{shown}: {_proper_name(match['id'])}")
                self.unread += 1
        return [path for path, match in named if path.suffix == ".yaml" and is_name(match["id"])]

    def _check_ids(self, scenarios: list[Scenario], hidden: list[Scenario]) -> None:
        public = {s.id for s in scenarios}
        self.problems += [f"{s.path}:1: a public scenario has the same name" for s in hidden if s.id in public]

    def _released(self) -> tuple[dict[str, list[float]] | None, str]:
        """Return a released lab's weights of hidden scenarios by task, and its name; None and "" for any other lab."""
        path = self.folder / "release.json"
        if not path.is_file():
            return None, ""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            hidden, name = record["hidden"], record.get("lab", "")
            if not name.isprintable() or "/" in name:
                raise ValueError(f"lab is {printable(name)!r}, which cannot be the name of a folder")
            return {str(task): [float(weight) for weight in weights] for task, weights in hidden.items()}, name
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.problems.append(f"{path}: not a release's record ({error}); fetch the lab again")
            return None, ""

    def _check_points(
        self,
        block: Block,
        tasks: list[Task],
        scenarios: list[Scenario],
        hidden: list[Scenario],
        released: dict[str, list[float]] | None,
    ) -> None:
        scored = {s.task for s in scenarios + hidden} | set(released or ())
        for task in tasks:
            if task.id == QUIZ_TASK:
                if "quiz" not in block:
                    self.problem(block.lines["tasks"], "there is a task `quiz` but no field `quiz` with its questions")
            elif task.id not in scored and task.points and not self.unread:
                self.problem(block.lines["tasks"], f"task {task.id!r} has {points(task.points)} points and no scenario")
        if "quiz" in block and not any(task.id == QUIZ_TASK for task in tasks):
            self.problem(
                block.lines["quiz"], "there is a quiz, but no task with the id `quiz` that its points belong to"
            )
