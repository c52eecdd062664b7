"""What every report's tests share."""

import pytest

from tests.report.classroom50_schema import ENVIRONMENT


@pytest.fixture(autouse=True, scope="package")
def classroom50_environment():
    """Set what Classroom 50's runner sets: `--format classroom50` names the submission by it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.delenv("USERNAME", raising=False)
        yield
