"""`deterministic`: a record's bits are its own, whatever is spoken at the same time."""

from __future__ import annotations

import pytest

from tests.conftest import TINY
from vvcli import Record, Synthesizer

TEXTS = ["Hello there.", "Yes.", "Who? Me.", "The quick brown fox jumps over the lazy dog.", "No."]


def bits(synthesizer: Synthesizer, records: list[Record]) -> dict[int, bytes]:
    return {
        utterance.record.index: utterance.samples.tobytes()
        for utterance in synthesizer.speak(records)
    }


# Products of matrices that share their rows out in blocks of 4, 6, 8 or 16 have rows left over.
@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.parametrize("streams", [2, 3, 4, 5, 7, 8])
def test_bits_do_not_depend_on_slot_neighbours_or_order(streams: int) -> None:
    synthesizer = Synthesizer(TINY, "Ada", streams=streams, steps=1, deterministic=True)
    records = [Record(index, text) for index, text in enumerate(TEXTS)]
    together = bits(synthesizer, records)
    assert len(set(together.values())) == len(records)
    assert bits(synthesizer, records[::-1]) == together
    for record in (records[0], records[-1]):
        assert bits(synthesizer, [record])[record.index] == together[record.index]
