"""Non-interference: no report that a student may see depends on hidden scenarios, except for one outcome per task.

test_hidden_channels.py tries kernels that speak through the outcomes.
"""

import pathlib
import re

import pytest

from grader.report import FORMATS, github, render
from tests.labs import SECRET, kernel_text, make_lab
from tests.report.results import ParentWritable, result_of

#: Other hidden scenarios with the same verdicts: other names, values, steps, titles, hints, machines, order of files.
OTHER = """format: 1
title: Nothing like the other one
task: share
machine: {frames: 64, page_size: 16}
processes: [Alpha]
steps:
  - mmap:  {by: Alpha, name: elsewhere, pages: 3}
  - write: {by: Alpha, at: "elsewhere[1:3]", value: 5}
  - fork:  {by: Alpha, child: Beta}
  - write: {by: Alpha, at: "elsewhere[1]", value: 6}
  - write: {by: Beta, at: "elsewhere[2]", value: 7}
  - exit:  {by: Beta}
hint: A hint that nobody may see
"""

PASSING = """format: 1
title: {title}
task: share
processes: [P]
steps:
  - mmap:  {{by: P, name: {name}, pages: 1}}
  - write: {{by: P, at: {name}, value: {value}}}
"""


def lab_with(folder: pathlib.Path, hidden: dict[str, str]) -> pathlib.Path:
    from grader.authoring.record import record
    from grader.lab.lab import load_lab
    from tests.kernels import SmallKernel

    folder.mkdir()
    lab = make_lab(folder)
    (lab / "hidden" / "secret.yaml").unlink()
    for name, text in hidden.items():
        (lab / "hidden" / f"{name}.yaml").write_text(text)
    record(load_lab(lab), SmallKernel)
    return lab


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """Two labs that differ in hidden scenarios alone."""
    folder = tmp_path_factory.mktemp("labs")
    passing = PASSING.format(title="One page", name="somewhere", value=1)
    one = lab_with(folder / "one", {"a-failing": SECRET, "b-passing": passing})
    other = PASSING.format(title="Another page", name="nowhere", value=200)
    two = lab_with(folder / "two", {"a-passing": other, "z-failing": OTHER})
    return one, two


@pytest.fixture(scope="module")
def results(labs):
    """Students' results of the two labs."""
    return tuple(map(result_of, labs))


@pytest.mark.parametrize("format", [*FORMATS, "summary", "classroom"])
def test_hidden_scenarios_do_not_show(results, format):
    """Two labs with different hidden scenarios and the same verdicts give the same bytes, receipt included."""
    one, two = map(timeless, map(SIDES.get(format, lambda result: render(result, format)), results))

    assert one == two
    assert "hidden" in one or format == "classroom"


def timeless(text):
    """Return a result without the time at which it was written, which the format classroom50 has."""
    return re.sub(r'"datetime": "[^"]+"', "", text)


SIDES = {"summary": github.summary, "classroom": github.output_line}


@pytest.mark.parametrize("format", FORMATS)
def test_a_kernel_that_tells_all_it_sees(labs, cli, tmp_path, format):
    """It prints, and raises, what it meets in fork; of hidden scenarios nothing of that is in stdout or stderr."""
    telling = "print('saw', page, parent, parent.page_table.pages()); raise ValueError(f'page {page}')"
    (tmp_path / "kernel.py").write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", telling))
    one, two = (
        cli("run", lab, "--submission", tmp_path / "kernel.py", "--isolation", "auto", "--format", format)
        for lab in labs
    )

    assert [timeless(text).replace(str(labs[0].parent), "") for text in one[1:]] == [
        timeless(text).replace(str(labs[1].parent), "") for text in two[1:]
    ]
    assert one[0] == 1 and "ValueError" in one[1]


def test_pages_to_step_through_do_not_depend_on_hidden_scenarios(labs, cli, tmp_path):
    """`--format html --output DIR`: the same files with the same bytes, printed lines included."""
    telling = "print('saw', page, parent.page_table.pages()); raise ValueError(f'page {page}')"
    kernel = tmp_path / "kernel.py"
    kernel.write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", telling))
    sites = []
    for number, lab in enumerate(labs):
        folder = tmp_path / str(number)
        cli("run", lab, "--submission", kernel, "--format", "html", "--output", folder)
        sites.append({str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.html"))})

    assert sites[0] == sites[1]
    assert list(sites[0]) == ["index.html", "scenarios/fork.html"]
    assert b"ValueError" in sites[0]["scenarios/fork.html"]


def test_the_verdicts_are_those_of_real_failures(labs, results):
    """The comparison above does not compare two empty things: one hidden scenario fails, one passes."""
    hidden = [s["verdict"] for s in results[0]["scenarios"] if s["visibility"] == "hidden"]
    staff = [s["verdict"] for s in result_of(labs[0], audience="staff")["scenarios"] if s["visibility"] == "hidden"]

    assert (hidden, sorted(staff)) == (["failed"], ["failed", "passed"])


def test_staff_see_the_difference(lab):
    """The control: with staff's eyes a hidden scenario has its name, title and story."""
    told = render(result_of(lab, ParentWritable, "staff"), "text", verbosity=1)

    assert "secret" in told and "The secret title" in told


def test_a_run_tells_nothing_on_stderr_either(cli, lab):
    """Names of hidden scenarios stay out of stdout and stderr of `grader run`, whatever the format."""
    for format in FORMATS:
        _, out, err = cli("run", lab, "--submission", "reference", "--format", format)
        assert "secret" not in out + err
