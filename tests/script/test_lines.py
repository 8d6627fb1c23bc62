from __future__ import annotations

import io
import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vvcli.script import lines as module
from vvcli.script.lines import read_lines, split_lines
from vvcli.script.record import Record


def records(data: bytes, first_index: int = 0) -> list[Record]:
    return list(read_lines(io.BytesIO(data), "a.txt", first_index))


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\xff", b"\0", b"a", "é".encode()]
)
BYTES = st.binary(max_size=40) | st.lists(PIECES, max_size=12).map(b"".join)


@given(BYTES, st.integers(0, 5))
@example(b"\xef\xbb\xbf\n", 0)
@example(b"\xf0\x9f\n\x98\x80", 0)
def test_any_bytes_are_records_or_errors_with_their_line(data: bytes, first: int) -> None:
    found = records(data, first)
    raw = data.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    assert [record.index for record in found] == list(range(first, first + len(raw)))
    for number, (record, line) in enumerate(zip(found, raw, strict=True), start=1):
        assert record.source == f"a.txt:{number}"
        if record.error is None:
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            assert record.text.encode() == line.rstrip(b"\r")
        else:
            assert record.text == ""
            assert not record.is_blank
            assert re.match(
                rf"a\.txt:{number}: (byte|character) \d+ \(0x[0-9a-f]{{2}}\) is ", record.error
            )
            assert "\n" not in record.error


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\n"), max_size=60)
)
def test_text_comes_back_whole(text: str) -> None:
    data = text.encode()
    if text.startswith("\ufeff"):  # at the start it is a byte order mark
        text = text[1:]
    texts = [record.text for record in records(data)]
    assert "\n".join(texts) == text.removesuffix("\n")
    assert all(record.error is None for record in records(data))


@given(BYTES)
def test_text_on_the_command_line_is_read_the_same_way(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert list(split_lines(text, "a.txt")) == records(data)


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"one", ["one"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\n\n two \n", ["one", "", " two "]),
        (b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n", ["one", "\ufefftwo"]),
        (b"a\tb\x0bc\x0cd\n", ["a\tb\x0bc\x0cd"]),
        ("\u2028\u0085".encode(), ["\u2028\u0085"]),  # line ends to str.splitlines alone
    ],
)
def test_lines(data: bytes, texts: list[str]) -> None:
    assert [record.text for record in records(data)] == texts
    assert not any(record.error for record in records(data))


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (b"abc\xff", "byte 4 (0xff) is not UTF-8"),
        (b"\xc3", "byte 1 (0xc3) is not UTF-8"),
        (b"ab\x00c", "character 3 (0x00) is a control character"),
        ("é\x1b[0m".encode(), "character 2 (0x1b) is a control character"),
        (b"\x7f", "character 1 (0x7f) is a control character"),
        (b"\xed\xa0\x80", "byte 1 (0xed) is not UTF-8"),  # a surrogate
    ],
)
def test_what_is_not_text_is_placed(line: bytes, where: str) -> None:
    good, bad, after = records(b"good\n" + line + b"\nafter\n")
    assert (good.text, after.text) == ("good", "after")
    assert bad.error
    assert bad.error.startswith(f"a.txt:2: {where}")


def test_a_line_that_never_ends_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 8)
    found = records(b"1234567\n12345678\nx\n" + 50 * b"y" + b"\n" + b"z\n" + 20 * b"e")
    texts = [record.text for record in found]
    assert texts == ["1234567", "", "x", "", "z", ""]
    for index in (1, 3, 5):
        assert found[index].error == f"a.txt:{index + 1}: the line is longer than 8 bytes: split it"


def test_a_line_is_there_before_the_next_one() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file, os.fdopen(writer, "wb", buffering=0) as pipe:
        found = read_lines(file, "pipe")
        for text in ("one", "two"):
            pipe.write(f"{text}\n".encode())
            assert next(found).text == text
        pipe.write(b"without an end")
        pipe.close()
        assert next(found).text == "without an end"
        assert list(found) == []
