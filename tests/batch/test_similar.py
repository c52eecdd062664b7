"""The files for staff about kernels that are alike."""

import contextlib
import hashlib
import json
import sqlite3

import pytest

from grader.batch.grading import shard_of
from grader.batch.store import NAME, Store, StoreError
from grader.report import similarity
from tests.batch.handed_in import batch
from tests.labs import kernel_text


def handed_in(folder):
    """Write three submissions: one, the same with another comment and hostile text, and a copy of the first."""
    text = kernel_text()
    for name, kernel in (("ann", text), ("ben", f"# </pre><script>alert(1)</script>\n{text}"), ("cem", text)):
        (folder / name).mkdir(parents=True)
        (folder / name / "kernel.py").write_text(kernel)
    return folder


def test_kernels_with_other_comments_are_one_group(cli, lab, tmp_path):
    """Kernels that differ in a comment are a group; equal bytes are compared once, and named with the first."""
    status, _, err = batch(cli, lab, handed_in(tmp_path / "class"), tmp_path / "out")
    found = json.loads((tmp_path / "out" / "similarity.json").read_text())

    assert status == 0, err
    assert (found["compared"], found["missing"], found["copies"]) == (2, 0, {"ann": ["cem"]})
    assert found["groups"] == [{"kernels": ["ann", "ben"], "same": [["ann", "ben"]], "pairs": []}]
    summary = (tmp_path / "out" / "similarity.txt").read_text()
    assert summary.startswith("2 different kernels compared: 1 group of similar ones (2 kernels).")
    assert "Same structure: ann = cem, ben" in summary
    assert "similarity.html" in (tmp_path / "out" / "report.html").read_text()
    assert json.loads((tmp_path / "out" / "results.json").read_text())["similarity"]["groups"] == [
        {"submissions": ["ann", "ben", "cem"], "first": "ann", "second": "ben", "share": 1.0}
    ]


@pytest.mark.parametrize(
    ("usual", "told"),
    [
        (0, "10 different kernels compared: none are alike."),
        (
            9,
            "10 different kernels compared: none are alike. 9 consist mostly of what many of them share; that counts "
            "as the usual solution and makes no pair.",
        ),
    ],
)
def test_none_are_alike_is_not_all_that_is_said(usual, told):
    """Kernels that share what counts as usual are not named, which does not prove that they are independent."""
    found = {"compared": 10, "usual": usual, "missing": 0, "groups": [], "copies": {}, "names": {}}

    assert similarity.summary(found) == told


def test_the_page_shows_kernels_escaped_and_students_see_nothing(cli, lab, tmp_path):
    """The page has both texts without a tag of theirs; no feedback file mentions another student."""
    batch(cli, lab, handed_in(tmp_path / "class"), tmp_path / "out")
    page = (tmp_path / "out" / "similarity.html").read_text()

    assert "&lt;script&gt;" in page and "<script>" not in page and page.count("<pre>") == page.count("</pre>") == 2
    assert "ben" not in (tmp_path / "out" / "feedback" / "ann.md").read_text()


def test_merged_shards_are_compared_with_each_other(cli, lab, tmp_path):
    """After a merge the files are those of a batch of the whole class, although each shard saw only a part."""
    folder = handed_in(tmp_path / "class")
    batch(cli, lab, folder, tmp_path / "whole")
    kernels = [(folder / id / "kernel.py").read_text() for id in ("ann", "ben")]
    count = next(n for n in range(2, 50) if len({shard_of(kernel, "", n) for kernel in kernels}) == 2)
    shards = [tmp_path / str(shard_of(kernel, "", count)) for kernel in kernels]
    for shard in shards:
        batch(cli, lab, folder, shard, "--shard", f"{shard.name}/{count}")
    merged = tmp_path / "all"
    cli("merge", lab, *shards, "--output", merged, "--isolation", "auto", "-q")

    assert [json.loads((shard / "similarity.json").read_text())["compared"] for shard in shards] == [1, 1]
    for end in ("json", "txt", "html"):
        assert (merged / f"similarity.{end}").read_bytes() == (tmp_path / "whole" / f"similarity.{end}").read_bytes()


def test_a_store_of_an_earlier_version_has_nothing_to_compare(cli, lab, tmp_path):
    """Its kernels were graded without keeping their texts: the merge says so, and no file of an older run stays."""
    batch(cli, lab, handed_in(tmp_path / "class"), tmp_path / "old")
    with contextlib.closing(sqlite3.connect(tmp_path / "old" / NAME)) as db, db:
        db.execute("DROP TABLE kernels")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "similarity.json").write_text("stale")
    options = ("--output", tmp_path / "all", "--isolation", "auto", "-q")
    status, _, err = cli("merge", lab, tmp_path / "old", *options)

    assert status == 0
    assert "2 kernels were not compared for similarity: an earlier version graded them" in err
    assert json.loads((tmp_path / "all" / "similarity.json").read_text())["missing"] == 2


def test_a_store_of_an_earlier_version_is_brought_up_to_date(cli, lab, tmp_path):
    """Running the batch again adds the texts and grades nothing a second time."""
    folder = handed_in(tmp_path / "class")
    batch(cli, lab, folder, tmp_path / "old")
    with contextlib.closing(sqlite3.connect(tmp_path / "old" / NAME)) as db, db:
        db.execute("DROP TABLE kernels")
    options = ("--output", tmp_path / "old", "--isolation", "auto")
    status, out, _ = cli("batch", lab, folder, *options)

    assert status == 0
    assert "3 submissions: 0 kernels graded now" in out
    assert json.loads((tmp_path / "old" / "similarity.json").read_text())["missing"] == 0


@pytest.mark.parametrize(
    ("digest", "text"),
    [
        ("0" * 64, b"class Other:\n    pass\n"),
        (hashlib.sha256(b"\xff").hexdigest(), b"\xff"),
        (hashlib.sha256(b"#" * 300_000).hexdigest(), b"#" * 300_000),
        (hashlib.sha256(b"text").hexdigest(), "text"),
    ],
    ids=["another digest", "no UTF-8", "too long", "no bytes"],
)
def test_a_kernel_in_a_strangers_store_is_checked(cli, lab, tmp_path, digest, text):
    """A text that does not have its digest, or that intake would refuse, makes the whole store unusable."""
    batch(cli, lab, handed_in(tmp_path / "class"), tmp_path / "shard")
    with contextlib.closing(sqlite3.connect(tmp_path / "shard" / NAME)) as db, db:
        db.execute("INSERT INTO kernels VALUES (?, ?)", (digest, text))
    with contextlib.closing(Store.of_shard(tmp_path / "shard")) as store, pytest.raises(StoreError, match="no batch"):
        list(store.kernels())


def test_a_kernel_that_nobody_hands_in_any_more_is_not_kept(cli, lab, tmp_path):
    """The store keeps the texts of the submissions on its list, and no others."""
    folder = handed_in(tmp_path / "class")
    batch(cli, lab, folder, tmp_path / "out")
    (folder / "ben" / "kernel.py").unlink()
    (folder / "ben").rmdir()
    batch(cli, lab, folder, tmp_path / "out")

    with Store(tmp_path / "out") as store:
        assert [text for _, text in store.kernels()] == [kernel_text()]
