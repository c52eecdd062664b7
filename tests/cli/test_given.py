"""What the words of a command line mean."""

from argparse import Namespace

import pytest

from grader.cli.given import lab_and_scenario


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ((None, None), (None, None)),
        (("touch", None), (None, "touch")),
        ((".", None), (".", None)),
        (("../small", None), ("../small", None)),
        (("lab.yaml", None), ("lab.yaml", None)),
        (("scenarios", None), (None, "scenarios")),
        ((".", "touch"), (".", "touch")),
    ],
)
def test_inside_a_lab_one_word_that_names_no_lab_is_a_scenario(lab, monkeypatch, words, meaning):
    """A folder without a lab.yaml names no lab either."""
    monkeypatch.chdir(lab)

    assert lab_and_scenario(Namespace(lab=words[0], scenario=words[1])) == meaning


def test_elsewhere_one_word_is_a_lab(lab, monkeypatch):
    """It may be mistyped: the error is then about a lab."""
    monkeypatch.chdir(lab.parent)

    assert lab_and_scenario(Namespace(lab="smal", scenario=None)) == ("smal", None)


@pytest.mark.parametrize("command", ["show", "predict", "host"])
def test_every_command_with_a_scenario_goes_by_it(lab, cli, monkeypatch, command):
    """And says what is near where there is none of that name."""
    monkeypatch.chdir(lab)
    monkeypatch.setattr("grader.host.probes.missing", lambda: "")
    monkeypatch.setattr("grader.cli.host._about", lambda *_: None)
    status, _, err = cli(command, "tuch")

    assert status == 2 and "'tuch'; did you mean 'touch'?" in err
