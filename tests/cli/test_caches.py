"""What is kept between runs changes no result, whatever is in the user's cache folder."""

import pathlib
import re
import shutil

import pytest

from grader import kept
from grader.grade import kept_answers
from grader.lab import recordings
from grader.scenario import kept_scenarios

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {"answers", "marks", "recordings", "scenarios", "yaml"}


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    """The model answer of copy-on-write as a student hands it in, with a mistake, and a sheet with one wrong answer."""
    below, above = (ROOT.joinpath("reference", f"{n}.py").read_text() for n in ("demand_paging", "copy_on_write"))
    above = re.sub(r"from (__future__|reference\.demand_paging) import .*\n", "", above)
    folder = tmp_path_factory.mktemp("class") / "copy-on-write"
    folder.mkdir()
    wrong = above.replace("readable = entry.protection & NOT_WRITE", "readable = entry.protection")
    assert wrong != above
    (folder / "kernel.py").write_text(below + wrong)
    sheet = ROOT.joinpath("reference", "answers", "copy-on-write.yaml").read_text()
    (folder / "answers.yaml").write_text(re.sub(r"(?m)^([\w-]+): \w+$", r"\1: x", sheet, count=1))
    return folder


@pytest.fixture
def report(submission, cli, monkeypatch):
    """report(): exit status and what a run prints, with hidden scenarios and the quiz."""
    for module in (kept_answers, kept_scenarios, recordings):
        monkeypatch.setattr(module, "FEW", 1)
    lab = ROOT / "labs" / "copy-on-write"
    return lambda: cli("run", lab, "--submission", submission, "--format", "json", "--audience", "staff")


#: What a run prints without a cache, and the folder that one run with a new cache has filled.
_SHARED: dict = {}


@pytest.fixture
def without_cache(report, monkeypatch):
    """What a run prints that can keep nothing."""
    if "printed" not in _SHARED:
        with monkeypatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", "relative")
            _SHARED["printed"] = report()
    return _SHARED["printed"]


@pytest.fixture
def filled_cache(report, user_cache, monkeypatch, tmp_path_factory):
    """The test's own cache, as a run leaves it; its packs."""
    if "filled" not in _SHARED:
        _SHARED["filled"] = tmp_path_factory.mktemp("filled")
        with monkeypatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(_SHARED["filled"]))
            report()
    shutil.copytree(_SHARED["filled"], user_cache.parent)
    return [path for kind in user_cache.iterdir() for path in kind.iterdir()]


def test_the_report_is_the_same_with_a_new_cache(report, without_cache, user_cache):
    """A run that finds nothing, and keeps something of every kind, gives the bytes of one without a cache."""
    assert report() == without_cache
    assert without_cache[0] == 1 and '"verdict": "failed"' in without_cache[1]
    assert {kind.name for kind in user_cache.iterdir()} == KINDS


@pytest.mark.parametrize("state", ["warm", "cut", "foreign", "of another grader", "writable by others"])
def test_the_report_is_the_same_with_every_cache(report, without_cache, filled_cache, monkeypatch, state):
    """A run that finds all, and those that find what they must not use give the same bytes."""
    assert {path.parent.name for path in filled_cache} == KINDS
    for path in filled_cache:
        if state == "cut":
            path.write_bytes(path.read_bytes()[:-1])
        elif state == "foreign":
            path.write_bytes(b"not ours")
        elif state == "writable by others":
            path.parent.chmod(0o777)
    if state == "of another grader":
        monkeypatch.setattr(kept, "stamp", lambda: "another")

    assert report() == without_cache
