"""Load quizzes/NAME.yaml into a Quiz, strictly: every error has file, line, what was found and what is expected."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction

from grader.errors import FormatError, InputError, did_you_mean
from grader.formats.checking import check_fields
from grader.formats.kept_trees import KeptTrees
from grader.formats.yaml_reader import Block, Items, read_yaml
from grader.lab.lab import Lab
from grader.quiz.fields import CHOICE, DISTRACTOR, EXPRESSION, NEEDED, OBSERVATION, ONLY, PLACED, QUESTION, TOP
from grader.quiz.model import Answer, Choice, Computed, Observation, Question, Quiz, Right, Wrong
from grader.quiz.obfuscated import unpacked
from grader.quiz.variants import Seed, everybodys, seed_of
from grader.scenario.loader import scenario_of
from grader.scenario.model import Scenario

#: Fields of a scenario that is written inside a question.
_INLINE = ("machine", "files", "processes", "steps")


def load_quiz(lab: Lab, seed: Seed = everybodys) -> Quiz:
    """Return the quiz of a lab, in the variant that a seed chooses.

    The seed is a text ("" chooses the first variant), or a function that makes one from the seed in the quiz file
    (see variants.py). By default the quiz file decides.

    InputError if the file is missing or wrong, or if a question names something that the lab does not have.
    """
    return QuizFile(lab).variant(seed)


class QuizFile:
    """The quiz file of a lab, read once for all of its variants. Each variant is made once."""

    def __init__(self, lab: Lab) -> None:
        """Read a file. InputError if it is missing, or if the quiz has a wrong field; questions are read later."""
        if lab.quiz is None:
            raise InputError([f"{lab.name} has no quiz"])
        self._path = lab.quiz
        self._reader = _Reader(str(lab.quiz), lab)
        self._variants: dict[str, Quiz] = {}
        with self._told(), KeptTrees(lab.path) as trees:
            tree = trees.read(unpacked(lab.quiz.read_bytes()), str(lab.quiz))
            self._block = self._reader.top(tree)
        self.rule = rule_of(self._block)

    def variant(self, seed: Seed = everybodys) -> Quiz:
        """Return the quiz in the variant that a seed chooses, as `load_quiz`. InputError as there."""
        chosen = seed_of(seed, self.rule)
        if chosen not in self._variants:
            with self._told():
                self._variants[chosen] = self._reader.quiz(self._block, chosen)
        return self._variants[chosen]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what is wrong with the file into InputError."""
        try:
            yield
        except ValueError as error:
            raise InputError([f"{self._path}: {error}"]) from None
        except OSError as error:
            raise InputError([f"{self._path}: {error.strerror}"]) from None


def rule_of(quiz: Block) -> str:
    """Return the course's seed as a quiz file has it, or ""."""
    return str(quiz.get("seed", "")).strip()


def read_quiz(text: str | bytes, name: str, lab: Lab | None = None, seed: Seed = everybodys) -> Quiz:
    """Return the quiz in a text; `name` is the file in messages. FormatError if anything in it is wrong.

    Without a lab there are no scenarios that a question could observe.
    """
    reader = _Reader(name, lab)
    block = reader.top(read_yaml(text, name))
    return reader.quiz(block, seed_of(seed, rule_of(block)))


def instance(lab: Lab | None, quiz: Quiz, question: Question, values: dict[str, object]) -> Question:
    """Return the same question with other values of its parameters. FormatError if they do not work."""
    return _Reader(quiz.path, lab).instance(question.raw, question.line, question.penalty, values)


class _Reader:
    """Loads one file. Variants share the questions in which they do not differ."""

    def __init__(self, name: str, lab: Lab | None) -> None:
        self.name = name
        self.lab = lab
        self.checked: dict[int, Block] = {}  # questions whose fields are right, by place in the list
        self.made: dict[tuple[int, str], Question] = {}  # by place and values of the parameters
        self.scenarios = {s.id: s for s in lab.scenarios} if lab is not None else {}

    def wrong(self, line: int, message: str) -> FormatError:
        return FormatError(self.name, line, message)

    def top(self, given: object) -> Block:
        """Return a quiz file's mapping, whose own fields have been checked."""
        return check_fields(self.name, "a quiz", given, TOP, 1)

    def quiz(self, block: Block, seed: str) -> Quiz:
        """Return the variant of a quiz that a seed chooses."""
        penalty = Fraction(str(block.get("penalty", 0)))
        questions: dict[str, Question] = {}
        for place, (item, line) in enumerate(zip(block["questions"], block["questions"].lines, strict=True)):
            question = self.question(place, item, line, penalty, seed)
            if question.id in questions:
                first = questions[question.id].line
                raise self.wrong(line, f"question {question.id!r} appears twice; first in line {first}")
            questions[question.id] = question
        return Quiz(block["title"].strip(), tuple(questions.values()), self.name, seed, rule_of(block))

    def question(self, place: int, given: object, line: int, penalty: Fraction, seed: str) -> Question:
        if place not in self.checked:
            item = check_fields(self.name, "a question", given, QUESTION, line)
            if "parameters" in item:
                self.check_placeholders(item)
            self.checked[place] = item
        item = self.checked[place]
        values: dict[str, object] = {}
        if "parameters" in item:
            from grader.quiz.parameters import chosen

            values = chosen(seed, item["id"], item["parameters"])
        key = place, repr(values)
        if key not in self.made:
            self.made[key] = self.instance(item, line, Fraction(str(item.get("penalty", penalty))), values)
        return self.made[key]

    def check_placeholders(self, item: Block) -> None:
        """Check that every parameter is used, and that every name in braces is a parameter."""
        from grader.quiz.parameters import placeholders

        used = placeholders({key: value for key, value in item.items() if key != "parameters"})
        for name in item["parameters"]:
            if name not in used:
                raise self.wrong(item["parameters"].lines[name], f"no text uses the parameter {{{name}}}")
        for name in sorted(placeholders([item["text"], item.get("why", ""), item.get("choices", [])])):
            if name not in item["parameters"]:
                known = ", ".join(item["parameters"])
                raise self.wrong(item.line, f"{{{name}}} is not a parameter of this question (it has {known})")

    def instance(self, item: Block, line: int, penalty: Fraction, values: dict[str, object]) -> Question:
        """Return a question whose fields have been checked, with values for its parameters."""
        block = item
        if values:
            from grader.quiz.parameters import substitute

            plain = Block(item.line)
            plain.update((key, value) for key, value in item.items() if key != "parameters")
            plain.lines = item.lines
            try:
                filled = substitute(plain, values)
            except ValueError as error:
                raise self.wrong(line, f"with {_shown(values)}: {error}") from None
            block = check_fields(self.name, "a question", filled, QUESTION, line)
        kind = block["type"]
        self.check_type(block, kind, line)
        question = Question(
            block["id"],
            kind,
            Fraction(str(block["points"])),
            block["text"].rstrip(),
            self.choices(block, kind) if "choices" in block else (),
            self.answer(block, kind) if "answer" in block else None,
            block.get("unit", ""),
            Fraction(str(block.get("tolerance", 0))),
            block.get("section", ""),
            block.get("why", "").strip(),
            self.distractors(block, kind),
            penalty,
            dict(item.get("parameters", {})),
            values,
            item,
            line,
        )
        self.check_single(question, block, line)
        return question

    def check_type(self, block: Block, kind: str, line: int) -> None:
        for field, kinds in ONLY.items():
            if field in block and kind not in kinds:
                raise self.wrong(block.lines[field], f"a question of type {kind} does not accept {field!r}")
        for field in NEEDED[kind]:
            if field not in block:
                raise self.wrong(line, f"a question of type {kind} needs {field!r}")

    def check_single(self, question: Question, block: Block, line: int) -> None:
        """Check that a `single` question either lists its choices or has an answer to compute."""
        if question.type != "single":
            return
        if ("choices" in block) == ("answer" in block):
            raise self.wrong(line, "a question of type single has either `choices` or a computed `answer`")
        if "answer" in block and not isinstance(question.answer, Computed):
            raise self.wrong(block.lines["answer"], "the answer of a `single` question must say what to observe")
        for field in ("why", "unit", "distractors"):
            if field in block and "choices" in block:
                raise self.wrong(block.lines[field], f"with `choices`, leave out {field!r}: every choice has its own")

    # -- choices ----------------------------------------------------------------------------------------------

    def choices(self, block: Block, kind: str) -> tuple[Choice, ...]:
        items = block["choices"]
        choices: list[Choice] = []
        taken: set[str] = set()
        for item, line in zip(items, items.lines, strict=True):
            check_fields(self.name, "a choice", item, CHOICE, line)
            choice = Choice(item["id"], item["text"].strip(), item["right"], item["why"].strip())
            # Compare case-sensitively: `FILE` and `File` are different things in C.
            names = {choice.id, f"text {' '.join(choice.text.split())}"}
            if names & taken:
                raise self.wrong(line, f"choice {choice.id!r} has the id or the text of an earlier one")
            choices.append(choice)
            taken |= names
        self.check_right([choice.right for choice in choices], kind, block.lines["choices"])
        return tuple(choices)

    def check_right(self, rights: list[Right], kind: str, line: int) -> None:
        if kind == "order":
            if sorted(rights, key=str) != sorted(range(1, len(rights) + 1), key=str):
                raise self.wrong(
                    line, f"in `order`, `right` must be the place: the numbers 1 to {len(rights)}, each once"
                )
        elif kind == "match":
            if not all(isinstance(right, str) for right in rights):
                raise self.wrong(line, "in `match`, `right` must be the text that belongs to the choice")
            if len(set(rights)) < 2:
                raise self.wrong(line, "all choices have the same match; at least two different ones are needed")
        elif not all(isinstance(right, bool) for right in rights):
            raise self.wrong(line, f"in `{kind}`, `right` must be true or false")
        elif kind == "single" and rights.count(True) != 1:
            raise self.wrong(line, f"{rights.count(True)} choices are right; a `single` question must have exactly one")
        elif not any(rights):
            raise self.wrong(line, "no choice is right")

    def distractors(self, block: Block, kind: str) -> tuple[Wrong, ...]:
        """Return wrong answers in the form in which they are compared: numbers as numbers, so that 2.0 equals 2."""
        from grader.quiz.keys import as_text

        found: list[Wrong] = []
        items = block.get("distractors", Items(0))
        for item, line in zip(items, items.lines, strict=True):
            if isinstance(item, str):
                found.append(Wrong(item, "", ""))
                continue
            check_fields(self.name, "a distractor", item, DISTRACTOR, line)
            value = item["value"]
            if kind == "number" and isinstance(value, str):
                raise self.wrong(
                    item.lines["value"], f"value is {value!r}; a wrong answer to a number question must be a number"
                )
            value = " ".join(value.split()) if isinstance(value, str) else as_text(Fraction(str(value)))
            if any(wrong.value == value for wrong in found):
                raise self.wrong(line, f"the distractor {value!r} appears twice")
            found.append(Wrong("", value, item["why"].strip()))
        return tuple(found)

    # -- answers ----------------------------------------------------------------------------------------------

    def answer(self, block: Block, kind: str) -> Answer:
        answer, line = block["answer"], block.lines["answer"]
        if isinstance(answer, Block):
            return self.expression(answer, line) if "expression" in answer else self.single_observation(answer, line)
        if kind == "number":
            if isinstance(answer, list | str):
                raise self.wrong(line, f"answer is {answer!r}; expected a number, or what to observe in a scenario")
            return Fraction(str(answer))
        return tuple(map(str, answer)) if isinstance(answer, list) else (str(answer),)

    def single_observation(self, answer: Block, line: int) -> Computed:
        check_fields(self.name, "a computed answer", answer, OBSERVATION, line)
        observation = self.observation(answer, line)
        inline = isinstance(answer["scenario"], Block)
        return Computed("it", {"it": observation}, answer.get("key"), inline)

    def expression(self, answer: Block, line: int) -> Computed:
        from grader.quiz.parameters import names_in

        check_fields(self.name, "a computed answer", answer, EXPRESSION, line)
        observations = {}
        for name, block in answer["of"].items():
            at = answer["of"].lines[name]
            check_fields(self.name, f"observation {name!r}", block, OBSERVATION, at)
            observations[name] = self.observation(block, at)
        unknown = [name for name in names_in(answer["expression"]) if name not in observations]
        unused = [name for name in observations if name not in names_in(answer["expression"])]
        if unknown or unused:
            names = _list(unknown + unused)
            raise self.wrong(line, f"{answer['expression']!r} and `of` must have the same names; check {names}")
        inline = any(isinstance(block["scenario"], Block) for block in answer["of"].values())
        return Computed(answer["expression"], observations, answer.get("key"), inline)

    def observation(self, block: Block, line: int) -> Observation:
        scenario = self.scenario(block["scenario"], line)
        after, process, at = block["after"], block.get("process", ""), block.get("at", "")
        if type(after) is not int or not 1 <= after <= len(scenario.steps):
            raise self.wrong(line, f"after is {after!r}; {scenario.id} has steps 1 to {len(scenario.steps)}")
        there = [*scenario.processes, *(step.fields["child"] for step in scenario.steps if step.verb == "fork")]
        if process and process not in there:
            raise self.wrong(line, f"{scenario.id} has no process {process!r} (it has {_list(there)})")
        if (block["observe"] in PLACED) != bool(at):
            need = "does not accept `at`" if at else "needs `at`, a place such as P:h[0] (for file, notes[0])"
            raise self.wrong(line, f"observe: {block['observe']} {need}")
        if scenario.each is not None:
            raise self.wrong(line, f"{scenario.id} has `after: each`, so it has several runs; observe another scenario")
        return Observation(scenario, after, process, block["observe"], at)

    def scenario(self, given: object, line: int) -> Scenario:
        if isinstance(given, Block):
            block = Block(given.line)
            block.update(format=1, title="a scenario of a question", task="quiz")
            block.lines = dict.fromkeys(("format", "title", "task"), given.line) | given.lines
            for key, value in given.items():
                if key not in _INLINE:
                    raise self.wrong(
                        given.lines[key], f"a scenario inside a question accepts {_list(_INLINE)}, not {key!r}"
                    )
                block[key] = value
            return scenario_of(block, "this scenario", self.name)
        found = self.scenarios.get(str(given))
        if found is None:
            where = self.lab.name if self.lab is not None else "this file"
            near = did_you_mean(str(given), self.scenarios)
            raise self.wrong(line, f"{where} has no public scenario {given!r}{f'; {near}' if near else ''}")
        return found


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _shown(values: dict[str, object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
