"""Utterances as tensors on the device, and the order in which the TTS LM meets them.

A sequence is the prompt token, then text windows and speech windows in turn; when the text is
out, frames only. Frame j comes after the text of its window, text token i after the frames of
the windows before its own: positions are sums, so a batch is pure indexing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.voicelab.joining import SPACE, with_joined
from vvcli.voicelab.latents import Latents
from vvcli.voicelab.settings import ALPHABET, Settings
from vvcli.voicelab.spelling import spelled


def tokens_of(text: str) -> list[int]:
    """Character tokens of normalised `text` and of the line end that closes it."""
    return [ALPHABET.index(character) for character in f"{text}\n"]


def text_positions(index: Tensor, text_window: int, speech_window: int) -> Tensor:
    """Positions of text tokens `index` in the TTS LM's sequence."""
    return 1 + index + index // text_window * speech_window


def frame_positions(
    index: Tensor, text_counts: Tensor, text_window: int, speech_window: int
) -> Tensor:
    """Positions of frames `index` in sequences with `text_counts` text tokens."""
    text_before = torch.minimum(text_counts, (index // speech_window + 1) * text_window)
    return 1 + text_before + index


# A stream whose end was missed goes on in silence, where it is told again that this is the end.
SILENT_FRAMES = 2


@dataclass(frozen=True)
class Bucket:
    """Utterances of similar length; sizes of their batch."""

    ids: Tensor  # [utterances] int64
    rows: int
    length: int
    texts: int
    frames: int


@dataclass(frozen=True)
class Batch:
    """Sequences of one bucket, all on the device. B rows, N text tokens, F frames."""

    tokens: Tensor  # [B, 1 + N] int64, the prompt first
    text_positions: Tensor  # [B, N] int64; `length` for padding
    frame_positions: Tensor  # [B, F] int64; `length` for padding
    frame_counts: Tensor  # [B] int64
    present: Tensor  # [B, F] bool: the utterance's frames and the silent ones behind them
    valid: Tensor  # [B, F] bool: the utterance's frames
    with_text: Tensor  # [B] bool
    latents: Tensor  # [B, F, latent] float32
    spelling: Tensor  # [B, N, 2] int64: phonemes of each text token, -1 unknown
    phonemes: Tensor  # [B, F] int64
    pitch: Tensor  # [B, F] float32
    voiced: Tensor  # [B, F] bool
    energy: Tensor  # [B, F] float32


class Corpus:
    """All utterances; `draw` makes random batches without leaving the device.

    `buckets` are for training; `unseen` is a batch of the first utterances, which no bucket has.

    Raises:
        ValueError: there is nothing to train on.
    """

    def __init__(self, settings: Settings, data: Latents, device: torch.device) -> None:
        self._settings = settings
        config = settings.language
        data = with_joined(
            data, config.joined, config.buckets[-1] - 8, config.held_out, config.seed
        )
        tokens = [tokens_of(text) for text in data.texts]
        counts = np.array([len(line) for line in tokens])
        # Each text's phonemes, and none for the line end behind it.
        spelling = spelled(data.texts, data.spoken, data.spoken_counts, SPACE)
        spelling = np.insert(spelling, np.cumsum(counts - 1), 0, axis=0)

        def on_device(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(device)

        self._tokens = on_device(np.concatenate(tokens).astype(np.uint8))
        self._spelling = on_device(spelling)
        self._text_counts = on_device(counts)
        self._text_starts = self._text_counts.cumsum(0) - self._text_counts
        self._frame_counts = on_device(data.frames)
        self._frame_starts = self._frame_counts.cumsum(0) - self._frame_counts
        self._voices = on_device(data.voices)
        self._latents = on_device(data.latents)
        self._phonemes = on_device(data.phonemes)
        self._curves = on_device(np.stack([data.pitch, data.voiced, data.energy], 1))
        seen = np.arange(len(counts)) >= config.held_out
        self.buckets = list(self._bucketed(counts, data.frames, seen, config.buckets, device))
        if not self.buckets:
            raise ValueError("no utterance is left to train on: all are held out or too long")
        one = config.buckets[-1:]
        unseen = list(self._bucketed(counts, data.frames, ~seen, one, device))
        self.unseen = unseen[0] if unseen else None

    def _bucketed(
        self,
        texts: NDArray[np.int64],
        frames: NDArray[np.int64],
        usable: NDArray[np.bool_],
        bounds: tuple[int, ...],
        device: torch.device,
    ) -> Iterator[Bucket]:
        shapes, config = self._settings.shapes, self._settings.language
        lengths = 1 + texts + frames + SILENT_FRAMES
        # Generation feeds all text before it stops only if speech outlasts the text windows.
        outlasts = (texts - 1) // shapes.text_window * shapes.speech_window < frames
        shorter = 0
        for longest in bounds:
            chosen = usable & outlasts & (shorter < lengths) & (lengths <= longest)
            shorter = longest
            if chosen.any():
                yield Bucket(
                    ids=torch.from_numpy(np.flatnonzero(chosen)).to(device),
                    rows=max(1, config.tokens_per_batch // longest),
                    length=longest,
                    texts=int(texts[chosen].max()),
                    frames=int(frames[chosen].max()) + SILENT_FRAMES,
                )

    def draw(self, bucket: Bucket) -> Batch:
        """A random batch of `bucket`; some rows lose their text, to train the negative path."""
        settings = self._settings
        shapes, device = settings.shapes, bucket.ids.device
        ids = bucket.ids[torch.randint(0, len(bucket.ids), (bucket.rows,), device=device)]
        with_text = torch.rand(bucket.rows, device=device) >= settings.language.without_text
        text_counts = (self._text_counts[ids] * with_text)[:, None]
        frame_counts = self._frame_counts[ids]

        index = torch.arange(bucket.texts, device=device)[None]
        where = (self._text_starts[ids][:, None] + index).clamp(max=len(self._tokens) - 1)
        characters = self._tokens[where].long()
        spelling = torch.where((index < text_counts)[..., None], self._spelling[where], -1)
        voice = settings.voice_token(0) + self._voices[ids]
        prompt = torch.where(with_text, voice, settings.neutral_token)
        at = text_positions(index, shapes.text_window, shapes.speech_window)
        of_text = torch.where(index < text_counts, at, bucket.length)

        index = torch.arange(bucket.frames, device=device)[None]
        valid = index < frame_counts[:, None]
        present = index < frame_counts[:, None] + SILENT_FRAMES
        at = frame_positions(index, text_counts, shapes.text_window, shapes.speech_window)
        where = self._frame_starts[ids][:, None] + index.clamp(max=frame_counts[:, None] - 1)
        pitch, voiced, energy = self._curves[where].float().unbind(-1)
        return Batch(
            tokens=torch.cat([prompt[:, None], characters], dim=1),
            text_positions=of_text,
            frame_positions=torch.where(present, at, bucket.length),
            frame_counts=frame_counts,
            present=present,
            valid=valid,
            with_text=with_text,
            latents=self._latents[where].float(),
            spelling=spelling.long(),
            phonemes=self._phonemes[where].long(),
            pitch=pitch,
            voiced=voiced > 0,
            energy=energy,
        )
