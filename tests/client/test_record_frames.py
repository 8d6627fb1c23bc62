from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.fake_server import OK, end, frame
from tests.client.test_http_response import cut, places
from vvcli.client.record_frames import FrameError, FrameParser, RecordEnd, parse_end
from vvcli.speech.values import Status


@given(pieces=st.lists(st.binary(max_size=9).map(lambda b: 2 * b), max_size=4), where=places)
def test_a_record_is_the_same_however_it_comes(pieces: list[bytes], where: list[int]) -> None:
    audio = b"".join(pieces)
    data = b"".join(frame(b"A", piece) + frame(b"?", b"new") for piece in pieces)
    parser = FrameParser(2)
    for piece in cut(data + end(len(audio) // 2, spoken="x", clipped=3), where):
        parser.feed(piece)
    assert parser.audio == audio
    assert parser.finish() == RecordEnd(Status.OK, None, 3, "x", 0)


@given(size=st.integers(0, 100), audio=st.binary(max_size=9).map(lambda b: 2 * b))
def test_a_record_that_is_cut_off_has_no_end(size: int, audio: bytes) -> None:
    data = frame(b"A", audio) + end(len(audio) // 2)
    parser = FrameParser(2)
    parser.feed(data[: min(size, len(data) - 1)])
    with pytest.raises(FrameError):
        parser.finish()


@given(st.binary(max_size=100))
def test_no_bytes_cause_another_error(data: bytes) -> None:
    parser = FrameParser(2)
    try:
        parser.feed(data)
        parser.feed(frame(b"E", data))
        parser.finish()
    except FrameError:
        pass


@pytest.mark.parametrize(
    "data",
    [
        frame(b"A", b"abc"),
        b"A\xff\xff\xff\xff",
        frame(b"A", b"ab") + end(2),
        end(0) + frame(b"A", b"ab"),
        end(0) + b"A\0\0\0\0",
        frame(b"E", b"{}"),
        frame(b"E", b"[" * 100_000),
        frame(b"E", b"\xff"),
    ],
    ids=range(8),
)
def test_a_record_that_is_none(data: bytes) -> None:
    with pytest.raises(FrameError):
        FrameParser(2).feed(data)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"status": "fine"}, {"status": None}, {"status": 1}, {"status": []}),
        *({"samples": each} for each in (1, -1, 0.0, "0", None, True)),
        *({"clipped": each} for each in (-1, "", None)),
        *({"error": 5}, {"spoken": []}, {"respelled": 1.5}),
    ],
)
def test_an_end_that_is_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        parse_end(json.dumps({**OK, "samples": 0, **wrong}).encode(), 0)


def test_a_failure_has_a_sentence() -> None:
    assert parse_end(json.dumps({**OK, "samples": 0, "status": "failed"}).encode(), 0).error
    told = parse_end(json.dumps({**OK, "samples": 0, "error": "x"}).encode(), 0)
    assert told.error is None  # of a record that is fine
