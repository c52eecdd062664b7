"""The host machine that tests share: its agent starts once."""

import pytest

from grader.host.machine import HostMachine
from grader.host.probes import missing, probe


@pytest.fixture(scope="session")
def host():
    """A host machine whose kernel follows all rules of the profile; `found` is what the self-test finds."""
    if missing():
        pytest.skip(missing())
    with HostMachine() as machine:
        machine.found = probe(machine)
        if machine.found.breaks or not machine.found.looks:
            pytest.skip(f"this kernel does not follow rules {machine.found.breaks}, or does not let us look")
        yield machine
