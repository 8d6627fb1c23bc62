"""Utterances joined to long ones, so that the LM learns to go on after a full stop."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab.latents import Latents

SPACE = 16  # the phoneme between two words
_BY_FRAME = ("latents", "phonemes", "pitch", "voiced", "energy")
_MAX_PARTS = 5


def with_joined(data: Latents, share: float, longest: int, first: int, seed: int) -> Latents:
    """`data` and, behind it, `share` as many utterances that are joined from some of its own.

    The parts are of one voice, end in a stop, and are none of the `first` utterances. Texts and
    frames of a joined utterance are at most `longest` together.
    """
    rng = np.random.default_rng(seed)
    ends = np.array([text[-1:] in (".", "?", "!") for text in data.texts])
    lengths = np.array([len(text) for text in data.texts]) + data.frames + 1
    runs: list[list[int]] = []
    for voice in np.unique(data.voices):
        usable = np.flatnonzero(ends & (data.voices == voice) & (np.arange(len(ends)) >= first))
        for _ in range(round(share * len(usable)) if len(usable) > 1 else 0):
            room = rng.integers(longest // 4, longest + 1)
            run: list[int] = []
            for candidate in rng.choice(usable, min(_MAX_PARTS, len(usable)), replace=False):
                if lengths[candidate] <= room:
                    run.append(int(candidate))
                    room -= lengths[candidate]
            if len(run) > 1:
                runs.append(run)
    return _appended(data, runs) if runs else data


def _appended(data: Latents, runs: list[list[int]]) -> Latents:
    frames = _indices(data.frames, runs)
    starts = np.cumsum(data.spoken_counts) - data.spoken_counts
    spoken, counts = [data.spoken], []
    for run in runs:
        parts = [data.spoken[starts[i] : starts[i] + data.spoken_counts[i]] for i in run]
        spaced = [part for phonemes in parts for part in (phonemes, np.array([SPACE], np.uint8))]
        spoken += spaced[:-1]
        counts.append(sum(map(len, spaced[:-1])))
    arrays = {field.name: getattr(data, field.name) for field in fields(Latents)}
    arrays |= {name: np.concatenate([arrays[name], arrays[name][frames]]) for name in _BY_FRAME}
    arrays["frames"] = np.append(data.frames, [data.frames[run].sum() for run in runs])
    arrays["voices"] = np.append(data.voices, [data.voices[run[0]] for run in runs])
    arrays["spoken"] = np.concatenate(spoken)
    arrays["spoken_counts"] = np.append(data.spoken_counts, counts)
    arrays["texts"] = [*data.texts, *(" ".join(data.texts[i] for i in run) for run in runs)]
    return Latents(**arrays)


def _indices(counts: NDArray[np.int64], runs: list[list[int]]) -> NDArray[np.int64]:
    """Rows of the items of all `runs`, one after the other, where item i has `counts[i]` rows."""
    starts = np.cumsum(counts) - counts
    items = [i for run in runs for i in run]
    return np.concatenate([np.arange(starts[i], starts[i] + counts[i]) for i in items])
