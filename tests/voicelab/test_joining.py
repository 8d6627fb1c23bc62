"""Joined utterances are their parts, one after the other."""

from __future__ import annotations

import numpy as np

from tests.voicelab.utterances import made_up
from vvcli.voicelab.joining import with_joined

TEXTS = [f"{'word ' * (i % 5)}number {'i' * i}{'.' if i % 4 else ''}" for i in range(40)]
DATA = made_up(TEXTS, [5 + i for i in range(40)], latent=4)


def test_every_joined_utterance_is_made_of_whole_ones_of_its_voice() -> None:
    data = with_joined(DATA, 0.5, 250, 6, seed=1)
    assert len(data.texts) > len(TEXTS)
    assert data.texts[:40] == TEXTS
    np.testing.assert_array_equal(data.latents[: len(DATA.latents)], DATA.latents)
    starts = np.cumsum(DATA.frames) - DATA.frames
    for i in range(40, len(data.texts)):
        parts = [TEXTS.index(f"{part}.") for part in data.texts[i].rstrip(".").split(". ")]
        assert len(parts) > 1
        assert min(parts) >= 6
        assert {int(DATA.voices[part]) for part in parts} == {int(data.voices[i])}
        end = int(data.frames[: i + 1].sum())
        own = data.latents[end - data.frames[i] : end]
        theirs = [DATA.latents[starts[p] : starts[p] + DATA.frames[p]] for p in parts]
        np.testing.assert_array_equal(own, np.concatenate(theirs))
        last = int(data.spoken_counts[: i + 1].sum())
        spoken = bytes(data.spoken[last - data.spoken_counts[i] : last]).replace(b"\x10", b" ")
        assert spoken.decode() == data.texts[i]
        assert len(data.texts[i]) + data.frames[i] + 1 <= 250


def test_curves_stay_with_their_frames() -> None:
    data = with_joined(DATA, 0.5, 250, 0, seed=1)
    assert len(data.phonemes) == len(data.pitch) == len(data.voiced) == len(data.energy)
    known = {row.tobytes(): i for i, row in enumerate(DATA.latents)}
    origin = [known[row.tobytes()] for row in data.latents]
    np.testing.assert_array_equal(data.pitch, DATA.pitch[origin])
    np.testing.assert_array_equal(data.phonemes, DATA.phonemes[origin])


def test_nothing_is_joined_that_is_not_asked_for() -> None:
    assert with_joined(DATA, 0.0, 250, 0, seed=1).texts == TEXTS
