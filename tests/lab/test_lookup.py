"""What a name on a command line means."""

import pytest

from grader.errors import InputError
from grader.lab.lookup import find_lab


def test_find_lab_says_what_there_is(lab, monkeypatch):
    """LAB may be a folder, a name below ./labs, or nothing inside a lab; else the message guesses or lists labs."""
    monkeypatch.chdir(lab)
    assert (find_lab(None) / "lab.yaml").is_file()
    monkeypatch.chdir(lab.parent)
    (lab.parent / "labs").symlink_to(lab.parent)
    assert find_lab("small").name == "small"
    with pytest.raises(InputError, match="labs here: small, labs/small"):
        find_lab("quite-another")
    for missed, meant in (("smal", "small"), (lab.parent / "smal", lab), ("labs/smal", "labs/small")):
        with pytest.raises(InputError, match=f"smal: no lab.yaml there; did you mean '{meant}'\\?"):
            find_lab(str(missed))
    monkeypatch.chdir(lab)
    with pytest.raises(InputError, match="quite-another: no lab.yaml there; no lab is here or in labs/"):
        find_lab("quite-another")
