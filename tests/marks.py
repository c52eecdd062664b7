"""Parameters of tests that take long."""

import pytest
from hypothesis import settings

#: True in `make proofs` (conftest.py).
PROOFS = False


def long_property(examples, **options):
    """Give a property that many examples in `make proofs`, and a quarter of them, or ten, in `make test`."""

    def limited(test):
        test = settings(max_examples=examples if PROOFS else max(examples // 4, 10), **options)(test)
        return pytest.mark.proof(test) if PROOFS else test

    return limited


def proofs_but(quick, values):
    """Return parameters of which `make test` takes only the quick one, and `make proofs` the others."""
    return [value if value == quick else pytest.param(value, marks=pytest.mark.proof) for value in values]


def proofs_except(quick, values):
    """Return parameters of which `make test` takes those in `quick`, and `make proofs` the others."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.proof) for value in values]


#: The allocation orders of `make test` and of `make proofs`: the one that no kernel can have been written for, and all.
ORDERS = proofs_but("random", ["lowest", "stride", "random"])
