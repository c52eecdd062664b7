"""Which of a submission's files is its kernel and which its sheet: one rule for folders, archives and downloads."""

import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.choosing import choose
from grader.intake.submission import Refused, read_submission
from tests.marks import long_property


def test_the_labs_own_folder_comes_first():
    """With two labs in one submission, the folder of the lab's name decides, also where another is nearer."""
    assert choose(["other/kernel.py", "labs/tlb/kernel.py"], "tlb").kernel == "labs/tlb/kernel.py"
    assert choose(["kernel.py", "old/kernel.py"], "tlb", "tlb").kernel == "kernel.py"


@pytest.mark.parametrize(
    ("paths", "numbered", "remarks"),
    [
        (["kernel.py", "kernel (1).py"], False, ("kernel (1).py not read: kernel.py was",)),
        (["a/kernel.py", "a/lab.zip"], False, ("a/lab.zip not read: a/kernel.py was",)),
        (["kernel.py", "lab.zip"], True, ("lab.zip not read: kernel.py was",)),
        (["kernel.py", "kernel-1.py"], True, ()),
        (["kernel.py", "x/kernel (1).py", "x/lab.zip", "mm.py"], False, ()),
        (
            ["kernel.py", *(f"kernel-{n}.py" for n in range(6))],
            False,
            ("kernel-0.py, kernel-1.py, kernel-2.py and 3 more",),
        ),
    ],
)
def test_what_may_be_meant_instead_of_the_kernel_is_named(paths, numbered, remarks):
    """A browser's copy, or an archive, beside the kernel: a student may have handed in the wrong one of the two."""
    told = choose(paths, numbered=numbered).remarks

    assert len(told) == len(remarks) and all(one.startswith(remark) for one, remark in zip(told, remarks, strict=True))


@pytest.mark.parametrize(
    ("sheet", "remark"),
    [
        ("answers.yml", "answers.yml was taken for answers.yaml"),
        ("Answers.yaml", "Answers.yaml was taken for answers.yaml"),
        ("answers (1).yaml", "answers (1).yaml was taken for answers.yaml"),
        ("quiz/answers.yaml", "quiz/answers.yaml was taken for answers.yaml"),
    ],
)
def test_a_sheet_under_a_near_name_is_taken_with_a_word(sheet, remark):
    """Where only one file can be meant, it is read, and the result says so."""
    chosen = choose(["kernel.py", sheet])

    assert (chosen.sheet, chosen.remarks) == (sheet, (remark,))


@pytest.mark.parametrize(
    ("paths", "sheet", "remark"),
    [
        (["kernel.py", "answers.yaml", "answers (1).yaml"], "answers.yaml", "answers (1).yaml was not read: answers.y"),
        (["kernel.py", "answers.yml", "Answers.yaml"], "", "no quiz sheet was read: Answers.yaml, answers.yml may be"),
        (["cow/kernel.py", "tlb/answers.yaml"], "", "tlb/answers.yaml was not read: a sheet belongs in the folder of"),
        (["cow/kernel.py", "cow/x/kernel.py", "cow/x/answers.yaml"], "", "cow/x/answers.yaml was not read"),
    ],
)
def test_a_sheet_that_is_not_read_is_named(paths, sheet, remark):
    """Copies, two candidates, and sheets of other folders."""
    chosen = choose(paths)

    assert chosen.sheet == sheet and chosen.remarks[-1].startswith(remark)


def test_kernels_of_several_people_are_refused():
    """A flat download that was named one folder too high: the way out is in the message."""
    names = [f"{who}_{n}_assignsubmission_file_kernel.py" for n, who in enumerate(("Ann", "Bo", "Cy"))]

    with pytest.raises(Refused, match=r"3 files may be the kernel .* the submissions of 3 people"):
        choose(names)


def test_numbers_count_where_the_platform_gives_them():
    """kernel-10.py comes after kernel-9.py; elsewhere kernel.py is meant."""
    names = ["kernel.py", "kernel-9.py", "kernel-10.py"]

    assert choose(names, numbered=True).kernel == "kernel-10.py"
    assert choose(names).kernel == "kernel.py"


@pytest.mark.parametrize(("name", "data"), [("k.pdf", b"%PDF-1.4 x"), ("kernel.py", b"%PDF-1.4 x"), ("k.docx", b"x")])
def test_what_is_not_a_program_is_refused(tmp_path, name, data):
    """A PDF is refused at once, whatever it is called, instead of failing every scenario."""
    (tmp_path / name).write_bytes(data)

    with pytest.raises(Refused, match="is a PDF, not a Python file|neither a Python file nor an archive"):
        read_submission(tmp_path / name)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["kernel.py.txt", "stub.c", "README.md"], r"no kernel.py; rename kernel.py.txt, whose ending is another one"),
        (["kernel.py.txt", "helper.py", "stub.c"], "rename kernel.py.txt"),
        (["kernel.c.txt", "stub.c"], "no kernel.c; rename kernel.c.txt, whose ending is another one, to kernel.c"),
        (
            ["stub.c", "README.md"],
            "write kernel.py for a kernel in Python, or rename stub.c, .* to kernel.c for one in C",
        ),
    ],
)
def test_the_stub_beside_the_kernel_is_not_the_kernel(files, words):
    """Labs come with stub.c; a student whose own file has another name hears of that file."""
    with pytest.raises(Refused, match=words):
        choose(files)


names = st.sampled_from(
    ["kernel.py", "Kernel.py", "kernel-1.py", "answers.yaml", "answers.yml", "Answers.yaml", "mine.py", "notes.txt"]
)


@given(files=st.sets(st.sampled_from(["", "a/", "small/", "a/b/", ".git/"]).flatmap(lambda f: names.map(f.__add__))))
@long_property(60)
def test_a_folder_and_a_zip_mean_the_same(files):
    """Whatever is in it, two labs included: the same kernel, sheet and remarks, or a refusal of both."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "work"
        with zipfile.ZipFile(Path(top) / "work.zip", "w") as archive:
            for name in sorted(files):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(f"# {name}")
                archive.write(folder / name, name)
        folder.mkdir(exist_ok=True)
        results = []
        for path in (folder, Path(top) / "work.zip"):
            try:
                read = read_submission(path, "small")
                results.append((read.sources, read.answers, read.remarks))
            except Refused:
                results.append("refused")

    assert results[0] == results[1]
