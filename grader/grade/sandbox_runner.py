"""Runs a submission's kernel in the sandbox: one scenario after another in a confined child, a new one if that dies.

One child serves the public scenarios and another one, afterwards, the hidden ones, so that a kernel cannot print in a
public scenario what it saw in a hidden one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from grader.grade.attempt import (
    BEFORE,
    Attempt,
    Overrun,
    Trouble,
    conclude,
    crash_lines,
    crash_message,
    handler_of,
    judge,
    own_lines,
    where,
)
from grader.grade.misspelt import defined_in, with_misspelt
from grader.grade.runner import KernelSource, Printed
from grader.grade.verdicts import CRASHED, FAILED, NO_PROGRESS, PASSED, TAMPERED, TIMED_OUT, UNGRADABLE
from grader.sandbox.budget import Budget
from grader.sandbox.limits import Limits
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord, Trace

if TYPE_CHECKING:
    from grader.grade.answer_cache import AnswerCache
    from grader.grade.early_child import EarlyChild
    from grader.protocol.lockstep import RemoteReplay
    from grader.protocol.lockstep import Trouble as Reported
    from grader.protocol.messages import ScenarioMessages
    from grader.sandbox.child import Child
    from grader.sandbox.sandbox import Sandbox
    from grader.sandbox.subprocess_child import PlainChild
    from grader.sandbox.termination import Ending
    from grader.wasm.compiler import Compiled


#: Warnings of the compiler that are shown.
WARNINGS = 3


class _DiedAhead(Exception):
    """The child died when it had been sent all steps at once: its last answers may not have been sent."""


class SandboxRunner:
    """A Runner for one submission's kernel, in a sandbox.

    answers    the answers that other submissions' kernels gave in the same scenarios, if many are graded
    compiling  called before a kernel in C is compiled, which takes a moment
    module     the module of a kernel in C, if it is compiled already
    """

    def __init__(
        self,
        sandbox: Sandbox,
        source: KernelSource,
        answers: AnswerCache | None = None,
        compiling: Callable[[], None] = lambda: None,
        module: bytes = b"",
    ) -> None:
        self.sandbox = sandbox
        self._compiling = compiling
        self.source = source
        self._answers = answers
        self._child: Child | PlainChild | None = None
        self._earlier = Printed()  # printed before this attempt, and not asked for yet
        self._last_printed = Printed()  # printed by a child that is gone
        self._module = module
        self._bytecode = b""  # of a kernel in Python, as the first child compiled it
        self._warnings: tuple[tuple[int, str], ...] = ()
        self._kept_message = b""  # the message with the source, once that has what an earlier child has translated
        self._early: EarlyChild | None = None  # the child that comes next, and gets the source before its turn
        self._hurried = False  # True if the child was made for a kernel that has overrun a limit
        self._budget = self._new_budget()
        self._foreseen: tuple[Scenario, Trace] | None = None
        self._ahead: RemoteReplay | None = None  # a scenario that was sent before its turn
        self._prints = False  # True if the kernel prints: nothing is sent ahead, so that it is known in which scenario
        self._broken: Attempt | None = None  # the source cannot be compiled: every scenario ends the same way

    def __call__(self, scenario: Scenario, expected: Trace | None, known: bool = False, once: bool = False) -> Attempt:
        """Replay a scenario on the kernel and compare it with the expected trace.

        A child that dies, or sends what it was not asked for, in its second scenario or a later one may do so because
        of an earlier one. So the scenario is tried again in a new child, and that attempt counts.

        known  its steps need not be kept from the kernel, so the worker is sent all of them at once, runs ahead of the
               grader, and sends many answers together. What it prints after the step that differs first must not be
               shown, and it is not known in which step it died. So a kernel that differs and prints, or dies, is
               tried again step by step.
        once   it is tried again only in the case above, and at once again, so that both attempts look the same to it
        """
        used = self._child is not None
        # At another failure point of the same scenario. What begins early had nothing before it.
        earlier = self.printed() if used and self._ahead is None else Printed()
        try:
            # A hurried child may be ended before a tick of its clock has sent the answers that it has ready.
            at_once = known and not self._budget.hurried
            attempt = self._attempt(scenario, expected, at_once, once)
            if self._ahead is not None and self._child is not None and _text(self._child) != Printed():
                # Either this scenario printed that, or the next one, which has begun.
                self._prints = True
                if not once:  # else nobody reads it
                    self.change()
                    attempt = self._attempt(scenario, expected, at_once)
            again = used and self._child is None and attempt.verdict in (TAMPERED, CRASHED)
            if known and not once and attempt.verdict in (FAILED, NO_PROGRESS) and self.printed().text:
                self.change()
                again = True
        except _DiedAhead:
            again = True
        if again:
            attempt = self._attempt(scenario, expected, once and at_once, once)
        self._earlier = earlier
        return attempt

    def _attempt(self, scenario: Scenario, expected: Trace | None, at_once: bool, once: bool = False) -> Attempt:
        """Replay a scenario. Raises _DiedAhead if the child died while it ran ahead, so the step is not known.

        once  the step does not matter, so how it died is the attempt's verdict; only too much output may come from the
              next scenario, which has begun
        """
        from grader.protocol.lockstep import WorkerEnded
        from grader.protocol.reenact import Tampered

        if self._ahead is not None and not (at_once and self._ahead.script.scenario == scenario):
            self.change()  # it is not wanted after all
        early = self._broken or self._exhausted()
        if early is not None:
            return early
        replay = None
        seen: list[StepRecord] = []
        answers = self._answers if expected is not None else None
        try:
            child = self._started()
            if child is None:
                assert self._broken is not None
                return self._broken
            messages = self._ahead.script if self._ahead is not None else self._messages(scenario, expected)
            before = child.spent()[0]
            child.limits = self._budget.limits(messages.due, messages.entries)
            replay = self._begun(child, messages, at_once)
            found = replay.follow()
            if found is not None:
                self._settle(replay)
                self._budget.finished(child.spent()[0] - before)
                assert isinstance(found.attempt, Attempt)
                return found.attempt
            records, divergence = judge(scenario, expected, replay.records(), seen)
            self._settle(replay)
            trouble = _trouble(replay.trouble)
            attempt = conclude(scenario, expected, records, divergence, trouble, self.source.language)
            attempt = attempt._replace(overrun=_overrun(attempt, trouble))
            attempt = with_misspelt(attempt, self._defined)
            self._note(attempt, cpu=child.spent()[0] - before)
            if answers is not None and attempt.verdict in (PASSED, FAILED) and trouble is None:
                answers.learn(messages, replay.answers, attempt)
            return attempt
        except WorkerEnded as ended:
            mingled = ended.ending.by_output and self._ahead is not None
            self._prints = self._prints or mingled
            self.change()
            ran_ahead = at_once and (not once or mingled) and replay is not None
            if ran_ahead and ended.ending.verdict != UNGRADABLE and not ended.ending.by_clock:
                raise _DiedAhead from None
            attempt = self._lost(scenario, ended.ending, replay)
            return attempt._replace(records=tuple(seen)) if seen else attempt
        except Tampered as tampered:
            self.change()
            self._budget.finished()
            return Attempt(TAMPERED, f"the worker's answer fits no kernel: {tampered}", (str(tampered),))

    def foresee(self, scenario: Scenario, expected: Trace) -> None:
        """Announce the scenario that is tried after the next one. Both are sent together: the worker need not wait."""
        self._foreseen = scenario, expected

    def prepare(self, scenario: Scenario, expected: Trace) -> None:
        """Let the sandbox confine the child that follows this one, and send it the source if that is translated.

        Otherwise it gets the source when its turn comes: only one child translates it. The scenario's messages are made
        and kept here.
        """
        if self._answers is not None:
            self._answers.messages(scenario, expected)
        if self._child is None or self._early is not None:
            return
        self.sandbox.prepare()
        message = self._message(self._module)
        if self._budget.hurried or not self._kept_message:
            return
        child = self.sandbox.take_prepared()
        if child is not None:
            from grader.grade.early_child import EarlyChild

            self._early = EarlyChild(child, message)

    def _messages(self, scenario: Scenario, expected: Trace | None) -> ScenarioMessages:
        from grader.protocol.messages import ScenarioMessages

        if self._answers is None or expected is None:
            return ScenarioMessages(scenario)
        return self._answers.messages(scenario, expected)

    def _begun(self, child: Child | PlainChild, messages: ScenarioMessages, at_once: bool) -> RemoteReplay:
        """Return the replay of a scenario that the child has got, and send it the one that is foreseen."""
        from grader.protocol.lockstep import RemoteReplay

        ahead, self._ahead = self._ahead, None
        replay = ahead if ahead is not None else RemoteReplay(child, messages, at_once)
        replay.start()
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None and at_once and child.takes_more and not self._prints:
            self._ahead = RemoteReplay(child, self._messages(*foreseen), at_once)
            self._ahead.send_ahead()
        return replay

    def _exhausted(self) -> Attempt | None:
        """Return how every further scenario ends if the submission has used up its budget, or None."""
        ending = self._budget.exhausted(*(self._child.spent() if self._child is not None else (0.0, 0.0)))
        return Attempt(ending.verdict, ending.reason, (ending.reason,)) if ending is not None else None

    def _lost(self, scenario: Scenario, ending: Ending, replay: RemoteReplay | None) -> Attempt:
        """Return the attempt of a child that is gone; `replay` is None if the scenario had not begun."""
        attempt = _ended(scenario, ending, replay)
        if replay is None and attempt.verdict == TIMED_OUT:
            # Python itself could not read the source within the limit, and that does not depend on the scenario.
            self._broken = attempt
        self._note(attempt)
        return attempt

    def _note(self, attempt: Attempt, cpu: float = 0.0) -> None:
        """Record in the budget how a scenario ended: the method in which a limit ended it, or the time it took."""
        if attempt.overrun is not None:
            self._budget.overran(attempt.verdict, attempt.overrun.method)
        elif attempt.verdict == UNGRADABLE:
            self._budget.starved()
        else:
            self._budget.finished(cpu)

    def printed(self) -> Printed:
        """Return what was printed since the last call."""
        earlier, self._earlier = self._earlier, Printed()
        if self._ahead is not None:
            return earlier  # what there is comes from a scenario that is not asked for yet
        if self._child is None:
            last, self._last_printed = self._last_printed, Printed()
        else:
            last = _text(self._child)
        return Printed(earlier.text + last.text, earlier.truncated or last.truncated)

    def discard(self) -> None:
        """End the child, and the one that was prepared."""
        self.change()
        self._drop_early()

    def change(self) -> None:
        """End the child; the next attempt gets a new one: the one that was prepared, if it was."""
        self._last_printed = Printed()
        self._ahead = self._foreseen = None
        if self._child is not None:
            self._last_printed = _text(self._child)
            self._budget.charge(*self._child.spent())
            self._child.close()
            self._child = None

    def _drop_early(self) -> None:
        early, self._early = self._early, None
        if early is not None:
            self._budget.charge(*early.child.spent())
            early.child.close()

    def renew(self) -> None:
        """End the child, and begin a new budget."""
        self.discard()
        self._budget = self._new_budget()

    def _new_budget(self) -> Budget:
        return Budget(getattr(self.sandbox, "limits", Limits()))

    def _started(self) -> Child | PlainChild | None:
        """Return the child with the source loaded, a new one if there is none; None if the source does not compile."""
        from grader.protocol.lockstep import deliver_source

        if self._child is not None and self._budget.hurried and not self._hurried:
            self.change()
        if self._early is not None:
            self._early.go_on()
        if self._child is None:
            self._child = self._taken_early()
        if self._child is None:
            self._hurried = self._budget.hurried
            compiled = self._compiled()
            if self._broken is not None:
                return None
            self._child = self.sandbox.spawn(self._hurried)
            told = deliver_source(
                self._child, self._message(compiled), lambda translated: self._keep(compiled, translated)
            )
            if told is not None:
                trouble = _trouble(told)
                assert trouble is not None
                self._broken = Attempt(CRASHED, crash_message(trouble), (BEFORE, *crash_lines(trouble)))
                return None
        return self._child

    def _taken_early(self) -> Child | None:
        """Return the child that was sent the source early, if it has read it and may still be used."""
        early = self._early
        if early is None:
            return None
        if not self._budget.hurried and not self.sandbox.has_lost(early.child) and early.is_ready():
            self._early, self._hurried = None, False
            return early.child
        self._drop_early()
        return None

    def _message(self, compiled: bytes) -> bytes:
        """Return the message with the source. It is kept once it has what an earlier child has translated."""
        from grader.protocol.lockstep import source_message

        if self._kept_message:
            return self._kept_message
        source, translated = self.source, self._translated(compiled)
        message = source_message(source.modules, source.main, source.class_name, compiled, translated)
        if translated:
            self._kept_message = message
        return message

    def _defined(self) -> list[str]:
        """Return the names of the methods in the source."""
        return defined_in(self.source.modules[self.source.main], self.source.language)

    def _compiled(self) -> bytes:
        """Return the module of a kernel in C, and b"" of one in Python. Without one, every scenario ends the same."""
        if self.source.language != "c":
            return b""
        if not self._module:
            from grader.wasm.compiler import CompilerFault

            try:
                compiled = compiled_kernel(self.source, self.sandbox, self._compiling)
            except CompilerFault as fault:
                self._broken = Attempt(UNGRADABLE, str(fault), (str(fault),))
                return b""
            self._module, self._warnings = compiled.module, compiled.warnings if compiled.module else ()
            if not compiled.module:
                self._broken = _does_not_compile(self.source.modules["kernel"], compiled)
        return self._module

    def remarks(self) -> tuple[str, ...]:
        """Return the first warnings of the compiler, with the lines of kernel.c."""
        shown = [f"the compiler warns of kernel.c:{line}: {told}" for line, told in self._warnings[:WARNINGS]]
        more = len(self._warnings) - len(shown)
        return (*shown, *([f"it warns of {more} more {'line' if more == 1 else 'lines'}"] if more else []))

    def _translated(self, module: bytes) -> bytes:
        """Return the source as an earlier child has translated it; b"" if none has."""
        if not module:
            return self._bytecode
        from grader.wasm.module_cache import known

        return known(translation_key(module)) or b""

    def _keep(self, module: bytes, translated: bytes) -> None:
        """Keep what a child has translated for the next child of this kernel, or of one with this very module."""
        self._kept_message = b""
        if not module:
            self._bytecode = translated
            return
        from grader.wasm.module_cache import keep

        keep(translation_key(module), translated)

    def _settle(self, replay: RemoteReplay) -> None:
        """Make the child ready for the next scenario, or discard it.

        If the replay stopped early, an answer may still be due; it is read and dropped. Also discard a child that
        sent unsolicited data or has died, so that the next scenario starts clean.
        """
        assert self._child is not None
        drained = not replay.owed or self._child.drain(replay.owed)
        if not drained or (self._ahead is None and not self._child.quiet()):
            self.change()


def compiled_kernel(source: KernelSource, sandbox: Sandbox, compiling: Callable[[], None] = lambda: None) -> Compiled:
    """Return the module of a kernel in C, or why there is none; the compiler is confined as the kernel will be.

    CompilerFault if this machine may be to blame.
    """
    from grader.wasm.compiler import compile_kernel

    def walls() -> bool:
        # Below L2 the system keeps no process from files. This waits until the sandbox is warm.
        return sandbox.isolation["got"] in ("L2", "L3")

    return compile_kernel(source.modules["kernel"], walls, compiling)


def translation_key(module: bytes) -> str:
    """Return the name under which the translation of a module is kept: no other module can have it."""
    import hashlib

    return f"{hashlib.sha256(module).hexdigest()}.native"


def _does_not_compile(text: str, compiled: Compiled) -> Attempt:
    """Return how every scenario ends on a kernel in C that does not compile: with the compiler's words on its lines."""
    source = text.splitlines()
    lines = [BEFORE]
    for number, message in compiled.errors:
        quoted = source[number - 1].strip() if number <= len(source) else ""
        lines += [*own_lines([("kernel.c", number, "", quoted)]), f"    {message}"]
    if compiled.reason:
        lines.append(f"  {compiled.reason}")
    first = compiled.errors[0][1] if compiled.errors else compiled.reason
    return Attempt(CRASHED, f"kernel.c does not compile: {first}", tuple(lines))


def _text(child: Child | PlainChild) -> Printed:
    data, truncated = child.take_output()
    return Printed(data.decode("utf-8", "replace"), truncated)


def _trouble(told: Reported | None) -> Trouble | None:
    """Return what a worker reported of a crash, if it did."""
    if told is None:
        return None
    return Trouble(told["kind"], told["method"], told["type"], told["message"], tuple(told["lines"]))


def _ended(scenario: Scenario, ending: Ending, replay: RemoteReplay | None) -> Attempt:
    """Return the attempt of a child that is gone: in which step, how, and where it was when it last reported."""
    late = ending.verdict == TIMED_OUT
    if replay is None:
        return Attempt(ending.verdict, ending.reason, (ending.reason,), overrun=Overrun("") if late else None)
    lines = [where(scenario, replay.number)]
    overrun = Overrun(handler_of(scenario, replay.number)) if late else None
    if late and replay.whereabouts is not None:
        lines += own_lines(replay.whereabouts["lines"])
        overrun = Overrun(replay.whereabouts["method"], _place(replay.whereabouts["lines"]))
    return Attempt(ending.verdict, ending.reason, (*lines, f"  {ending.reason}"), overrun=overrun)


def _overrun(attempt: Attempt, trouble: Trouble | None) -> Overrun | None:
    """Return where a kernel ran into a limit that it reports itself: too many operations, fuel, memory."""
    if trouble is None or not (
        attempt.verdict == TIMED_OUT or (attempt.verdict == CRASHED and trouble.kind == "memory")
    ):
        return None
    return Overrun(trouble.method, _place(trouble.lines))


def _place(lines: Sequence[tuple[str, int, str, str]]) -> str:
    """Return file and line of the innermost call; "" if none is known."""
    return f"{lines[-1][0]}:{lines[-1][1]}" if lines else ""
