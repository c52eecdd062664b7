"""A lab's folder: what loads, and every problem at once."""

import contextlib
import datetime
import pathlib
import shutil
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.check import check_lab
from grader.errors import InputError
from grader.formats.checking import find_problems
from grader.formats.schema import schema_text
from grader.formats.yaml_reader import plain_value, read_yaml
from grader.formats.yaml_writer import flow
from grader.lab import fields
from grader.lab.lab import load_lab
from tests.labs import LAB, SECRET, TOUCH

_VALIDATOR = jsonschema.Draft202012Validator(fields.schema())


def problems(path):
    with pytest.raises(InputError) as caught:
        load_lab(path)
    return caught.value.problems


def test_a_lab_loads(lab):
    """Tasks in order, scenarios in the handout's order, paths resolved."""
    loaded = load_lab(lab)

    assert [t.id for t in loaded.tasks] == ["touch", "share", "quiz"]
    assert [s.id for s in loaded.all_scenarios] == ["touch", "fork", "secret"]
    assert loaded.outputs == lab / "reference" / "outputs" / "small"


def test_shares_count_hidden_scenarios_and_weights(lab):
    """A task's points are divided over public and hidden scenarios by weight, in hundredths that add up."""
    (lab / "hidden" / "secret.yaml").write_text(SECRET + "weight: 2\n")
    loaded = load_lab(lab)

    assert loaded.share(loaded.scenarios[1]) == Fraction(1333, 100)
    assert loaded.hidden_points() == Fraction(2667, 100)


def test_a_released_lab_has_the_same_public_points(lab):
    """Without hidden files, but with their weights on record, a public scenario is worth the same."""
    before = load_lab(lab)
    (lab / "hidden" / "secret.yaml").unlink()
    (lab / "release.json").write_text('{"hidden": {"share": [1]}}')
    after = load_lab(lab)

    assert [before.share(s) for s in before.scenarios] == [after.share(s) for s in after.scenarios]
    assert after.hidden_points() == before.hidden_points()


def test_a_released_lab_keeps_its_name(lab):
    """Students call their folders as they like; receipts and advice must not depend on it."""
    (lab / "release.json").write_text('{"lab": "pages", "hidden": {"share": [1]}}')
    loaded = load_lab(lab)

    assert (loaded.name, loaded.path.name) == ("pages", "small")


@pytest.mark.parametrize("name", ['"../pages"', '"\\u001b[2J"', "7", "null"])
def test_a_record_with_a_name_that_is_none_is_refused(lab, name):
    """It becomes part of paths, and is printed."""
    (lab / "release.json").write_text(f'{{"lab": {name}, "hidden": {{"share": [1]}}}}')

    with pytest.raises(InputError, match=r"release.json: not a release's record .*; fetch the lab again"):
        load_lab(lab)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points: 50", "points: 40", "small/lab.yaml:6: the tasks' points add up to 90; a lab has 100"),
        ("points: 50", "points: x", "small/lab.yaml:7: a task: points is 'x'; expected a number, 0 to 100"),
        ("needs: [touch]", "needs: [tuch]", "task 'share' needs 'tuch', which is not an earlier task"),
        ("needs: [touch]", "needs: touch", "needs is 'touch'; expected a list of tasks"),
        ("title: A small lab", "titel: A", "a lab has no field 'titel' (did you mean 'title'?)"),
        ("kernel: kernel.py:SmallKernel", "kernel: kernel.py", "expected FILE:CLASS"),
        ("reference/small.py", "reference/none.py", "file reference/none.py does not exist"),
        ("id: touch", "id: tap", "task 'touch' is not in lab.yaml; there are tap, share"),
        ("format: 1", "format: 9", "format 9 is not known"),
        ("quiz: quiz.yaml\n", "", "there is a task `quiz` but no field `quiz`"),
    ],
)
def test_a_wrong_lab_is_refused_in_words(lab, old, new, words):
    """Each mistake in lab.yaml has its place and its way out."""
    (lab / "lab.yaml").write_text(LAB.replace(old, new))

    assert any(words in problem for problem in problems(lab))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("everything", "hidden_feedback is 'everything'; use passed, rule, points, or {after:"),
        ("{until: rule}", "hidden_feedback is {'until': 'rule'}; use passed"),
        ("{after: 2026-12-24}", "the date '2026-12-24' needs quotes; write '2026-12-24'"),
        ("{after: '2026-02-30'}", "after is '2026-02-30'; use a date such as"),
        ("{after: '2026-12-24T18:00'}", "a time needs its offset from UTC, such as +01:00 or Z"),
        ("{after: tomorrow}", "after is 'tomorrow'; use a date such as"),
        ("{after: 20261224}", "after is 20261224; use a date such as"),
    ],
)
def test_a_wrong_hidden_feedback_is_refused_with_its_line(lab, value, words):
    """Each mistake is named with lab.yaml's line, and `grader check` reports it under files."""
    (lab / "lab.yaml").write_text(f"{LAB}hidden_feedback: {value}\n")
    (proof,) = check_lab(lab)

    assert proof.kind == "files"
    assert [p for p in proof.problems if words in p and p.startswith(f"small/lab.yaml:{LAB.count(chr(10)) + 1}: ")]


@pytest.mark.parametrize(
    ("text", "last", "first"),
    [
        ("2026-12-24", "2026-12-25T11:59:59+00:00", "2026-12-25T12:00:00+00:00"),
        ("2026-12-24T18:00+01:00", "2026-12-24T16:59:59+00:00", "2026-12-24T17:00:00+00:00"),
        ("2026-12-24 18:00:30Z", "2026-12-24T18:00:29+00:00", "2026-12-24T18:00:30+00:00"),
    ],
)
def test_a_date_is_over_when_it_is_over_everywhere(lab, text, last, first):
    """`after` tells nothing until the day has ended in the last time zone, or until the time, then what `rule` does."""
    (lab / "lab.yaml").write_text(f"{LAB}hidden_feedback:\n  after: '{text}'\n")
    feedback = load_lab(lab).feedback

    assert feedback.at(datetime.datetime.fromisoformat(last).timestamp()) == "nothing"
    assert feedback.at(datetime.datetime.fromisoformat(first).timestamp()) == "rule"


def test_all_problems_are_found_at_once(lab):
    """A broken scenario does not hide a broken lab.yaml, nor another broken scenario."""
    (lab / "lab.yaml").write_text(LAB.replace("points: 50", "points: 40"))
    (lab / "scenarios" / "touch.yaml").write_text(TOUCH.replace("faults", "fault"))
    (lab / "scenarios" / "fork.yaml").write_text("a: [")

    found = "\n".join(problems(lab))

    assert "add up to 90" in found
    assert "small/scenarios/touch.yaml:7: step 2: expect has no field 'fault' (did you mean 'faults'?)" in found
    assert "this is not YAML" in found and "no scenario" not in found


def test_the_schema_is_what_the_tables_say():
    """lab.schema.json is generated; `python -m grader.lab.fields` writes it again."""
    assert fields.PATH.read_text(encoding="utf-8") == schema_text(fields.schema())
    jsonschema.Draft202012Validator.check_schema(fields.schema())


@pytest.mark.parametrize("name", ["copy-on-write", "demand-paging", "tlb"])
def test_labs_fit_the_schema(root, name):
    """An editor marks nothing in the labs of the project."""
    block = read_yaml((root / "labs" / name / "lab.yaml").read_bytes(), name)

    assert list(_VALIDATOR.iter_errors(plain_value(block))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("points: 50", "points: 101"),
        ("points: 50", "points: x"),
        ("needs: [touch]", "needs: touch"),
        ("title: A small lab", "titel: A"),
        ("kernel: kernel.py:SmallKernel", "kernel: kernel.py"),
        ("format: 1", "format: 9"),
        ("  - {id: touch,", "  - {name: touch,"),
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(lab, old, new):
    """As far as a schema can see it, an editor and the loader agree on what is wrong."""
    text = LAB.replace(old, new)
    (lab / "lab.yaml").write_text(text)

    assert list(_VALIDATOR.iter_errors(plain_value(read_yaml(text, "f")))) != []
    assert problems(lab) != []


_PICTURE = {"name": "a-b", "scenario": "touch", "step": 1}
_WORLD = {"name": "a-b", "mappings": [{"by": "P", "name": "h", "pages": 1}], "verbs": ["read"]}


@given(
    field=st.sampled_from([*fields.TOP, "other"]),
    value=st.sampled_from(
        [0, 1, 1.5, True, "", "x", "a.py:B", "a:1", [], ["a"], [{"id": "a"}], [_PICTURE], [_WORLD], {}, {"a": 1}]
    ),
)
def test_what_the_loader_takes_the_schema_takes(field, value):
    """An editor that goes by the schema marks nothing that the loader takes."""
    block = read_yaml(flow({**plain_value(read_yaml(LAB, "f")), field: value}), "f")
    if list(find_problems("a lab", block, fields.TOP, 1)):
        return
    parts = [(task, fields.TASK) for task in block["tasks"]]
    parts += [(picture, fields.PICTURE) for picture in block.get("pictures", ())]
    parts += [(block["mine"], fields.MINE)] if "mine" in block else []
    parts += [(world, fields.WORLD) for world in block.get("scope", ())]
    if not any(list(find_problems("a part", part, table, 1)) for part, table in parts):
        assert list(_VALIDATOR.iter_errors(plain_value(block))) == []


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda hidden: hidden.symlink_to("nowhere/hidden"), "No such file or directory; it must be a folder"),
        (lambda hidden: hidden.write_text("../hidden"), "Not a directory; it must be a folder that can be read"),
    ],
)
def test_a_lost_folder_of_scenarios_is_a_problem(lab, loss, words):
    """A link that leads nowhere, or the text that git makes of a link, must not count as "no hidden scenarios"."""
    shutil.rmtree(lab / "hidden")
    loss(lab / "hidden")

    assert [words in problem for problem in problems(lab) if "/hidden: " in problem] == [True]


def test_a_folder_that_cannot_be_listed_is_a_problem(lab, monkeypatch):
    """Without the right to read it, its scenarios are there all the same."""
    listed = pathlib.Path.iterdir

    def iterdir(path):
        if path.name == "hidden":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(pathlib.Path, "iterdir", iterdir)

    assert any("hidden: Permission denied" in problem for problem in problems(lab))


def test_files_of_editors_are_no_scenarios(lab):
    """Emacs' lock leads nowhere, and macOS' companion is no YAML; both lie beside the file for a while."""
    (lab / "scenarios" / ".#touch.yaml").symlink_to("user@host.1:2")
    (lab / "hidden" / "._secret.yaml").write_bytes(b"\0\x05\x16\x07")

    assert [s.id for s in load_lab(lab).all_scenarios] == ["touch", "fork", "secret"]


@pytest.mark.parametrize("field", ["title", "learnt", "hand_in"])
def test_a_text_cannot_move_the_cursor(lab, field):
    """The lab may lie among downloads, and `grader list` shows it."""
    path = lab / "lab.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(f"{field}:")]
    path.write_text("\n".join([*kept, field + r': "A\e[2J\u202elab"', ""]))

    assert getattr(load_lab(lab), field) == r"A\e[2J\u202elab"


def test_a_name_may_be_used_once(lab):
    """A hidden scenario with the name of a public one is refused."""
    (lab / "hidden" / "touch.yaml").write_text(TOUCH)

    assert any("a public scenario has the same name" in problem for problem in problems(lab))


@given(
    st.binary(max_size=60), st.sampled_from(["", "format: 1\ntitle: ", "format: 1\ntitle: x\nkernel: k.py:K\ntasks: "])
)
def test_any_bytes_load_or_are_refused(tmp_path_factory, data, start):
    """No lab.yaml makes the loader fail in any other way than with its problems."""
    folder = tmp_path_factory.getbasetemp() / "any-lab"
    folder.mkdir(exist_ok=True)
    (folder / "lab.yaml").write_bytes(start.encode() + data)

    with contextlib.suppress(InputError):
        load_lab(folder)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("new-one.yml", "the name of a scenario's file ends in .yaml; rename it to new-one.yaml"),
        ("spare.YAML", "the name of a scenario's file ends in .yaml; rename it to spare.yaml"),
        ("spare.yaml.txt", "the name of a scenario's file ends in .yaml; rename it to spare.yaml"),
        ("Foo Bar.yaml", "a scenario's name has small letters, digits and single hyphens; rename it to foo-bar.yaml"),
        ("Spare_2.YML", "a scenario's name has small letters, digits and single hyphens; rename it to spare-2.yaml"),
        (
            "\u00fc.yaml",
            "a scenario's name has small letters, digits and single hyphens; rename it to tight-memory.yaml",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["scenarios", "hidden"])
def test_a_scenario_whose_name_would_be_passed_over_is_a_problem(lab, kind, name, told):
    """Everybody would be graded without it, and nobody would notice."""
    (lab / kind / name).write_text(TOUCH)

    assert problems(lab) == [f"small/{kind}/{name}: {told}"]


def test_other_files_next_to_scenarios_are_none(lab):
    """Notes, and copies that editors keep."""
    for name in ("notes.md", "touch.yaml~", "touch.yaml.bak", ".touch.yml", "yaml"):
        (lab / "scenarios" / name).write_text("x")

    assert len(load_lab(lab).scenarios) == 2


def test_a_lab_in_c_needs_a_stub_in_c(lab, cli, tmp_path):
    """`grader check`, `release` and `start` say so alike, before a student finds out."""
    (lab / "lab.yaml").write_text(LAB + "languages: [python, c]\n")
    told = f"{lab / 'stub.c'}: the file is missing; lab.yaml says `c` in languages"
    outputs = [
        "".join(cli(*words)[1:])
        for words in (
            ("check", lab),
            ("release", lab, "--output", tmp_path / "out"),
            ("start", lab, "--language", "c", "--output", tmp_path / "work"),
        )
    ]

    assert [told in output for output in outputs] == [True] * 3
    assert cli("start", lab, "--output", tmp_path / "work")[0] == 0


def test_a_lab_without_tasks_has_one_problem(lab):
    """Its scenarios name tasks, and there is no list of tasks to compare them with."""
    (lab / "lab.yaml").write_text(
        "".join(line for line in LAB.splitlines(True) if "- {" not in line and "tasks" not in line)
    )

    assert not [problem for problem in problems(lab) if problem.rstrip().endswith("there are")]
    assert any("tasks" in problem for problem in problems(lab))
