"""Latents of utterances that nobody spoke, with the targets that go with them."""

from __future__ import annotations

import numpy as np

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
