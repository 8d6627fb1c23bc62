"""Records at another speed, and sentence by sentence, through the whole of a synthesizer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import TINY
from vvcli import Chunk, Synthesizer
from vvcli.samples import Samples
from vvcli.script.record import Record
from vvcli.speech.stretch import Stretcher
from vvcli.speech.values import Sentence, Status

LONG = "Good morning. It is late, Mr. Smith! Go on."
SENTENCES = ["Good morning.", "It is late, Mr. Smith!", "Go on."]


@pytest.fixture(scope="module")
def plain() -> Synthesizer:
    return Synthesizer(TINY, "Ada", streams=2, dtype="float64")


@pytest.fixture(scope="module")
def by_sentence() -> Synthesizer:
    return Synthesizer(TINY, "Ada", streams=3, dtype="float64", by_sentence=True)


def stretched(samples: Samples, speed: float) -> Samples:
    stretcher = Stretcher(speed)
    return np.concatenate([stretcher.stretch(samples), stretcher.finish()])


@pytest.mark.slow
def test_a_record_at_a_speed_is_its_audio_stretched(plain: Synthesizer) -> None:
    """By itself, whatever is before it and however its frames come."""
    records = [Record(i, "Go on.", speed=speed) for i, speed in enumerate([None, 1.5, 0.5, 1.0])]
    made = [utterance.samples for utterance in plain.speak(records)]
    asis = [u.samples for u in plain.speak([Record(i, "Go on.") for i in range(4)])]
    assert [len(samples) for samples in made[::3]] == [len(samples) for samples in asis[::3]]
    for number, speed in ((1, 1.5), (2, 0.5)):
        assert len(made[number]) == round(len(asis[number]) / speed)
        np.testing.assert_allclose(made[number], stretched(asis[number], speed), atol=1e-4)


def test_pauses_stay_as_long_as_they_were_asked_for(plain: Synthesizer) -> None:
    speed = 2.0
    [alone] = plain.speak([Record(0, "Go on.", speed=speed)])
    [paused] = plain.speak([Record(0, "[[pause 250ms]]Go on.[[pause 1s]]", speed=speed)])
    assert len(paused.samples) - len(alone.samples) == pytest.approx(30_000, abs=1)
    [only] = plain.speak([Record(0, "[[pause 2s]]", speed=0.7)])
    assert (only.status, len(only.samples)) == (Status.OK, 48_000)
    assert not only.samples.any()


@pytest.mark.slow
def test_the_speed_of_the_run_is_that_of_records_without_one() -> None:
    fast = Synthesizer(TINY, "Ada", streams=1, speed=1.25, sample_type="int16")
    told, own = fast.speak([Record(0, "Go."), Record(1, "Go.", seed=0, speed=1.0)])
    assert own.samples.dtype == told.samples.dtype == np.int16
    [again] = fast.speak([Record(0, "Go.", seed=0)])
    assert len(again.samples) == round(len(own.samples) / 1.25)


@pytest.mark.parametrize("speed", [0.49, 2.01, float("nan"), None])
def test_a_speed_out_of_range_is_an_error(speed: float) -> None:
    with pytest.raises(ValueError, match=r"speed: .* is not a number from 0.5 to 2"):
        Synthesizer(TINY, "Ada", speed=speed)


@pytest.mark.slow
def test_chunks_are_of_one_sentence_each(by_sentence: Synthesizer) -> None:
    chunks: list[Chunk] = list(by_sentence.stream([Record(0, LONG)]))
    found = list(dict.fromkeys(chunk.sentence for chunk in chunks))
    assert found == [Sentence(i, text) for i, text in enumerate(SENTENCES)]


@pytest.mark.slow
@pytest.mark.parametrize("speed", [None, 1.5])
def test_sentences_cover_the_record(by_sentence: Synthesizer, speed: float | None) -> None:
    [said] = by_sentence.speak([Record(0, LONG, speed=speed)])
    starts = [start for _, start in said.sentences] + [len(said.samples)]
    assert [sentence.text for sentence, _ in said.sentences] == SENTENCES
    assert starts[0] == 0
    for number, text in enumerate(SENTENCES):
        [alone] = by_sentence.speak([Record(number << 32, text, speed=speed)])
        piece = said.samples[starts[number] : starts[number + 1]]
        assert len(piece) == len(alone.samples)
        np.testing.assert_allclose(piece, alone.samples, atol=1e-4)


@pytest.mark.slow
def test_pauses_and_voices_are_of_the_sentence_they_are_in(by_sentence: Synthesizer) -> None:
    text = "Good morning. Go on.[[pause 1s]] It is late. [[voice Ben]] So it is. --- Yes."
    [said] = by_sentence.speak([Record(0, text)])
    texts = [sentence.text for sentence, _ in said.sentences]
    assert texts == ["Good morning.", "Go on.", "It is late.", "So it is.", "--- Yes."]
    second, third = said.sentences[1][1], said.sentences[2][1]
    assert not said.samples[third - 24_000 : third].any()
    assert third - second > 24_000
    assert said.record.spoken is not None
    assert "[[voice Ben]]" in said.record.spoken


def test_text_is_that_of_the_record_and_blank_records_have_no_sentence(
    by_sentence: Synthesizer,
) -> None:
    blank, rule, pause = by_sentence.speak([" ", "* * *", "[[pause 1s]]"])
    assert [u.sentences for u in (blank, rule, pause)] == [()] * 3
    assert [u.status for u in (blank, rule, pause)] == [Status.BLANK, Status.BLANK, Status.OK]
