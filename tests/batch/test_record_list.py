"""A list of records gives back what it was given."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from vvcli.batch.record_list import RecordList
from vvcli.script.record import Record

PLAIN = Record(3, "Hello.", "book.txt:1")

OTHER: dict[str, Any] = {
    "source": "other.txt:1",
    "voice": "Ada",
    "seed": 7,
    "cfg_scale": 1.5,
    "error": "book.txt:1: this is not text",
    "id": "a",
    "output": "a.wav",
    "silence_after": 0.5,
    "part": 1,
    "parts": 2,
    "is_heading": True,
    "spoken": "hello",
    "respelled": 1,
    "speed": 2.0,
}


def test_a_plain_record_comes_back() -> None:
    assert [*RecordList([PLAIN, replace(PLAIN, index=4, source="book.txt:2")], 3, "book.txt:")] == [
        PLAIN,
        replace(PLAIN, index=4, source="book.txt:2"),
    ]


@pytest.mark.parametrize("field", [field.name for field in fields(Record)])
def test_nothing_that_a_record_asks_for_is_lost(field: str) -> None:
    if field in ("index", "text"):
        pytest.skip("every record has its own")
    record = replace(PLAIN, **{field: OTHER[field]})
    [found] = RecordList([record], 3, "book.txt:")
    assert getattr(found, field) == OTHER[field]
    assert found == record
