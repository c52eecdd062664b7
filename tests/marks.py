"""Parameters of tests that take long."""

import pytest


def proofs_but(quick, values):
    """Return parameters of which `make test` takes only the quick one, and `make proofs` the others."""
    return [value if value == quick else pytest.param(value, marks=pytest.mark.proof) for value in values]


def proofs_except(quick, values):
    """Return parameters of which `make test` takes those in `quick`, and `make proofs` the others."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.proof) for value in values]


#: The allocation orders of `make test` and of `make proofs`: the one that no kernel can have been written for, and all.
ORDERS = proofs_but("random", ["lowest", "stride", "random"])
