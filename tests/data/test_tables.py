import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.tables import check_columns, guess_separator, parse_table
from autosample.errors import DataError

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=5)


def parse(text, separator=",", *, header=True, skip=False):
    lines = pl.Series(text.split("\n"))
    return parse_table(lines, "a.csv", separator=separator, header=header, skip_bad_lines=skip)


def test_columns_of_text():
    table = parse("user,item\n007,NA\n7,null\n\n,nan\n")
    assert table.column("user").to_list() == ["007", "7", ""]
    assert table.column("item").to_list() == ["NA", "null", "nan"]


@pytest.mark.parametrize("separator", ["\t", "::", ";", "|", " "])
def test_any_separator_and_no_header(separator):
    text = "\n".join(separator.join(row) for row in (("1", "x"), ("2", "y")))
    table = parse(text, separator, header=False)
    assert table.columns == ["column_1", "column_2"]
    assert table.column("column_2").to_list() == ["x", "y"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=6))
def test_same_as_the_csv_writer(rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("u", "i"), *rows])
    table = parse(out.getvalue())
    assert list(zip(table.column("u"), table.column("i"), strict=True)) == rows


def test_quotes_hold_separators_and_line_ends():
    table = parse('u,i\n"a,b","x ""y"""\n"c\nd",z\n')
    assert table.column("u").to_list() == ["a,b", "c\nd"]
    assert table.column("i").to_list() == ['x "y"', "z"]


@pytest.mark.parametrize("text", ['u,i\n"a,b\nc,d\n', 'u,i\n"a"b,c\n'])
def test_broken_quotes(text):
    with pytest.raises(DataError, match=r"AS106.*line"):
        parse(text)


@pytest.mark.parametrize("quoted", ["", '"q",2\n'])
def test_ragged_lines(quoted):
    text = f"u,i\na,1\nb\n\nc,2,3\n{quoted}"
    with pytest.raises(DataError, match=r"AS106.*'line 3: 1 fields', 'line 5: 3 fields'"):
        parse(text)
    table = parse(text, skip=True)
    assert table.column("u").to_list() == ["a", *(["q"] if quoted else [])]
    assert [(note.code, note.count) for note in table.notes] == [("AS156", 2)]


@pytest.mark.parametrize("quoted", ["", '"q",2\n', '"q,2\n'])
def test_lines_of_blanks_are_passed_over(quoted):
    """With quotes somewhere in the file as without."""
    table = parse(f"u,i\n \na,1\n\t\n{quoted}", skip=quoted == '"q,2\n')
    assert table.column("u").to_list() == ["a", *(["q"] if quoted == '"q",2\n' else [])]
    assert sum(note.count for note in table.notes) == (quoted == '"q,2\n')


def test_header_only():
    with pytest.raises(DataError, match=r"AS102.*'u', 'i'"):
        parse("u,i\n\n")


def test_wrong_separator():
    with pytest.raises(DataError, match=r"AS105.*found 1 column.*Did you mean '\\t'"):
        parse("u\ti\n1\t2")
    with pytest.raises(DataError, match=r"AS105.*Name the separator"):
        parse("u\n1")


@pytest.mark.parametrize(
    ("line", "mark"), [("a\tb,c", "\t"), ("1::2", "::"), ("a;b", ";"), ("a b", " "), ("a", ",")]
)
def test_guess(line, mark):
    assert guess_separator(line) == mark


def test_column_names():
    available = ["userId", "movieId", "rating", "rating"]
    check_columns(["userId", "movieId"], available, "a.csv")
    with pytest.raises(DataError, match=r"AS104.*'movieId'.*Did you mean 'userId'"):
        check_columns(["user_id", "movieId"], available, "a.csv")
    with pytest.raises(DataError, match=r"AS104.*2 columns 'rating'"):
        check_columns(["rating"], available, "a.csv")
    with pytest.raises(DataError, match="AS108"):
        check_columns(["userId", "userId"], available, "a.csv")
