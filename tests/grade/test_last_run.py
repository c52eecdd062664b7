"""The note on a student's last run."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grade.last_run import NAME, LastRun, last_run
from grader.lab.lab import load_lab
from tests.labs import kernel_text


def test_a_run_is_remembered_and_listed(lab, cli, monkeypatch):
    """`list` says the points of the last run, and how each scenario went; a run of somebody else's kernel does not."""
    (lab / "kernel.py").write_text(kernel_text())
    cli("run", lab)
    cli("run", lab, "--submission", "reference")
    cli("run", lab, "--only", "touch")
    out = cli("list", lab)[1]

    assert "  ok       touch" in out
    assert out.endswith("2 public scenarios; 90 of 100 points, just now\n")


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "just now"), (61, "1 minute ago"), (7300, "2 hours ago"), (9e4, "1 day ago")]
)
def test_how_long_ago(seconds, told):
    """In the largest whole unit."""
    assert LastRun(0.0, 1, 2, {}).told(seconds) == f"1 of 2 points, {told}"


def test_a_folder_that_cannot_be_written(lab, cli, monkeypatch):
    """The run is graded all the same."""
    monkeypatch.setattr(
        "grader.grade.last_run.write_file", lambda *words: (_ for _ in ()).throw(OSError(30, "read-only"))
    )
    (lab / "kernel.py").write_text(kernel_text())

    assert cli("run", lab)[0] == 1
    assert not (lab / NAME).exists()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    from tests.labs import recorded

    return load_lab(recorded(tmp_path_factory.mktemp("lab")))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["when", "points", "max_points", "verdicts", "touch"]), inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["when", "points", "max_points"])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", '"nan"'])
def test_a_number_that_is_none_is_no_note(loaded, name, number):
    """JSON of Python has them, and no time or points can be told from them."""
    numbers = {"when": "1", "points": "2", "max_points": "3"} | {name: number}
    fields = ", ".join(f'"{key}": {value}' for key, value in numbers.items())
    (loaded.path / NAME).write_text(f'{{{fields}, "verdicts": {{}}}}')

    assert last_run(loaded) is None


@given(st.binary(max_size=60) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_in_the_file_is_none_or_a_note(loaded, data):
    """A damaged note is no note; nothing in it is shown but numbers and known names."""
    (loaded.path / NAME).write_bytes(data)
    found = last_run(loaded)

    assert found is None or set(found.verdicts) <= {"touch", "fork"}
