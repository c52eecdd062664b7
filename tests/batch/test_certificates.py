"""`grader batch --verify`: a certificate per kernel."""

import csv
import json

import jsonschema
import pytest

from tests.batch.handed_in import PROTECT, batch
from tests.conftest import ROOT
from tests.labs import kernel_text


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A right kernel, one that leaves the parent writable, and a stub."""
    folder = tmp_path_factory.mktemp("class")
    stub = "from grader.machine import Kernel\n\nclass SmallKernel(Kernel):\n    pass\n"
    for name, text in {"ana": kernel_text(), "bob": kernel_text(PROTECT, "pass"), "cy": stub}.items():
        (folder / name).mkdir()
        (folder / name / "kernel.py").write_text(text)
    return folder


@pytest.fixture
def out(cli, lab, handed_in, tmp_path):
    """The output of a batch that verifies; the stub cannot be."""
    status, _, err = batch(cli, lab, handed_in, tmp_path / "out", "--verify")
    assert status == 0, err
    return tmp_path / "out"


def table(out):
    with open(out / "results.csv", newline="") as file:
        return {row["submission"]: row.get("verified") for row in csv.DictReader(file)}


def test_each_kernel_has_a_certificate(out):
    """A column, an entry with the line, and the line in the student's feedback; no points depend on it."""
    results = json.loads((out / "results.json").read_text())
    entries = {one["id"]: one for one in results["submissions"]}

    assert table(out) == {"ana": "yes", "bob": "differs", "cy": ""}
    assert entries["ana"]["verified"]["line"].startswith("verified: no difference in ")
    assert entries["bob"]["verified"]["differs"]
    assert entries["cy"]["verified"]["line"].startswith("not verified: not implemented yet")
    assert entries["bob"]["verified"]["line"] in (out / "feedback" / "bob.md").read_text().replace("\n", " ")
    jsonschema.validate(results, json.loads((ROOT / "grader" / "report" / "class.schema.json").read_text()))


def test_certificates_are_kept(cli, lab, handed_in, out):
    """The next batch, with --verify or without, makes none again and shows those that are there."""
    before = (out / "results.json").read_bytes()
    _, text, _ = cli("batch", lab, handed_in, "--output", out, "--isolation", "auto", "--verify")

    assert "0 kernels graded now" in text
    assert (out / "results.json").read_bytes() == before


def test_a_batch_without_the_option_has_no_column(cli, lab, handed_in, tmp_path):
    """Nothing is verified that nobody asked for."""
    batch(cli, lab, handed_in, tmp_path / "out")

    assert set(table(tmp_path / "out").values()) == {None}


def test_a_cluster_is_refused(cli, lab, handed_in, tmp_path):
    """Its workers have no reference."""
    status, _, err = batch(cli, lab, handed_in, tmp_path / "out", "--verify", "--cluster", "tcp://127.0.0.1:1")

    assert status == 2
    assert "use it without --cluster" in err


def test_a_mended_reference_asks_for_new_certificates(cli, lab, handed_in, out):
    """Also where its recorded outputs, and the twins, are as they were."""
    (lab / "reference" / "helper.py").write_text("# the reference may import it\n")
    _, text, _ = cli("batch", lab, handed_in, "--output", out, "--isolation", "auto", "--verify")

    assert "3 kernels graded now" in text
