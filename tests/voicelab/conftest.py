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
)
from vvcli.voicelab.teach import Recordings, frame_samples


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
        spectral=SpectralTraining(steps=2, crop_frames=4, batch=2),
        adversarial=AdversarialTraining(steps=2, crop_frames=6, judged_frames=5, batch=2),
        language=LanguageTraining(steps=3, tokens_per_batch=256, buckets=(32, 64)),
    )


@pytest.fixture(scope="session")
def recordings(settings: Settings) -> Recordings:
    rng = np.random.default_rng(0)
    texts = ["hello world.", "a longer line of text", "yes", "one two three"]
    frames = np.array([12, 24, 7, 15])
    samples = rng.normal(0, 3000, frames.sum() * frame_samples(settings)).astype(np.int16)
    return Recordings(samples, frames, np.arange(4) % 2, texts)
