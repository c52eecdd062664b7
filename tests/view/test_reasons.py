"""Every reason that a question gives is true of the run: each clause is held against the states before and after."""

import re

import pytest

from grader.lab.recordings import load_recording
from grader.machine.entry import FRAME_SHIFT
from grader.machine.protection import PROTECTIONS, Protection
from grader.trace.names import Names
from grader.trace.records import ProcessPage
from grader.trace.state import State
from grader.view.questions import questions
from tests.conftest import ROOT
from tests.view.runs import lab_of, recorded

LABS = sorted(path.parent.name for path in (ROOT / "labs").glob("*/lab.yaml"))


class Facts:
    """A step with the states around it, and the page that a reason names, if it names one."""

    def __init__(self, scenario, pids, record, before, after, label):
        self.scenario, self.record, self.before, self.after = scenario, record, before, after
        self.step = scenario.steps[record.number - 1]
        actor = record.actor
        pages = before.pages_of(self.step.fields["at"]) if "at" in self.step.fields else ()
        names = Names(pids, before)
        self.pages = [ProcessPage(actor, page) for page in pages]
        named = [place for place in self.pages if label in (None, names.page(*place).partition(":")[2])]
        self.at = named[0] if named else None

    @property
    def region(self):
        return self.before.regions[self.at.pid].find(self.at.page)

    @property
    def right(self):
        return {"read": Protection.READ, "write": Protection.WRITE, "execute": Protection.EXECUTE}[self.step.verb]

    @property
    def allowed(self):
        return self.right in PROTECTIONS[self.before.entry(*self.at) & 7]

    @property
    def moved(self):
        return self.before.life(*self.at) != self.after.life(*self.at)

    @property
    def users(self):
        return len(self.before.sharers(*self.at))

    @property
    def cached(self):
        """The page shows a page of a file, and is private."""
        return self.region.file is not None and not self.region.shared

    def child(self, wanted):
        """The lives and regions of the child's pages, those that `wanted` accepts."""
        pid = self.record.forked
        regions = self.after.regions[pid]
        return [page for page in self.after.tables[pid] if wanted(self.after.life(pid, page), regions.find(page))]

    def slot_is_shared(self):
        """The page's slot is that of another page too, or of one that came back to a frame and is still mapped."""
        slot, after = self.before.out[self.at], self.after
        others = [place for place, held in self.before.out.items() if held == slot and place != self.at]
        return bool(others) or any(
            pte >> FRAME_SHIFT in after.lives
            for pid, table in after.tables.items()
            if pid != self.at.pid
            for page, pte in table.items()
            if page == self.at.page
        )


def _private(life, region):
    return life != 0 and not region.shared and Protection.WRITE in region.protection


CLAUSES = {
    r"the entry was (\S+).*, which allows this (\w+)\.": lambda f: f.allowed and f.record.faults == (0, 0),
    r"the entry was (\S+).*, which does not allow this (\w+); ": lambda f: f.before.entry(*f.at) and not f.allowed,
    r"the page had no entry, so the access faults\.?": lambda f: not f.before.entry(*f.at) and f.at not in f.before.out,
    r"; a private page of a file is copied by its first write\.": lambda f: f.cached and f.record.copies,
    r"the page was out on swap and had no entry\.?": lambda f: f.at in f.before.out and not f.before.entry(*f.at),
    r"; others share it, so the write gets a copy\.": lambda f: f.slot_is_shared() and f.record.copies,
    r"it led to the frame of zeros, so the write gets a cleared frame and nothing is copied\.": lambda f: (
        f.before.life(*f.at) == 0 and f.after.life(*f.at) and f.after.sharers(*f.at) == [f.at] and not f.record.copies
    ),
    r"its frame has no other user\.": lambda f: (
        f.users == 1 and not f.moved and f.before.life(*f.at) and not f.record.copies and not f.region.shared
    ),
    r"its memory is shared, so all its users go on with one frame\.": lambda f: f.region.shared and not f.moved,
    r"other pages use its frame, so the write gets a copy\.": lambda f: (
        f.users > 1 and f.moved and f.before.life(*f.at) and f.record.copies
    ),
    r"its frame belongs to the page cache, so the write gets a copy\.": lambda f: (
        f.cached and f.users == 1 and f.moved and f.record.copies
    ),
    r"a page that is out on swap shares its frame, so the write gets a copy\.": lambda f: (
        f.users == 1 and f.moved and f.record.copies and any(p.page == f.at.page for p in f.before.out)
    ),
    r"its region is (\S+), which does not allow this (\w+)\.": lambda f: f.right not in f.region.protection,
    r"its process has no region there\.": lambda f: f.region is None,
    r"the file ends before this page\.": lambda f: (
        f.region.offset + f.at.page - f.region.first_page >= f.region.file.pages
    ),
    r"The step before made a call of (\w+) fail\.": lambda f: f.scenario.steps[f.record.number - 2].verb == "fail",
    r"There was no free frame\.": lambda f: (
        not f.scenario.machine.swap and f.before.frames + 2 * len(f.pages) > f.scenario.machine.frames
    ),
    r"There was no free frame, and no page could leave\.": lambda f: f.scenario.machine.swap,
    r" It took (\d+) faults? for (\d+) pages\.": lambda f: len(f.pages) > 1 and f.record.outcome == "ok",
    r"The fork copied (\d+) frames?\.": lambda f: f.record.copies,
    r"The child's entries lead to the parent's frames\.": lambda f: (
        f.child(lambda life, region: True)
        and all(f.after.life(f.record.forked, p) == f.after.life(f.record.actor, p) for p in f.child(lambda *_: True))
    ),
    r" While a private page has several users, a write to it makes a copy\.": lambda f: f.child(_private),
    r" Pages that may not be written stay as they are\.": lambda f: f.child(
        lambda life, region: Protection.WRITE not in region.protection
    ),
    r" Shared memory stays shared: a write to it is for all its users, and copies nothing\.": lambda f: f.child(
        lambda life, region: region.shared
    ),
    r" A write to a page of zeros gets a cleared frame, and copies nothing\.": lambda f: f.child(
        lambda life, region: life == 0
    ),
    r" ?Pages that are out on swap share their slots\.": lambda f: any(
        p.pid == f.record.forked and f.after.out.get(p._replace(pid=f.record.actor)) == slot
        for p, slot in f.after.out.items()
    ),
    r" ?Pages of the parent that the child has no entry for get one when the child accesses them\.": lambda f: (
        f.after.tables[f.record.actor].keys() - f.after.tables[f.record.forked].keys()
    ),
    r"The parent had no entries, so there was nothing to copy\.": lambda f: not f.before.tables[f.record.actor],
    r"The step did not change that\.": lambda f: _others(f.before, f.at) == _others(f.after, f.at),
    r"(\S+) now leads to a frame that others map as well\.": lambda f: f.moved and _others(f.after, f.at),
    r"No other process maps the frame that (\S+) now leads to\.": lambda f: f.moved and not _others(f.after, f.at),
}


def _others(state, at):
    return {user.pid for user in state.sharers(*at)} - {at.pid}


def runs(name):
    """Yield each scenario of a lab, at each of its failure points, with the recorded trace."""
    lab = lab_of(name)
    for scenario in [*lab.scenarios, *lab.hidden]:
        for point, trace in enumerate(load_recording(lab, scenario).traces):
            yield scenario.at_failure_point(point), trace


def untrue(scenario, trace):
    """Return what is not true in the reasons of a run, or is in none of the clauses above."""
    before, after, wrong = State(scenario), State(scenario), []
    for record, own in questions(scenario, trace.pids, trace.steps):
        after.follow(record)
        for question in own:
            label, said = re.fullmatch(r"(?:(\w+\[\d+\]|page \d+): )?(.*)", question.why).groups()
            facts = Facts(scenario, trace.pids, record, before, after, label)
            wrong += [f"{scenario.id}, step {record.number}: {clause}" for clause in _untrue(facts, said)]
        before.follow(record)
    return wrong


def _untrue(facts, why):
    """Return the clauses of a reason that do not hold; what is no known clause is returned as it is."""
    found = []
    while why:
        pattern, match = next(((p, m) for p in CLAUSES if (m := re.match(p, why))), ("", None))
        if match is None:
            return [*found, f"not known: {why}"]
        if not CLAUSES[pattern](facts):
            found.append(match[0])
        why = why[match.end() :]
    return found


@pytest.mark.parametrize("lab", LABS)
def test_every_reason_holds_in_every_scenario_of_every_lab(lab):
    """Public and hidden scenarios, at every failure point: no clause contradicts the recorded run."""
    assert [line for scenario, trace in runs(lab) for line in untrue(scenario, trace)] == []


def whys(lab, scenario, step):
    """Return the reasons that a public scenario gives in one step."""
    one, trace = recorded(lab, scenario)
    return next(
        [q.why for q in own] for record, own in questions(one, trace.pids, trace.steps) if record.number == step
    )


def test_a_write_to_a_page_of_zeros_is_explained_by_it():
    """Several pages show the frame, so that the writer has it alone is no reason."""
    (why,) = whys("demand-paging", "reads-share-zeros", 3)

    assert why.endswith("it led to the frame of zeros, so the write gets a cleared frame and nothing is copied.")


def test_who_shares_the_frame_of_zeros_counts_as_well():
    """A child that inherited zeros shares them with its parent until it writes."""
    assert whys("copy-on-write", "zeros-are-inherited", 5)[1] == (
        "No other process maps the frame that C:h[0] now leads to."
    )


@pytest.mark.parametrize(
    ("lab", "scenario", "step", "words"),
    [
        ("copy-on-write", "a-promise-is-handed-down", 2, "The parent had no entries, so there was nothing to copy."),
        ("copy-on-write", "zeros-are-inherited", 3, "A write to a page of zeros gets a cleared frame"),
        ("copy-on-write", "fork-faults", 3, "While a private page has several users, a write to it makes a copy."),
        ("shared-memory", "parent-sees-child", 3, "Shared memory stays shared"),
    ],
)
def test_a_fork_without_copies_is_explained_by_what_was_shared(lab, scenario, step, words):
    """Nothing, zeros, private pages and shared memory are four reasons."""
    (why,) = whys(lab, scenario, step)

    assert words in why
    assert ("makes a copy" in why) is ("private" in words)
