"""Rows of texts in, rows of audio out, as `ray.data` hands them over."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from tests.conftest import TINY
from vvcli import Record, Synthesizer
from vvcli.fleet.speak import Speak
from vvcli.script.jsonl import read_jsonl
from vvcli.script.record import MAX_SEED

pytestmark = pytest.mark.slow


def test_rows_are_spoken_as_records_are() -> None:
    records = [
        Record(0, "Hello.", id="a"),
        Record(7, "And so on.", voice="Ben", seed=3),
        Record(0, ""),
        Record(1, "Hello.", voice="Cleopatra"),
    ]
    speak = Speak(TINY, device="cpu", voice="Ada", deterministic=True)
    batch = {
        name: np.array([getattr(record, name) for record in records], dtype=kind)
        for name, kind in (("text", object), ("index", int), ("voice", object), ("seed", object))
    }
    found = speak(batch | {"page": np.arange(4)})
    expected = [*Synthesizer(TINY, "Ada", device="cpu", deterministic=True).speak(records)]
    assert [*found["page"]] == [0, 1, 2, 3]
    assert [*found["status"]] == ["ok", "ok", "blank", "failed"]
    assert [*found["error"]] == [utterance.error or "" for utterance in expected]
    for samples, utterance in zip(found["audio"], expected, strict=True):
        assert samples.tobytes() == utterance.samples.tobytes()
    # A row without an index is spoken alike wherever it stands.
    alone = speak({"text": ["No.", "Hello."]})
    assert alone["audio"][1].tobytes() == expected[0].samples.tobytes()


def test_rows_that_cannot_be_spoken_fail_alone() -> None:
    """Nulls come as None or, where others of the column are numbers, as NaN."""
    speak = Speak(TINY, device="cpu", voice="Ada", deterministic=True)
    texts = np.array(["Hello.", "Hello.", None, b"Hello.", "Hello.", "Hello."], dtype=object)
    seeds = np.array([3.0, np.nan, 1.0, 1.0, -1.0, 0.5])
    voices = np.array([None, np.nan, None, None, None, None], dtype=object)
    found = speak({"text": texts, "seed": seeds, "voice": voices, "index": [None, *range(5)]})
    assert [*found["status"]] == ["ok", "ok", "failed", "failed", "failed", "failed"]
    assert [error.partition(" ")[0] for error in found["error"]] == [
        *("", "", '"text"', '"text"', '"seed"', '"seed"')
    ]
    expected = [
        *Synthesizer(TINY, "Ada", device="cpu", deterministic=True).speak(
            [Record(0, "Hello.", seed=3), Record(0, "Hello.")]
        )
    ]
    for samples, utterance in zip(found["audio"], expected, strict=False):
        assert samples.tobytes() == utterance.samples.tobytes()


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"text": "a\x07b"}, '"text" is not text: character 2 (0x07) is a control character'),
        (
            {"text": "Hi \ud83d"},
            '"text" is not text: character 4 (U+D83D) is half of a surrogate pair',
        ),
        ({"voice": "Ada\nBen"}, '"voice" has a line break, or space around it'),
        ({"id": ""}, '"id" is empty'),
        ({"index": -1}, f'"index" is not a whole number from 0 to {MAX_SEED}'),
        ({"seed": True}, f'"seed" is not a whole number from 0 to {MAX_SEED}'),
    ],
)
def test_a_row_may_hold_what_a_line_of_json_may(row: dict[str, Any], error: str) -> None:
    values = {"text": "Hello."} | row
    speak = Speak(TINY, device="cpu", voice="Ada")
    found = speak({name: np.array([value], dtype=object) for name, value in values.items()})
    assert [*found["error"]] == [error]
    if "index" not in values:
        (record,) = read_jsonl(io.BytesIO(json.dumps(values).encode()), "lines.jsonl")
        assert record.error == f"lines.jsonl:1: {error}"


def test_line_breaks_of_a_row_are_spoken_as_spaces() -> None:
    speak = Speak(TINY, device="cpu", voice="Ada", deterministic=True)
    found = speak({"text": ["Hello\nthere.", "Hello there."]})
    assert found["audio"][0].tobytes() == found["audio"][1].tobytes()


def test_a_batch_without_texts() -> None:
    with pytest.raises(ValueError, match="the batch has no column 'text'"):
        Speak(TINY, device="cpu", voice="Ada")({"words": ["Hello."]})
    with pytest.raises(ValueError, match="steps"):
        Speak(TINY, device="cpu", steps=0)
