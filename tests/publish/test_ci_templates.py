"""The CI templates, held against the schemas that GitHub and GitLab publish (check-jsonschema brings them along)."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "schema"), [(".github/workflows/grade.yml", "github-workflows"), (".gitlab-ci.yml", "gitlab-ci")]
)
def test_templates_pass_the_linter(lab, cli, tmp_path, name, schema):
    """What a release puts into a student's repository is what the systems accept."""
    cli("release", lab, "--output", tmp_path / "out")
    done = lint(tmp_path / "out" / name, schema)

    assert done.returncode == 0, done.stdout


def test_the_linter_would_complain(tmp_path):
    """The control: a workflow without jobs is refused."""
    (tmp_path / "bad.yml").write_text("name: x\non: push\n")

    assert lint(tmp_path / "bad.yml", "github-workflows").returncode == 1


def lint(path, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
