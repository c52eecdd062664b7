"""Marks of a sheet that are known from an earlier run."""

import pytest

from grader import kept
from grader.lab.lab import load_lab
from grader.quiz import mark
from grader.quiz.marker import Marker

SHEET = b"copies: 1\nwho: child\n"


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "marks"


@pytest.fixture
def marked(lab, monkeypatch):
    """marked(sheet): its marks, and True if they were worked out."""
    worked = []
    whole = Marker.mark
    monkeypatch.setattr(Marker, "mark", lambda *given: (worked.append(given), whole(*given))[1])

    def run(sheet=SHEET):
        worked.clear()
        return mark(load_lab(lab), sheet), bool(worked)

    return run


def test_a_sheet_is_marked_once(marked):
    """The second run finds the marks and the feedback as they were."""
    first, _ = marked()

    assert marked() == (first, False)
    assert any("feedback" in question for question in first["questions"])


@pytest.mark.parametrize("sheet", [None, b"", b"copies: 2\n", b"a: [1\n"])
def test_another_sheet_is_marked(marked, sheet):
    """No sheet at all, an empty one, and one that cannot be read are different sheets."""
    first, _ = marked()
    other, worked = marked(sheet)

    assert worked
    assert other != first
    assert marked(sheet) == (other, False)


@pytest.mark.parametrize("file", ["quiz.yaml", "scenarios/fork.yaml", "lab.yaml", "keys"])
def test_a_changed_file_is_noticed(marked, lab, file):
    """Marks depend on the quiz, on its recorded keys, and on the scenarios that it asks about."""
    marked()
    path = load_lab(lab).keys if file == "keys" else lab / file
    path.write_text(path.read_text() + "\n")

    assert marked()[1]


def test_marks_with_a_computed_key_are_not_kept(marked, lab):
    """A key that is not recorded is worked out by a replay, which depends on more than these files."""
    load_lab(lab).keys.unlink()

    assert marked()[1]
    assert marked()[1]


def test_marks_of_a_quiz_that_changes_meanwhile_are_not_kept(marked, lab, monkeypatch):
    """They may be the new quiz's, and would be taken for the old one's where that comes back."""
    old, whole = (lab / "quiz.yaml").read_text(), Marker.__init__
    new = old.replace("points: 1", "points: 2")

    def edited(*given):
        (lab / "quiz.yaml").write_text(new)
        whole(*given)

    with monkeypatch.context() as changing:
        changing.setattr(Marker, "__init__", edited)
        marks, _ = marked()
    (lab / "quiz.yaml").write_text(old)

    assert new != old
    assert marked() != (marks, False)


@pytest.mark.parametrize("damage", ["cut", "another shape", "another grader", "writable by others"])
def test_marks_that_cannot_be_trusted_are_not_used(marked, cache, monkeypatch, damage):
    """The sheet is marked again, with the same marks."""
    first, _ = marked()
    (pack,) = cache.iterdir()
    if damage == "cut":
        pack.write_bytes(pack.read_bytes()[:-1])
    elif damage == "another shape":
        monkeypatch.setattr(kept.Pack, "get", lambda self, digest: [1, 2])
    elif damage == "another grader":
        monkeypatch.setattr(kept, "stamp", lambda: "another")
    else:
        cache.chmod(0o777)

    assert marked() == (first, True)
