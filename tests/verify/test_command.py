"""`grader verify` on the command line."""

import pathlib

import pytest

from grader.cli import main

LAB = str(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")


def test_no_difference_names_the_length(capsys):
    """The result says up to how many steps it holds, and never more."""
    assert main(["verify", LAB, "--submission", "reference", "--steps", "1"]) == 0
    assert "No difference in any scenario of up to 1 steps" in capsys.readouterr().out


def test_a_difference_is_written_as_yaml(capsys):
    """The scenario is printed in full, and the exit status tells of the difference."""
    assert main(["verify", LAB, "--submission", "misconception:parent_w", "--steps", "3"]) == 1
    assert "- fork: {by: A, child: B}" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [("--steps", "0"), ("--scope", "nix")])
def test_a_wrong_option_names_the_value(capsys, wrong):
    """An option that makes no sense is refused with its value."""
    assert main(["verify", LAB, "--submission", "reference", *wrong]) == 2
    assert " ".join(wrong) in capsys.readouterr().err
