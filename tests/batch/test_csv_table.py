"""CSV files as spreadsheets and platforms write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.csv_table import SIZE_LIMIT, read_table, rows_of
from grader.errors import InputError


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\ufeffa;b\r\n1;2\r\n", "a\tb\n1\t2", '"a","b"\n"1","2"\n'])
def test_separators(tmp_path, text):
    """Commas, semicolons where a comma is the decimal sign, tabs; with a byte order mark or without."""
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")

    assert read_table(tmp_path / "t.csv") == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'a,b\n1,2\n"3,4\n', "t.csv:3: this is not a CSV file"),
        (b"a,b\n1,2\n\xdc,4\n", "t.csv:3: this is not UTF-8; export it as CSV in UTF-8"),
        (b"x" * (SIZE_LIMIT + 1), "t.csv: it has more than 64 MiB; is it the right file?"),
        (None, "t.csv: No such file or directory"),
    ],
    ids=["csv", "encoding", "size", "missing"],
)
def test_what_is_no_table(tmp_path, data, told):
    """File and line, what was found, and the way out."""
    if data is not None:
        (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(InputError) as error:
        read_table(tmp_path / "t.csv")

    assert told in str(error.value)


@given(text=st.text(st.sampled_from('ab,;\t"\n\r\0'), max_size=30))
def test_any_text_is_a_table_or_refused(text):
    """No other exception, whatever a file contains."""
    try:
        rows = rows_of(text, "t.csv")
    except InputError:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row)
