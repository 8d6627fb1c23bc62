from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.script.delimited import read_delimited
from vvcli.script.record import Record

PIECES = st.sampled_from([b"\n", b"|", b" ", b"\r\n", b"\xff", b"\0", b"a", "é".encode()])
BYTES = st.binary(max_size=40) | st.lists(PIECES, max_size=14).map(b"".join)


def records(data: bytes, first_index: int = 0, delimiter: str = "|") -> list[Record]:
    return list(read_delimited(io.BytesIO(data), "a.csv", first_index, delimiter))


def test_the_first_delimiter_splits() -> None:
    assert records(b"LJ1|Hello | there.\r\n\n two | Hi.\nthree|\n", 4) == [
        Record(4, "Hello | there.", "a.csv:1", id="LJ1"),
        Record(5, "Hi.", "a.csv:3", id="two"),
        Record(6, "", "a.csv:4", id="three"),
    ]


@pytest.mark.parametrize("delimiter", ["\t", "::", "é"])
def test_any_delimiter(delimiter: str) -> None:
    (record,) = records(f"one{delimiter}Hello".encode(), delimiter=delimiter)
    assert (record.id, record.text) == ("one", "Hello")


def test_the_delimiter_cannot_be_empty() -> None:
    with pytest.raises(ValueError, match="the delimiter is empty"):
        records(b"one|Hello", delimiter="")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"Hello.", "a.csv:2: there is no '|' in the line: write id|text"),
        (b"|Hello.", "a.csv:2: the id before '|' is empty: write id|text"),
        (b" \t|Hello.", "a.csv:2: the id before '|' is empty: write id|text"),
    ],
)
def test_a_line_without_an_id_fails_alone(line: bytes, error: str) -> None:
    assert records(b"1|One.\n" + line + b"\n3|Three.\n") == [
        Record(0, "One.", "a.csv:1", id="1"),
        Record(1, "", "a.csv:2", error=error),
        Record(2, "Three.", "a.csv:3", id="3"),
    ]


@given(BYTES)
def test_any_bytes_are_records_or_errors_with_their_line(data: bytes) -> None:
    found = records(data)
    assert [record.index for record in found] == list(range(len(found)))
    for record in found:
        if record.error is None:
            assert record.id
        else:
            assert record.text == ""
            assert re.match(r"a\.csv:\d+: ", record.error)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="|")),
    st.text(st.characters(exclude_categories=["Cc", "Cs"])),
)
def test_ids_and_texts_come_back(identifier: str, text: str) -> None:
    (record,) = records(f"x{identifier}|{text}".encode())
    assert (record.id, record.text) == (f"x{identifier}".strip(), text.strip())
