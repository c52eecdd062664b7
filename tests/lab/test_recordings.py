"""Recorded outputs of a lab."""

import shutil

import pytest

from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recordings


def load(path):
    lab = load_lab(path)
    return load_recordings(lab, lab.all_scenarios)


def test_each_scenario_has_its_recording(lab):
    """By the scenario's id; what editors leave beside them is none."""
    (lab / "reference" / "outputs" / "small" / "._fork.json").write_bytes(b"\0")

    assert sorted(load(lab)) == ["fork", "secret", "touch"]


def test_recordings_without_a_scenario_stop_the_grading(lab):
    """A checkout without its hidden scenarios would give everybody other points without a word."""
    shutil.rmtree(lab / "hidden")
    path = lab / "lab.yaml"

    with pytest.raises(InputError, match=r"outputs/small: recordings of scenarios that are not there: secret; get"):
        load(path.parent)


def test_record_takes_the_lab_as_it_is(cli, lab):
    """An author who removed a scenario on purpose records again, and goes on."""
    (lab / "hidden" / "secret.yaml").unlink()
    before = cli("run", lab)
    recorded = cli("record", lab)

    assert before[0] == 2 and "recordings of scenarios that are not there: secret" in before[2]
    assert "secret: removed; this scenario no longer exists" in recorded[1]
    assert cli("run", lab)[0] == 1
