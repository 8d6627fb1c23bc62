"""The model that comes with the package: the default, and the same audio wherever it runs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import InProcess
from tests.rounding import same_audio
from vvcli import Record, Status, Synthesizer, Utterance
from vvcli.checkpoint.hub import embedded_model
from vvcli.voicelab.settings import Settings, model_config

SENTENCE = "The meeting moved to Tuesday at half past nine."
SHORT = "It moved."
OTHERS = ["Yes.", "Where to?", "Apples.", "No."]


def test_its_config_is_what_export_writes() -> None:
    written = json.loads((embedded_model() / "config.json").read_text("utf-8"))
    assert written == model_config(Settings())


def test_it_is_small_enough_to_ship() -> None:
    size = sum(path.stat().st_size for path in embedded_model().rglob("*") if path.is_file())
    assert size <= 64e6


@pytest.mark.slow
def test_it_speaks_by_default(vvcli: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VVCLI_MODEL", raising=False)
    result = vvcli("speak", "-f", "f32le", SENTENCE)
    assert result.status == 0
    samples = np.frombuffer(result.stdout, "<f4")
    assert 2 < len(samples) / 24_000 < 5
    assert 0.1 < np.abs(samples).max() < 1
    assert abs(samples.mean()) < 0.02


def among_others(synthesizer: Synthesizer, record: Record) -> Utterance:
    """`record` as it sounds in one of three slots, with others before it and beside it."""
    others = [Record(i, text) for i, text in enumerate(OTHERS)]
    spoken = list(synthesizer.speak([*others[:2], record, *others[3:]]))
    assert all(utterance.status is Status.OK for utterance in spoken)
    return spoken[2]


# In float32, and unless the bits are kept the same, rounding would show: this model lets an error
# grow ten thousand times in a second of speech, to a hundredth of the loudest sample.
@pytest.mark.slow
@pytest.mark.numeric
def test_order_slot_and_neighbours_do_not_change_a_record() -> None:
    record = Record(2, SHORT)
    synthesizer = Synthesizer("embedded", "clara", streams=3, dtype="float64", steps=1)
    alone = next(synthesizer.speak([record]))
    assert same_audio(among_others(synthesizer, record).samples, alone.samples)


@pytest.mark.slow
@pytest.mark.numeric
def test_nor_a_single_bit_of_it_if_that_is_asked_for() -> None:
    record = Record(2, SHORT)
    synthesizer = Synthesizer("embedded", "miles", streams=3, steps=1, deterministic=True)
    alone = next(synthesizer.speak([record]))
    assert np.array_equal(among_others(synthesizer, record).samples, alone.samples)


@pytest.mark.slow
def test_what_it_cannot_say_is_named_and_the_rest_is_spoken(vvcli: InProcess) -> None:
    result = vvcli("speak", "-q", "-m", "embedded", stdin="Yes.\nこんにちは\nNo.\n".encode())
    assert result.status == 3
    assert "stdin:2" in result.error
    assert "こ" in result.error
    assert result.stdout


@pytest.mark.slow
def test_parts_of_a_long_record_leave_room_for_their_speech() -> None:
    synthesizer = Synthesizer("embedded", "clara", streams=1)
    parts = synthesizer.speaker.record_streams.reader.read(
        Record(0, " ".join([SENTENCE] * 70))
    ).parts
    config = synthesizer.config
    assert len(parts) > 1
    for part in parts:
        tokens = len(part.tokens)
        # A character of English lasts 65 ms and more.
        frames = tokens * max(0.065 * config.frame_rate, config.frames_per_token)
        assert 1 + tokens + frames <= config.lm.max_positions


@pytest.mark.slow
@pytest.mark.parametrize(("voice", "letters"), [("clara", "CILNOQRVX"), ("miles", "IU")])
def test_letters_are_said_alone(voice: str, letters: str) -> None:
    """They were breaths of 0.2 s and -50 dBFS before the model was given their names."""
    spoken = Synthesizer("embedded", voice, streams=8).speak([f"{letter}." for letter in letters])
    for letter, utterance in zip(letters, spoken, strict=True):
        assert utterance.status is Status.OK, letter
        assert len(utterance.samples) > 0.3 * 24_000, letter
        assert np.sqrt(np.square(utterance.samples).mean()) > 0.01, letter
