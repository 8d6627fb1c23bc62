"""Utterances that nobody spoke: latents with the targets that go with them, and buzzes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab.joining import SPACE
from vvcli.voicelab.latents import Latents


def made_up(texts: list[str], frames: list[int], latent: int = 64) -> Latents:
    """Latents for `texts`: each letter's phoneme is its own code, frames are numbered."""
    rng = np.random.default_rng(0)
    total = sum(frames)
    spoken = [bytes(SPACE if c == " " else ord(c) for c in text) for text in texts]
    return Latents(
        latents=rng.standard_normal((total, latent)).astype(np.float16),
        frames=np.array(frames),
        voices=np.arange(len(texts)) % 2,
        spoken_counts=np.array([len(s) for s in spoken]),
        spoken=np.frombuffer(b"".join(spoken), np.uint8),
        phonemes=np.arange(total).astype(np.uint8) % 170,
        pitch=rng.standard_normal(total).astype(np.float16),
        voiced=rng.random(total) < 0.5,
        energy=rng.standard_normal(total).astype(np.float16),
        texts=texts,
    )


def tone(semitones: float, swing: float = 0.0, seconds: float = 1.0) -> NDArray[np.float32]:
    """A buzz at `semitones` over 100 Hz that swings by `swing` three times a second."""
    time = np.arange(round(24_000 * seconds)) / 24_000
    pitch = 100 * 2 ** ((semitones + swing * np.sin(2 * np.pi * 3 * time)) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / 24_000
    partials = np.arange(1, 20)
    return ((np.sin(partials * phase[:, None]) / partials).sum(1) / 4).astype(np.float32)
