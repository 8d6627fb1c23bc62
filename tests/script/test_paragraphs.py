from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.script import paragraphs as module
from vvcli.script.paragraphs import read_paragraphs
from vvcli.script.record import Record

PIECES = st.sampled_from([b"\n", b"\n\n", b" ", b"\r\n", b"\xff", b"\0", b"a", "é".encode()])
BYTES = st.binary(max_size=40) | st.lists(PIECES, max_size=14).map(b"".join)


def records(data: bytes, first_index: int = 0) -> list[Record]:
    return list(read_paragraphs(io.BytesIO(data), "a.txt", first_index))


def test_blank_lines_keep_paragraphs_apart() -> None:
    data = b"\xef\xbb\xbf\n one\ntwo  \n \t\r\n\nthree\r\nfour\n\n\n"
    assert records(data, 3) == [
        Record(3, "one two", "a.txt:2"),
        Record(4, "three four", "a.txt:6"),
    ]


def test_no_text_is_no_paragraph() -> None:
    assert records(b"") == []
    assert records(b"\n \n\r\n\n") == []


def test_a_bad_line_fails_its_paragraph_alone() -> None:
    bad, good = records(b"one\ntw\xff\nthree\x00\n\nfour")
    assert (bad.index, bad.text, bad.source) == (0, "", "a.txt:1")
    assert str(bad.error).startswith("a.txt:2: byte 3 (0xff) is not UTF-8")
    assert good == Record(1, "four", "a.txt:5")


def test_an_endless_paragraph_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 20)
    long, good = records(b"word\n" * 9 + b"\nword\nword\nword\nword\n")
    assert (long.source, long.text) == ("a.txt:1", "")
    assert str(long.error).startswith("a.txt:1: the paragraph is longer than 20 characters")
    assert good.text == "word word word word"


@given(BYTES)
def test_any_bytes_are_paragraphs_or_errors_with_their_line(data: bytes) -> None:
    found = records(data)
    assert [record.index for record in found] == list(range(len(found)))
    for record in found:
        assert record.source.startswith("a.txt:")
        assert not record.is_blank
        assert (record.error or "a.txt:").startswith("a.txt:")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=60))
def test_no_word_is_lost(text: str) -> None:
    spoken = " ".join(record.text for record in records(text.encode()))
    assert spoken.split() == text.removeprefix("\ufeff").split()
