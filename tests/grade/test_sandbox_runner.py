"""A submission in the sandbox: public scenarios and twins are sent whole, hidden scenarios step by step."""

import json
import marshal
import time
from base64 import b64decode

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.grade.session import attempt_twins
from grader.grade.twins import twins_of
from grader.protocol import wire
from grader.protocol.lockstep import RemoteReplay
from grader.sandbox.sandbox import Sandbox
from tests.grade.boxes import impatient_box, kinds_in
from tests.labs import kernel_text


@pytest.fixture(scope="module")
def box():
    with Sandbox("auto") as made:
        yield made


@pytest.fixture(scope="module")
def impatient():
    """A box whose limits cost a test less time."""
    with impatient_box() as made:
        yield made


@pytest.fixture
def sent(monkeypatch):
    """The messages that workers get, a list for each send."""
    from grader.sandbox.child import Child

    seen = []
    sending, offering = Child.send_frames, Child.offer

    def send_frames(self, data):
        seen.append(kinds_in(data))
        sending(self, data)

    def offer(self, data):
        seen.append(kinds_in(data))
        sent = offering(self, data)
        assert sent == len(data)
        return sent

    monkeypatch.setattr(Child, "send_frames", send_frames)
    monkeypatch.setattr(Child, "offer", offer)
    return seen


def runner_of(box, text):
    return SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))


def scenario(session, name):
    return next(s for s in session.lab.all_scenarios if s.id == name)


def test_a_public_scenario_is_sent_at_once(session, box, sent):
    """BEGIN, every step and END go in one message, so the worker need not wait for the grader."""
    attempt = session.attempt(runner_of(box, kernel_text()), scenario(session, "fork"))

    assert attempt.verdict == "passed"
    assert sent == [[wire.SOURCE], [wire.BEGIN, *[wire.STEP] * 4, wire.END]]


def test_a_hidden_scenario_is_sent_step_by_step(session, box, sent):
    """Each step goes alone, after the answer to the one before."""
    attempt = session.attempt(runner_of(box, kernel_text()), scenario(session, "secret"))

    assert attempt.verdict == "passed"
    assert sent[1:] == [[wire.BEGIN], *[[wire.STEP]] * 5, [wire.END]]


def test_a_twin_is_sent_at_once(session, box, sent):
    """As its scenario is, and in a child that has got nothing else."""
    twins = twins_of(session.lab, session.lab.scenarios)
    attempts = attempt_twins(runner_of(box, kernel_text()), twins)

    assert {attempt.verdict for attempt in attempts.values()} == {"passed"}
    assert [message[:1] for message in sent] == [[wire.SOURCE], *[[wire.BEGIN]] * len(twins)]
    assert all(message[-1] == wire.END for message in sent[1:])


def test_prints_in_a_twin_are_dropped(session, box):
    """Whether it passes or not, nothing of them is left for who asks next."""
    for text in (PRINTING, PRINTING.replace("self.hw.frames.zero(frame)", "self.hw.frames.allocate()", 1)):
        runner = runner_of(box, text)
        attempt_twins(runner, twins_of(session.lab, session.lab.scenarios))

        assert runner.printed().text == ""


def test_a_twin_has_one_attempt(session, box, sent):
    """A kernel that differs and prints is not tried again there: it could tell the second attempt from the first."""
    runner = runner_of(box, PRINTING.replace("self.hw.frames.zero(frame)", "self.hw.frames.allocate()", 1))
    attempts = attempt_twins(runner, twins_of(session.lab, session.lab.scenarios))

    assert {attempt.verdict for attempt in attempts.values()} == {"failed"}
    assert [message[0] for message in sent].count(wire.BEGIN) == len(attempts)


def test_a_twin_that_ends_its_process_is_tried_again_as_before(session, box, sent):
    """An earlier twin may be the reason, so it gets a new process; it is sent at once there, too."""
    dies = "    def fork(self, *rest):\n        import os; os._exit(0)\n\n    def was("
    text = kernel_text("    def fork(", dies)
    attempts = attempt_twins(runner_of(box, text), twins_of(session.lab, session.lab.scenarios))

    assert [attempts[id].verdict for id in ("touch", "fork")] == ["passed", "crashed"]
    assert all(message[-1] == wire.END for message in sent if message[0] == wire.BEGIN)


#: It prints 700 KiB in each scenario; 1024 are allowed.
WORDY = kernel_text(
    "        self.users = Counter()\n", "        self.users = Counter()\n        print('x' * (700 << 10))\n"
)


def test_prints_of_twins_are_not_added_up(session, box):
    """Each may print as much as its scenario; twins that begin early are told apart by the amount alone."""
    attempts = attempt_twins(runner_of(box, WORDY), twins_of(session.lab, session.lab.scenarios))

    assert {id: attempt.verdict for id, attempt in attempts.items()} == {"touch": "passed", "fork": "passed"}


def test_prints_of_failure_points_are_not_added_up(session, box):
    """A hidden scenario that is tried at each failure point may print as much at each; nothing of it is lost."""
    runner, one = runner_of(box, WORDY), scenario(session, "secret")
    attempts = [runner(one, session.recording(one).traces[0]) for _ in range(3)]

    assert {attempt.verdict for attempt in attempts} == {"passed"}
    assert len(runner.printed().text) == 3 * ((700 << 10) + 1)


def test_twins_have_a_budget_of_their_own(session, box):
    """A slow kernel that passes every scenario has used up most of its time; that is no reason to fail twins."""
    runner = runner_of(box, kernel_text())
    runner._budget.charge(cpu=100, idle=100)
    attempts = attempt_twins(runner, twins_of(session.lab, session.lab.scenarios))

    assert {attempt.verdict for attempt in attempts.values()} == {"passed"}


@pytest.fixture
def sources(monkeypatch):
    """What workers get as SOURCE."""
    from grader.sandbox.child import Child

    seen = []
    sending, offering = Child.send, Child.offer

    def send(self, kind, payload):
        if kind == wire.SOURCE:
            seen.append(json.loads(payload))
        sending(self, kind, payload)

    def offer(self, data):
        seen.append(json.loads(bytes(data[wire.HEAD.size :])))
        return offering(self, data)

    monkeypatch.setattr(Child, "send", send)
    monkeypatch.setattr(Child, "offer", offer)
    return seen


def test_a_source_is_compiled_once(session, box, sources):
    """The child for hidden scenarios gets the bytecode of the first child, which is that of the source."""
    runner = runner_of(box, kernel_text())
    found = session.grade(runner, [scenario(session, "fork")], [scenario(session, "secret")])

    assert [one.attempt.verdict for one in found] == ["passed"] * 2
    assert "translated" not in sources[0]
    code = marshal.loads(b64decode(sources[1]["translated"]))["kernel"]
    assert code == compile(kernel_text(), "kernel.py", "exec", dont_inherit=True)


def test_a_source_that_the_compiler_warns_of_is_compiled_again(session, box, sources):
    """So that it warns in every child: what the first one printed may not be shown."""
    runner = runner_of(box, f"{kernel_text()}\nassert 1 is 1\n")
    for _ in range(2):
        assert session.attempt(runner, scenario(session, "fork")).verdict == "passed"
        assert "SyntaxWarning" in runner.printed().text
        runner.discard()

    assert [source.get("translated") for source in sources] == [None, None]


PRINTING = kernel_text(
    "def page_fault(self, process, fault):", "def page_fault(self, process, fault):\n        print('fault')"
)


@pytest.mark.parametrize("known", [True, False])
def test_prints_after_the_first_difference_are_not_shown(session, box, known):
    """What a kernel prints in later steps does not depend on how the steps were sent."""
    wrong = PRINTING.replace("self.hw.frames.zero(frame)", "self.hw.frames.allocate()", 1)
    runner = runner_of(box, wrong)
    touch = scenario(session, "touch")
    attempt = runner(touch, session.recording(touch).traces[0], known)

    assert attempt.verdict == "failed" and attempt.divergence.step == 2
    assert runner.printed().text == "fault\nfault\n"


@pytest.mark.parametrize(
    ("line", "verdict", "where"),
    [
        ("import os; os._exit(0)", "crashed", "step 3 of 4"),
        ("1 / 0", "crashed", "step 3 of 4"),
        ("while True: pass", "timed_out", "step 3 of 4"),
        ("import time; time.sleep(60)", "timed_out", "step 3 of 4"),
        ("while True: print('x' * 999)", "timed_out", "step 3 of 4"),
        ("raise NotImplementedError('fork')", "not_implemented", "Not implemented yet: fork"),
    ],
)
def test_an_ending_names_its_step(session, impatient, line, verdict, where):
    """The steps were sent together, and answers may come together, but the step in which a kernel ends is known."""
    text = kernel_text("def fork(self, parent, child):", f"def fork(self, parent, child):\n        {line}")
    attempt = session.attempt(runner_of(impatient, text), scenario(session, "fork"))

    assert attempt.verdict == verdict
    assert where in attempt.lines[0]


def test_a_second_timeout_names_its_step(session, impatient):
    """A kernel that has overrun a limit gets less time than it takes to send answers together."""
    text = kernel_text("def fork(self, parent, child):", "def fork(self, parent, child):\n        while True: pass")
    runner = runner_of(impatient, text)
    attempts = [session.attempt(runner, scenario(session, "fork")) for _ in range(2)]

    assert ["step 3 of 4" in attempt.lines[0] for attempt in attempts] == [True, True]


def test_answers_come_together(session, box, monkeypatch):
    """The answers to steps that were sent together take one system call, not one each."""
    from grader.sandbox.child import Child

    reads = []
    reading = Child._read
    monkeypatch.setattr(Child, "_read", lambda self: (reads.append(1), reading(self)))
    session.attempt(runner_of(box, kernel_text()), scenario(session, "fork"))

    assert len(reads) < 6


def test_a_kernel_that_differs_early_and_loops_later(session, box):
    """The first difference decides, at once: nobody waits for steps behind it, and the next scenario is graded."""
    text = kernel_text("self.hw.frames.zero(frame)", "self.hw.frames.allocate()")
    text = text.replace("def fork(self, parent, child):", "def fork(self, parent, child):\n        while True: pass")
    runner = runner_of(box, text)
    attempts = [session.attempt(runner, scenario(session, name)) for name in ("fork", "touch")]

    assert [attempt.verdict for attempt in attempts] == ["failed", "failed"]


SCENARIO = [wire.BEGIN, *[wire.STEP] * 4, wire.END]


def graded(session, runner, *names):
    """Grade public scenarios one after the other: verdict, message and prints of each."""
    found = session.grade(runner, [scenario(session, name) for name in names], [])
    return [(g.attempt.verdict, g.attempt.lines, g.printed.text) for g in found]


def test_the_next_scenario_is_sent_with_this_one(session, box, sent):
    """The worker need not wait until the grader has looked at its answers."""
    found = graded(session, runner_of(box, kernel_text()), "fork", "touch", "fork")

    assert [verdict for verdict, _, _ in found] == ["passed"] * 3
    assert sent == [[wire.SOURCE], SCENARIO, [wire.BEGIN, *[wire.STEP] * 2, wire.END], SCENARIO]


def test_a_hidden_scenario_is_not_sent_before_its_turn(session, box, sent):
    """A kernel that runs a public scenario knows nothing of a hidden one."""
    session.grade(runner_of(box, kernel_text()), [scenario(session, "fork")], [scenario(session, "secret")])

    assert sent[:2] == [[wire.SOURCE], SCENARIO]
    assert sent[2:] == [[wire.SOURCE], [wire.BEGIN], *[[wire.STEP]] * 5, [wire.END]]


ONLY_IN_FORK = kernel_text("def fork(self, parent, child):", "def fork(self, parent, child):\n        print('forked')")
BEGINNINGS = {
    "prints": PRINTING,
    "prints in one": ONLY_IN_FORK,
    "prints and differs": PRINTING.replace("self.hw.frames.zero(frame)", "self.hw.frames.allocate()", 1),
    "differs": kernel_text("self.hw.frames.zero(frame)", "self.hw.frames.allocate()"),
    "dies": ONLY_IN_FORK.replace("print('forked')", "import os; os._exit(3)"),
    "crashes": ONLY_IN_FORK.replace("print('forked')", "1 / 0"),
    "changes the interpreter": ONLY_IN_FORK.replace("print('forked')", "import json; json.loads = print"),
    "writes to the grader": ONLY_IN_FORK.replace(
        "print('forked')", "import os; [os.write(n, b'x' * 9) for n in (3, 4, 5)]"
    ),
}


@pytest.mark.parametrize("text", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("names", [("fork", "touch", "fork"), ("touch", "fork", "touch")])
def test_what_is_sent_early_changes_no_result(session, box, text, names):
    """Verdicts, explanations and prints of each scenario are those of scenarios that were sent one by one."""

    class OneByOne(SandboxRunner):
        def foresee(self, scenario, expected):
            pass

    alone = OneByOne(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))

    assert graded(session, runner_of(box, text), *names) == graded(session, alone, *names)


def test_owed_answers_are_counted(session):
    """A replay that stops early knows how many answers are still to come."""

    class Silent:
        def begin_scenario(self, due=0, step_due=0, owed=1):
            pass

        def send_frames(self, data):
            self.data = data

        def receive(self):
            return wire.ANSWER, wire.pack_numbers([wire.INIT, 0, wire.RETURNED])

        def arrived(self, most):
            return []

    from grader.protocol.messages import ScenarioMessages

    replay = RemoteReplay(Silent(), ScenarioMessages(scenario(session, "fork")), at_once=True)
    records = replay.records()
    with pytest.raises(BaseException, match="the machine called mmap"):
        next(records)

    assert replay.owed == 4


@pytest.mark.parametrize(
    "more",
    [
        "".join(f"def f{n}(a, b):\n    return a + b * {n}\n" for n in range(2400)),  # 350 KB of bytecode
        "f = " + "lambda: " * 1100 + "0\n",  # nested more deeply than bytecode can be sent
    ],
    ids=["large", "deep"],
)
def test_a_source_with_unusual_bytecode_is_graded(session, box, more):
    """Whatever its bytecode is like, a source that compiles is a kernel like others."""
    runner = runner_of(box, kernel_text() + more)

    assert [session.attempt(runner, scenario(session, name)).verdict for name in ("touch", "fork")] == ["passed"] * 2


LOOPS_IN_FORK = ONLY_IN_FORK.replace("print('forked')", "while True: pass")


@pytest.fixture
def late(monkeypatch):
    """A grader that is stopped once it has sent two scenarios, until the second has used up a scenario's time."""
    sending = RemoteReplay.send_ahead

    def send_ahead(self):
        sending(self)
        for _ in range(0 if self._started else 3000):
            if self.child.spent()[0] > 1.5 * self.child.limits.cpu_s:
                break
            time.sleep(0.01)

    monkeypatch.setattr(RemoteReplay, "send_ahead", send_ahead)


def test_the_time_of_the_next_scenario_is_not_this_ones(session, impatient, late):
    """A grader that comes late finds the answers of this scenario, and not that it took too long."""
    found = graded(session, runner_of(impatient, LOOPS_IN_FORK), "touch", "fork")

    assert [verdict for verdict, _, _ in found] == ["passed", "timed_out"]
