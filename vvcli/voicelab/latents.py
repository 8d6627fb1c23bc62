"""The teacher's recordings as latents: what the LM is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.voicelab.settings import Settings
from vvcli.voicelab.spectral import load_autoencoder
from vvcli.voicelab.teach import Recordings, frame_samples

FILE = "latents.npz"
CHUNK = 1024
MARGIN = 16  # frames on both sides of a chunk, more than the encoder sees


@dataclass(frozen=True)
class Latents:
    """Utterances end to end; utterance i has `frames[i]` rows of `latents` [frames, latent]."""

    latents: NDArray[np.float16]
    frames: NDArray[np.int64]
    voices: NDArray[np.int64]
    texts: list[str]

    def save(self, path: Path) -> None:
        """Write to `path`."""
        np.savez(
            path,
            latents=self.latents,
            frames=self.frames,
            voices=self.voices,
            texts=np.array(self.texts),
        )

    @classmethod
    def load(cls, path: Path) -> Latents:
        """Read what `save` wrote."""
        file = np.load(path)
        texts = [str(text) for text in file["texts"]]
        return cls(file["latents"], file["frames"], file["voices"], texts)


@torch.no_grad()
def extract(
    settings: Settings, recordings: Recordings, folder: Path, device: torch.device
) -> Latents:
    """Latents of `recordings` by the trained encoder in `folder`."""
    encoder = load_autoencoder(settings, folder, device).encoder
    width = frame_samples(settings)
    total = int(recordings.frames.sum())
    padded = np.pad(recordings.samples, (MARGIN * width, (MARGIN + CHUNK) * width))
    samples = torch.from_numpy(padded).to(device)
    rows = []
    for start in range(0, total, CHUNK):
        chunk = samples[start * width : (start + CHUNK + 2 * MARGIN) * width]
        rows.append(encoder(chunk[None].float() / 32768)[0, MARGIN : MARGIN + CHUNK].half())
    latents = torch.cat(rows)[:total].cpu().numpy()
    return Latents(latents, recordings.frames, recordings.voices, recordings.texts)
