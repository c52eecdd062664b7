"""Parameters of tests that take long."""

import pytest


def proofs_but(quick, values):
    """Return parameters of which `make test` takes only the quick one, and `make proofs` the others."""
    return [value if value == quick else pytest.param(value, marks=pytest.mark.proof) for value in values]
