from __future__ import annotations

import io
import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vvcli.script import null as module
from vvcli.script.null import read_null
from vvcli.script.record import Record

PIECES = st.sampled_from([b"\0", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xff", b"\x1b", "é".encode()])
BYTES = st.binary(max_size=40) | st.lists(PIECES, max_size=12).map(b"".join)


def records(data: bytes, first_index: int = 0) -> list[Record]:
    return list(read_null(io.BytesIO(data), "a.nul", first_index))


@given(BYTES, st.integers(0, 5))
@example(b"\xef\xbb\xbf\0", 0)
@example(b"\xf0\x9f\0\x98\x80", 0)
def test_any_bytes_are_records_or_errors_with_their_number(data: bytes, first: int) -> None:
    found = records(data, first)
    raw = data.split(b"\0")
    if raw[-1] == b"":
        raw.pop()
    assert [record.index for record in found] == list(range(first, first + len(raw)))
    for number, (record, given_bytes) in enumerate(zip(found, raw, strict=True), start=1):
        assert record.source == f"a.nul record {number}"
        if record.error is None:
            given_bytes = given_bytes.removeprefix(b"\xef\xbb\xbf") if number == 1 else given_bytes
            assert record.text.split() == given_bytes.decode().split()
        else:
            assert record.text == ""
            assert re.match(
                rf"a\.nul record {number}: (byte|character) \d+ \(0x[0-9a-f]{{2}}\) is ",
                record.error,
            )
            assert "\n" not in record.error


def test_line_breaks_are_spaces() -> None:
    assert [record.text for record in records(b"one\n  two\r\n\r\nthree\n\0\0 four")] == [
        "one two three",
        "",
        "four",
    ]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 30])
def test_a_record_longer_than_the_limit_fails_alone(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 8)
    for at_once in (1, 5, 1 << 16):
        monkeypatch.setattr(module, "_AT_ONCE", at_once)
        for end in (b"\0ok", b"\0ok\0"):
            long, after = records(b"a" * size + end)
            assert (long.text == "a" * size) == (size <= 8)
            expected = None if size <= 8 else "a.nul record 1 is longer than 8 bytes: split it"
            assert long.error == expected
            assert (after.index, after.text, after.error) == (1, "ok", None)
        (alone,) = records(b"a" * size)
        assert (alone.error is None) == (size <= 8)


def test_a_record_is_there_before_the_next_is_written() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file:
        found = read_null(file, "pipe")
        os.write(writer, b"one\0tw")
        assert next(found).text == "one"
        os.write(writer, b"o\0three")
        assert next(found).text == "two"
        os.close(writer)
        assert next(found).text == "three"
        assert next(found, None) is None
