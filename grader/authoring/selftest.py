"""Attack this machine's sandbox with the hostile submissions of tests/hostile, and report which were contained.

Each attack is graded like a submission, on three scenarios: one before the attack, one in which it strikes (usually in
`fork`), and one after. It is contained if each verdict is one that its file lists, if no secret appears in its output,
if it leaves no process, file or shared memory behind, and if an honest kernel, graded right after it through the same
zygote, gets its usual verdicts. Python's audit hook (sandbox/inside/audit_hook.py) is switched off, because an attack
could disable it: only the layers that the operating system enforces are tested, and WebAssembly for kernels in C.
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from grader.authoring.attacks import FOLDER, HONEST, HONEST_C, NO_STRIKE, Attack, not_tried, without_c
from grader.authoring.yard import Yard
from grader.grade.attempt import BEFORE
from grader.grade.boxes import new_sandbox
from grader.grade.runner import KernelSource, Runner
from grader.grade.sandbox_runner import SandboxRunner
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import ClassAt, Lab
from grader.sandbox.isolation import WASM
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox

#: Small limits, so that an attack that must run into one does so soon. The layers are the usual ones.
LIMITS = Limits(
    cpu_s=0.3,
    wall_s=0.6,
    memory_mib=256,
    output=64 << 10,
    answers=4 << 20,
    all_cpu_s=0.45,
    all_wall_s=0.9,
)

#: An attack that succeeded prints this word, if the sandbox lets it print anything.
ESCAPED = "ESCAPED"

_TOP = "format: 1\ntitle: {title}\ntask: attack\nprocesses: [P]\nsteps:\n  - mmap: {{by: P, name: h, pages: 2}}\n"
_CALM = _TOP + "  - write: {{by: P, at: h, value: 1}}\n  - read: {{by: P, at: h}}\n"
_STRUCK = (
    _CALM
    + "  - fork: {{by: P, child: C}}\n  - write: {{by: C, at: 'h[0]', value: 2}}\n  - read: {{by: P, at: h}}\n"
    + "  - mmap: {{by: C, name: {canary}, pages: 3}}\n  - write: {{by: C, at: {canary}, value: 3}}\n"
)


class Outcome(NamedTuple):
    """The outcome of an attack: the verdicts, what was wrong (nothing, if it was contained), and the seconds it took.

    skipped  why the attack was not run, or ""
    """

    attack: Attack
    verdicts: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    seconds: float = 0.0
    skipped: str = ""


# -- the test -------------------------------------------------------------------------------------------------


class Selftest:
    """A session with three scenarios, and the yard that is watched while it runs. Use it as a context manager.

    known  the scenarios are public, so all steps are sent at once; else they are hidden, and a name in a later step is
           a secret too
    """

    def __init__(
        self, isolation: str = "auto", *, folder: pathlib.Path = FOLDER, polite: bool = False, known: bool = False
    ) -> None:
        self.honest = (folder / HONEST).read_text(encoding="utf-8")
        self.honest_c = NO_STRIKE + (folder / HONEST_C).read_text(encoding="utf-8")
        self.yard = Yard()
        languages = ["python"] if isolation != WASM else []
        languages += [] if without_c() else ["c"]
        boxes: dict[str, Sandbox] = {}
        try:
            for language in languages:
                boxes[language] = new_sandbox(isolation, language, LIMITS, polite=polite)
            self.levels: dict[str, str] = {language: box.isolation["got"] for language, box in boxes.items()}
            self.session = self._prepare(folder, boxes, known)
        except BaseException:
            for box in boxes.values():
                box.close()
            self.yard.close()
            raise

    def __enter__(self) -> Selftest:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        self.yard.close()

    def _prepare(self, folder: pathlib.Path, boxes: dict[str, Sandbox], known: bool) -> Session:
        """Return a session for a lab of three scenarios, recorded with the honest kernel."""
        from grader.lab.reference import reference_output
        from grader.scenario.loader import parse_scenario

        module: dict[str, Any] = {}
        exec(compile(self.honest, HONEST, "exec"), module)
        scenarios, recordings = [], {}
        for id, text in (("before", _CALM), ("struck", _STRUCK), ("after", _CALM)):
            text = text.format(title=self.yard.secret, canary="later" if known else self.yard.secret)
            scenario = parse_scenario(text, id)
            recordings[id], problems = reference_output(scenario, module["Honest"])
            assert not problems, problems
            scenarios.append(scenario)
        kernel = ClassAt(folder / HONEST, "Honest")
        public, hidden = (tuple(scenarios), ()) if known else ((), tuple(scenarios))
        lab = Lab(folder, "selftest", "Self-test", kernel, None, None, (), public, hidden)
        return Session(lab, boxes=boxes, recordings=recordings)

    def run(self, attack: Attack) -> Outcome:
        """Run one attack, and the honest kernel after it."""
        skipped = not_tried(attack, self.levels)
        if skipped:
            return Outcome(attack, skipped=skipped)
        began = time.monotonic()
        with_processes = self.yard.traces()["processes"]
        self.yard.before["processes"] = with_processes
        verdicts, said = self._graded(attack)
        wrong = [
            f"{scenario.id}: {verdict}, not {' or '.join(sorted(wanted))}"
            for scenario, verdict, wanted in zip(self.session.lab.all_scenarios, verdicts, attack.verdicts, strict=True)
            if verdict not in wanted
        ]
        if self.yard.secret in said:
            wrong.append("a secret leaked")
        wrong += [f"the attack printed: {line[:200]}" for line in said.splitlines() if ESCAPED in line]
        wrong += self.yard.left_behind()
        control = self._control("python" if attack.language == "python" else "c")
        if control != ("passed",) * 3:
            wrong.append(f"an honest kernel graded after it got: {', '.join(control)}")
        return Outcome(attack, verdicts, tuple(wrong), time.monotonic() - began)

    def _graded(self, attack: Attack) -> tuple[tuple[str, ...], str]:
        source = self.yard.marked(attack.source)
        if attack.language == "python":
            return self._grade(self.session.runner(_submission(source, "Attack")))
        module = b""
        if attack.language == "wat":
            import wasmtime

            module = bytes(wasmtime.wat2wasm(source))
        code = KernelSource({"kernel": source}, "kernel", "", "c")
        return self._grade(SandboxRunner(self.session.sandbox("c"), code, module=module))

    def _control(self, language: str) -> tuple[str, ...]:
        """Return the verdicts of an honest kernel."""
        source = self.honest if language == "python" else self.honest_c
        return self._grade(self.session.runner(_submission(source, "Honest" if language == "python" else "")))[0]

    def _grade(self, runner: Runner) -> tuple[tuple[str, ...], str]:
        """Return the verdicts, and everything that the submission could show: prints, messages, explanations."""
        verdicts, said = [], []
        for scenario in self.session.lab.all_scenarios:
            # The title, which the grader itself may show, is a secret too: a kernel must not learn it.
            attempt = self.session.attempt(runner, scenario)
            verdicts.append(attempt.verdict)
            said += [runner.printed().text, attempt.message if attempt.divergence is None else ""]
            if attempt.lines[:1] == (BEFORE,):
                said += attempt.lines  # what a compiler has to say
        runner.discard()
        said.append(runner.printed().text)
        return tuple(verdicts), "\n".join(said)


def _submission(source: str, class_name: str) -> Submission:
    """Return a submission in Python, or in C if it has no class."""
    language = "python" if class_name else "c"
    return Submission("", KernelSource({"kernel": source}, "kernel", class_name, language))


def run_selftest(selftest: Selftest, attacks: list[Attack], tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Run all attacks, one after another; call `tell` with the outcome of each."""
    outcomes = []
    for attack in attacks:
        outcomes.append(selftest.run(attack))
        tell(outcomes[-1])
    return outcomes
