"""Tables that a course brings along: whatever a spreadsheet made of them, they are read as they were, or refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.csv_table import SIZE_LIMIT, read_number, read_table, rows_of
from grader.errors import InputError

ROWS = [["Full name", "ID number"], ['Jane "J" Doe;\nthe second', "007"], [" Ö, x\ty", "8"]]


def written(rows, separator, quoting=csv.QUOTE_MINIMAL, end="\r\n"):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("sep", ["", "sep={}\r\n"])
def test_what_spreadsheets_write(tmp_path, separator, encoding, sep):
    """Three separators, marks of UTF-8 and UTF-16, Excel's first line; line breaks in names and leading zeros stay."""
    text = sep.format(separator) + written(ROWS, separator)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))

    assert read_table(tmp_path / "t.csv") == ROWS


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=8)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=4),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_table_comes_back(rows, separator, quoting, end):
    """Any cells under a header: none moves into another column."""
    table = [["login", "A, b; c\td", "points"], *rows]

    assert rows_of(written(table, separator, quoting, end), "t") == table


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty, or its first line is"),
        (b"\nlogin\n", "the file is empty, or its first line is"),
        (b"a,b\n1,2\n\xdc,4\n", "t.csv:3: this is not UTF-8; export it as CSV in UTF-8"),
        (b"\xff\xfea", "this is not UTF-8"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "t.csv:3: a quote that opens in this row is never closed; close it, or remove it"),
        (b'a,b\n1,2\n"3"x,4\n', "t.csv:3: this is not a CSV file (',' expected after"),
        (b"x" * (SIZE_LIMIT + 1), "t.csv: it has more than 64 MiB; is it the right file?"),
        (None, "t.csv: No such file or directory"),
        (b"Email,Name, EMAIL \na,b,c\n", "t.csv:1: two columns are called 'email'; remove or rename one"),
        (b"login,name\njd1,Doe, Jane\n", "row 2 has 3 cells, the header 2"),
    ],
    ids=str.split("empty blank encoding utf16 quote csv size missing columns comma"),
)
def test_what_could_be_misread_is_refused(tmp_path, data, told):
    """With the reason: an unquoted comma in a name would move every later cell."""
    if data is not None:
        (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(InputError) as error:
        read_table(tmp_path / "t.csv")

    assert told in str(error.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("100", 100),
        (" 12,5 ", 12.5),
        ("0.125", 0.125),
        ("1.000,50", 1000.5),
        ("1,234,567.5", 1_234_567.5),
        ("1000.0", 1000),
        ("0", 0),
        ("", None),
        ("(read only)", None),
        ("-3", None),
        ("1e3", None),
        ("nan", None),
        ("1.000,00.0", None),
    ],
)
def test_numbers(text, number):
    """Decimal points and commas; nothing else is a number."""
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["1,000", "12.345"])
def test_a_number_with_two_meanings(text):
    """A thousand in one country is one in another."""
    with pytest.raises(ValueError, match="can mean .* or .*; write it in one of these ways"):
        read_number(text)


@given(st.decimals(0, 10**6, places=2))
def test_every_number_comes_back(number):
    """With a point, with a comma, and with separators of thousands."""
    english = f"{number:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))

    assert read_number(f"{number:.2f}") == read_number(english) == read_number(german) == float(number)


@given(text=st.text(st.sampled_from('ab,;\t"\n\r\0'), max_size=30))
def test_any_text_is_a_table_or_refused(text):
    """No other exception, whatever a file contains."""
    try:
        rows = rows_of(text, "t.csv")
    except InputError:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row)
