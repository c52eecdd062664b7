"""Misconceptions tried on a lab, and what is recorded of them."""

import pathlib
import re

from grader.authoring.check import check_misconceptions
from grader.authoring.misconceptions import (
    Tried,
    fingerprints_text,
    idle_scenarios,
    record_fingerprints,
    try_misconceptions,
)
from grader.grade.diagnosis import load_fingerprints
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconceptions

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_a_misconception_is_tried_on_every_scenario():
    """Public and hidden scenarios that catch it are told apart, each with a sign."""
    lab = load_lab(ROOT / "labs" / "copy-on-write")
    [one] = try_misconceptions(lab, ["exit_leak"])

    assert one.public and one.hidden
    assert set(one.signs) == {*one.public, *one.hidden}
    assert all(re.fullmatch(r"(\d+:)?[0-9a-f]{12}", sign) for sign in one.signs.values())


def test_progress_is_told_before_each():
    """The bar of `grader check` knows which kernel is being tried."""
    lab = load_lab(ROOT / "labs" / "demand-paging")
    seen = []
    try_misconceptions(lab, misconceptions(lab)[:3], seen.append)

    assert seen == misconceptions(lab)[:3]


def test_a_survivor_fails_the_check():
    """Without the scenarios that catch it a mistake is named, and so is the share that public ones must reach."""
    lab = load_lab(ROOT / "labs" / "kernel-access")
    few = [s for s in lab.scenarios if s.id == "buffer-nowhere"]
    problems = check_misconceptions(lab._replace(scenarios=few, hidden=[]), lambda flag: None).problems

    assert "copyout_first: no scenario of this lab catches it" in problems
    assert any(re.fullmatch(r"too few misconceptions lose points in a public scenario: \d of \d+", p) for p in problems)


def test_a_scenario_that_adds_nothing_is_listed(lab):
    """One that catches no new mistake and tells no two apart; one that tells two apart is none."""
    loaded = load_lab(lab)  # touch, fork and the hidden one
    same = [Tried("a", [], [], {"touch": "1", "fork": "2"}), Tried("b", [], [], {"touch": "1", "fork": "2"})]
    apart = [Tried("a", [], [], {"touch": "1", "fork": "2"}), Tried("b", [], [], {"touch": "1", "fork": "3"})]

    assert idle_scenarios(loaded, same) == ["fork", "secret"]
    assert idle_scenarios(loaded, apart) == ["secret"]


def test_recorded_fingerprints_are_what_the_kernels_do():
    """Recording again changes nothing, and what is read back is what was found."""
    lab = load_lab(ROOT / "labs" / "demand-paging")
    tried = try_misconceptions(lab, misconceptions(lab))

    assert (ROOT / "reference" / "fingerprints" / "demand-paging.json").read_text() == fingerprints_text(lab, tried)
    assert [m.flag for m in load_fingerprints(lab)] == [one.flag for one in tried]


def test_a_lab_without_misconceptions_records_none(lab):
    """No file is written for it."""
    assert not record_fingerprints(load_lab(lab))
    assert not (lab.parent / "reference" / "fingerprints").exists()
