"""What is kept between runs changes no result, whatever is in the user's cache folder."""

import re

import pytest

from grader import kept
from grader.grade import kept_answers
from grader.lab import recordings
from grader.scenario import kept_scenarios

KINDS = {"answers", "marks", "recordings", "scenarios", "yaml"}


@pytest.fixture
def submission(root, tmp_path):
    """The model answer of copy-on-write as a student hands it in, with a mistake, and a sheet with one wrong answer."""
    below, above = (root.joinpath("reference", f"{n}.py").read_text() for n in ("demand_paging", "copy_on_write"))
    above = re.sub(r"from (__future__|reference\.demand_paging) import .*\n", "", above)
    folder = tmp_path / "copy-on-write"
    folder.mkdir()
    wrong = above.replace("readable = entry.protection & NOT_WRITE", "readable = entry.protection")
    assert wrong != above
    (folder / "kernel.py").write_text(below + wrong)
    sheet = root.joinpath("reference", "answers", "copy-on-write.yaml").read_text()
    (folder / "answers.yaml").write_text(re.sub(r"(?m)^([\w-]+): \w+$", r"\1: x", sheet, count=1))
    return folder


@pytest.fixture
def report(root, submission, cli, monkeypatch):
    """report(): exit status and what a run prints, with hidden scenarios and the quiz."""
    for module in (kept_answers, kept_scenarios, recordings):
        monkeypatch.setattr(module, "FEW", 1)
    lab = root / "labs" / "copy-on-write"
    return lambda: cli("run", lab, "--submission", submission, "--format", "json", "--audience", "staff")


@pytest.mark.parametrize("state", ["new", "warm", "cut", "foreign", "of another grader", "writable by others"])
def test_the_report_is_the_same_with_every_cache(report, user_cache, monkeypatch, state):
    """A cold run, one that finds all, and those that find what they must not use give the same bytes."""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # no cache at all
    expected = report()
    monkeypatch.setenv("XDG_CACHE_HOME", str(user_cache.parent))
    if state != "new":
        report()
        packs = [path for kind in user_cache.iterdir() for path in kind.iterdir()]
        assert {path.parent.name for path in packs} == KINDS
        for path in packs:
            if state == "cut":
                path.write_bytes(path.read_bytes()[:-1])
            elif state == "foreign":
                path.write_bytes(b"not ours")
            elif state == "writable by others":
                path.parent.chmod(0o777)
        if state == "of another grader":
            monkeypatch.setattr(kept, "stamp", lambda: "another")

    assert report() == expected
    assert expected[0] == 1 and '"verdict": "failed"' in expected[1]
