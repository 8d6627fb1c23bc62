"""A very small voice and recordings of noise, so that every training runs in seconds."""

from __future__ import annotations

import numpy as np
import pytest

from vvcli.voicelab.settings import (
    AdversarialTraining,
    LanguageTraining,
    Settings,
    Shapes,
    SpectralTraining,
    Teaching,
)
from vvcli.voicelab.teach import Recordings


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(
        shapes=Shapes(
            hidden=32,
            inner=48,
            text_layers=1,
            tts_layers=2,
            heads=4,
            kv_heads=2,
            head_layers=2,
            latent=8,
            filters=2,
            depths="1-1-1-1-1-1",
            max_positions=256,
        ),
        teaching=Teaching(shard_lines=3, padded_frames=100),
        spectral=SpectralTraining(steps=2, crop_frames=4, batch=2),
        adversarial=AdversarialTraining(steps=2, crop_frames=3, judged_frames=2, batch=2),
        language=LanguageTraining(
            steps=3, tokens_per_batch=256, buckets=(32, 64), held_out=1, imagined_from=0.0
        ),
    )


@pytest.fixture(scope="session")
def recordings(settings: Settings) -> Recordings:
    rng = np.random.default_rng(0)
    texts = ["hello world.", "a longer line of text", "yes", "one two three"]
    frames = np.array([12, 24, 7, 15])
    total = int(frames.sum())
    spoken_counts = np.array([len(text) for text in texts])
    return Recordings(
        samples=rng.normal(0, 3000, total * settings.hop).astype(np.int16),
        frames=frames,
        voices=np.arange(4) % 2,
        spoken_counts=spoken_counts,
        spoken=rng.integers(1, 178, spoken_counts.sum()).astype(np.uint8),
        phonemes=rng.integers(0, 178, total).astype(np.uint8),
        pitch=rng.normal(0, 1, total).astype(np.float16),
        voiced=rng.random(total) < 0.5,
        energy=rng.uniform(-5, 0, total).astype(np.float16),
        texts=texts,
    )
