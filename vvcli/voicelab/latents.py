"""The teacher's recordings as latents: what the LM is trained on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.samples import INT16_RANGE
from vvcli.voicelab.autoencoder import load_autoencoder
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.teach import Recordings

FILE = "latents.npz"
CHUNK = 1024
MARGIN = 16  # frames on both sides of a chunk, more than the encoder sees


@dataclass(frozen=True)
class Latents:
    """U utterances end to end, utterance i of `frames[i]` frames; F frames in all.

    Beside the latents, the targets that help the LM to find its way from letters to sound.
    """

    latents: NDArray[np.float16]  # [F, latent]
    frames: NDArray[np.int64]  # [U]
    voices: NDArray[np.int64]  # [U]
    spoken_counts: NDArray[np.int64]  # [U] phonemes of each utterance
    spoken: NDArray[np.uint8]  # [sum(spoken_counts)] ids of phonemes
    phonemes: NDArray[np.uint8]  # [F] the phoneme at the frame's centre; 0 is silence
    pitch: NDArray[np.float16]  # [F] log2 of F0 / 100 Hz; 0 where there is no voice
    voiced: NDArray[np.bool_]  # [F]
    energy: NDArray[np.float16]  # [F] decimal logarithm of the root mean square
    texts: list[str]

    def save(self, path: Path) -> None:
        """Write to `path`."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez(path, **{**arrays, "texts": np.array(self.texts)})

    @classmethod
    def load(cls, path: Path) -> Latents:
        """Read what `save` wrote."""
        file = np.load(path)
        arrays = {field.name: file[field.name] for field in fields(cls)}
        return cls(**{**arrays, "texts": [str(text) for text in file["texts"]]})


@torch.no_grad()
def extract(
    settings: Settings, recordings: Recordings, folder: Path, device: torch.device
) -> Latents:
    """Latents of `recordings` by the trained encoder in `folder`."""
    encoder = load_autoencoder(settings, folder, device).encoder
    width = settings.hop
    total = int(recordings.frames.sum())
    samples = recordings.samples
    rows = []
    for start in range(0, total, CHUNK):
        first, last = start - MARGIN, start + CHUNK + MARGIN
        chunk = samples[max(0, first) * width : last * width]
        before = max(0, -first) * width
        behind = (last - first) * width - before - len(chunk)
        heard = torch.from_numpy(np.pad(chunk, (before, behind))).to(device)
        rows.append(encoder(heard[None].float() / INT16_RANGE)[0, MARGIN : MARGIN + CHUNK].half())
    shared = {f.name: getattr(recordings, f.name) for f in fields(Latents) if f.name != "latents"}
    return Latents(torch.cat(rows)[:total].cpu().numpy(), **shared)
