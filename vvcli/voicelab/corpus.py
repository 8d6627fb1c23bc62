"""Utterances as tensors on the device, and the order in which the TTS LM meets them.

A sequence is the prompt token, then text windows and speech windows in turn; when the text is
out, frames only. Frame j comes after the text of its window, text token i after the frames of
the windows before its own: positions are sums, so a batch is pure indexing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vvcli.voicelab.latents import Latents
from vvcli.voicelab.settings import ALPHABET, Settings


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
    valid: Tensor  # [B, F] bool
    with_text: Tensor  # [B] bool
    latents: Tensor  # [B, F, latent] float32


class Corpus:
    """All utterances; `draw` makes random batches without leaving the device."""

    def __init__(self, settings: Settings, data: Latents, device: torch.device) -> None:
        self._settings = settings
        tokens = [tokens_of(text) for text in data.texts]
        counts = np.array([len(line) for line in tokens])
        self._tokens = torch.tensor(np.concatenate(tokens), dtype=torch.uint8, device=device)
        self._text_counts = torch.from_numpy(counts).to(device)
        self._text_starts = self._text_counts.cumsum(0) - self._text_counts
        self._frame_counts = torch.from_numpy(data.frames).to(device)
        self._frame_starts = self._frame_counts.cumsum(0) - self._frame_counts
        self._voices = torch.from_numpy(data.voices).to(device)
        self._latents = torch.from_numpy(data.latents).to(device)
        self.buckets = list(self._bucketed(counts, data.frames, device))

    def _bucketed(
        self, texts: np.ndarray, frames: np.ndarray, device: torch.device
    ) -> list[Bucket]:
        shapes, config = self._settings.shapes, self._settings.language
        lengths = 1 + texts + frames
        # Generation feeds all text before it stops only if speech outlasts the text windows.
        outlasts = (texts - 1) // shapes.text_window * shapes.speech_window < frames
        buckets = []
        shorter = 0
        for longest in config.buckets:
            chosen = outlasts & (shorter < lengths) & (lengths <= longest)
            shorter = longest
            if chosen.any():
                bucket = Bucket(
                    ids=torch.from_numpy(np.flatnonzero(chosen)).to(device),
                    rows=max(1, config.tokens_per_batch // longest),
                    length=longest,
                    texts=int(texts[chosen].max()),
                    frames=int(frames[chosen].max()),
                )
                buckets.append(bucket)
        return buckets

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
        voice = settings.voice_token(0) + self._voices[ids]
        prompt = torch.where(with_text, voice, settings.neutral_token)
        at = text_positions(index, shapes.text_window, shapes.speech_window)
        of_text = torch.where(index < text_counts, at, bucket.length)

        index = torch.arange(bucket.frames, device=device)[None]
        valid = index < frame_counts[:, None]
        at = frame_positions(index, text_counts, shapes.text_window, shapes.speech_window)
        where = (self._frame_starts[ids][:, None] + index).clamp(max=len(self._latents) - 1)
        return Batch(
            tokens=torch.cat([prompt[:, None], characters], dim=1),
            text_positions=of_text,
            frame_positions=torch.where(valid, at, bucket.length),
            frame_counts=frame_counts,
            valid=valid,
            with_text=with_text,
            latents=self._latents[where].float(),
        )
