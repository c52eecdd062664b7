"""What tests of a submission in the sandbox share."""

import pytest

from grader.grade.session import Session
from grader.lab.lab import load_lab


@pytest.fixture
def session(lab, box):
    """A session of the small lab; closing it would end the box, which another fixture does."""
    return Session(load_lab(lab), boxes={"python": box})
