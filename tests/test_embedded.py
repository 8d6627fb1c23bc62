"""The model that comes with the package: the default, and the same audio wherever it runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import InProcess
from vvcli import Record, Status, Synthesizer
from vvcli.checkpoint.hub import embedded_model

SENTENCE = "The meeting moved to Tuesday at half past nine."
OTHERS = ["Yes.", "Where did the time go?", "Apples, pears, plums and figs."] * 3


def test_it_is_small_enough_to_ship() -> None:
    size = sum(path.stat().st_size for path in embedded_model().rglob("*") if path.is_file())
    assert size <= 45e6


def test_it_speaks_by_default(vvcli: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VVCLI_MODEL", raising=False)
    result = vvcli("speak", "-f", "f32le", SENTENCE)
    assert result.status == 0
    samples = np.frombuffer(result.stdout, "<f4")
    assert 2 < len(samples) / 24_000 < 5
    assert 0.1 < np.abs(samples).max() < 1
    assert abs(samples.mean()) < 0.02


@pytest.mark.parametrize("voice", ["clara", "miles"])
def test_batch_order_slot_and_neighbours_do_not_change_a_record(voice: str) -> None:
    record = Record(4, SENTENCE)
    alone = next(Synthesizer("embedded", voice, streams=1).speak([record]))
    others = [Record(i, text) for i, text in enumerate(OTHERS)]
    # Among others in the slots beside it; and in the only slot, after another.
    for streams, lines in ((8, [*others[:4], record, *others[5:]]), (1, [others[3], record])):
        spoken = list(Synthesizer("embedded", voice, streams=streams).speak(lines))
        assert all(utterance.status is Status.OK for utterance in spoken)
        found = spoken[lines.index(record)]
        np.testing.assert_allclose(found.samples, alone.samples, atol=1e-3)


def test_what_it_cannot_say_is_named_and_the_rest_is_spoken(vvcli: InProcess) -> None:
    result = vvcli("speak", "-q", "-m", "embedded", stdin="Yes.\nこんにちは\nNo.\n".encode())
    assert result.status == 3
    assert "stdin:2" in result.error
    assert "こ" in result.error
    assert result.stdout
