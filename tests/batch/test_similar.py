"""The files for staff about kernels that are alike."""

import json

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
    assert (found["compared"], found["groups"], found["copies"]) == (2, [["ann", "ben"]], {"ann": ["cem"]})
    summary = (tmp_path / "out" / "similarity.txt").read_text()
    assert summary.startswith("2 different kernels compared: 1 groups")
    assert "Same structure: ann = cem, ben" in summary


def test_the_page_shows_kernels_escaped_and_students_see_nothing(cli, lab, tmp_path):
    """The page has both texts without a tag of theirs; no feedback file mentions another student."""
    batch(cli, lab, handed_in(tmp_path / "class"), tmp_path / "out")
    page = (tmp_path / "out" / "similarity.html").read_text()

    assert "&lt;script&gt;" in page and "<script>" not in page and page.count("<pre>") == page.count("</pre>") == 2
    assert "ben" not in (tmp_path / "out" / "feedback" / "ann.md").read_text()
