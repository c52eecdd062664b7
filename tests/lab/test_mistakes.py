"""Misconceptions are found in every module next to the reference, and one that is not complete is reported."""

import pytest

from grader.authoring.check import check_misconceptions
from grader.authoring.misconceptions import record_fingerprints
from grader.authoring.record import record
from grader.authoring.scaffold import new_lab
from grader.errors import InputError
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconceptions, mistakes, of_no_lab, variant_kernels

MISTAKE = """class Greedy:
    flag, belief, lab, section = "greedy", "frees nothing", "stack-growth", 1

    def exit(self, process):
        pass
"""


@pytest.fixture
def course(tmp_path):
    """A course's folder with a new lab, recorded."""
    new_lab("stack-growth", tmp_path / "labs")
    lab = load_lab(tmp_path / "labs" / "stack-growth")
    record(lab, reference_kernel(lab))
    return tmp_path


def folder_of(course):
    return course / "reference" / "misconceptions"


def checked(course):
    lab = load_lab(course / "labs" / "stack-growth")
    record_fingerprints(lab)
    return check_misconceptions(lab, lambda flag: None)


def test_a_new_lab_has_a_misconception_that_loses_points(course):
    """An example to write others by."""
    proof = checked(course)

    assert proof.problems == []
    assert proof.shown.startswith("all 1 of this lab lose points, 1 of them in public scenarios")


@pytest.mark.parametrize("package", [None, "", '"""A docstring."""\n'])
def test_every_module_is_read(course, package):
    """Without being listed anywhere, with and without an __init__.py."""
    (folder_of(course) / "mine.py").write_text(MISTAKE)
    if package is not None:
        (folder_of(course) / "__init__.py").write_text(package)
    lab = load_lab(course / "labs" / "stack-growth")

    assert misconceptions(lab) == ["greedy", "stack_growth_at_once"]
    assert checked(course).problems == []


def test_an_empty_package_is_none(course, cli):
    """`grader check`, and a misconception that is asked for, report it in a sentence."""
    (folder_of(course) / "stack_growth.py").unlink()
    (folder_of(course) / "__init__.py").touch()
    lab = course / "labs" / "stack-growth"
    status, _, err = cli("run", lab, "--submission", "misconception:x")

    assert checked(course).shown == "none are known for this lab"
    assert (status, "misconception:x: no such misconception applies to stack-growth; there are none" in err) == (
        2,
        True,
    )


def test_a_lab_that_is_misspelt_is_a_problem(course):
    """With the one that may be meant."""
    (folder_of(course) / "mine.py").write_text(MISTAKE.replace("stack-growth", "stack-growht"))

    assert "greedy: no lab 'stack-growht' here; did you mean 'stack-growth'?" in checked(course).problems


def test_misconceptions_of_labs_that_the_course_has_left_out_are_named(course):
    """They are no problem, as a lab to build on that is not there is none."""
    (folder_of(course) / "mine.py").write_text(MISTAKE.replace("stack-growth", "tlb"))

    assert checked(course).problems == []
    assert checked(course).shown.endswith("; 1 misconception of labs that are not here: tlb")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"frees nothing"', '""', "mine.py: Greedy: a misconception needs `belief`, a text"),
        (", 1\n", ', "1"\n', "mine.py: Greedy: a misconception needs `section`, the number of a section"),
        ('"greedy"', '"stack_growth_at_once"', "both have a misconception 'stack_growth_at_once'"),
        ("class Greedy:", "class Greedy", "mine.py:1: this file cannot be loaded: SyntaxError"),
    ],
)
def test_a_misconception_that_is_incomplete_is_reported(course, old, new, told):
    """With the file, and what is missing."""
    (folder_of(course) / "mine.py").write_text(MISTAKE.replace(old, new))

    with pytest.raises(InputError) as error:
        misconceptions(load_lab(course / "labs" / "stack-growth"))
    assert told in error.value.problems[0]


def test_the_order_is_that_of_the_labs(course):
    """A mistake can be made in every lab that builds on the one that teaches it, and in no earlier one."""
    new_lab("before-it", course / "labs")
    with (course / "labs" / "stack-growth" / "lab.yaml").open("a") as file:
        file.write("builds_on: before-it\n")
    earlier, later = (load_lab(course / "labs" / name) for name in ("before-it", "stack-growth"))

    assert list(mistakes(later)) == ["before_it_at_once", "stack_growth_at_once"] == misconceptions(later)
    assert misconceptions(earlier) == ["before_it_at_once"]
    assert of_no_lab(later) == {}


@pytest.mark.parametrize(("since", "count"), [("stack-growth", 1), ("tlb", 0)])
def test_variants_are_those_of_the_lab(course, since, count):
    """No list of labs or of variants is needed."""
    (course / "reference" / "variants.py").write_text(f'class Same:\n    since, belief = "{since}", "does the same"\n')

    assert len(variant_kernels(load_lab(course / "labs" / "stack-growth"))) == count


def test_a_variant_of_a_lab_that_is_misspelt_is_reported(course):
    """It would never be tried."""
    (course / "reference" / "variants.py").write_text('class Same:\n    since, belief = "stack-growht", "is"\n')

    with pytest.raises(InputError, match="variants.py: Same: no lab 'stack-growht' here; did you mean 'stack-growth'"):
        variant_kernels(load_lab(course / "labs" / "stack-growth"))
