"""Copy synthesis: recordings through encoder and decoder, without the LM, as files to be judged.

It is the gate before an LM is trained: the LM cannot sound better than this.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.samples import FULL_SCALE
from vvcli.voicelab.autoencoder import load_autoencoder
from vvcli.voicelab.latents import extract
from vvcli.voicelab.settings import RATE, Settings
from vvcli.voicelab.teach import Recordings


@torch.no_grad()
def copy_synthesis(
    settings: Settings, recordings: Recordings, work: Path, folder: Path, device: torch.device
) -> None:
    """Write the utterances and their copies as `folder`/{teacher,copy}/NNN.wav."""
    decoder = load_autoencoder(settings, work, device).decoder
    latents = extract(settings, recordings, work, device).latents
    ends = recordings.frames.cumsum()
    for i, (end, frames) in enumerate(zip(ends, recordings.frames, strict=True)):
        start = end - frames
        own = torch.from_numpy(latents[start:end]).to(device).float()
        copied = decoder(own[None])[0][0].clamp(-1, 1).cpu().numpy()
        theirs = recordings.samples[start * settings.hop : end * settings.hop]
        write_wave(folder / "teacher" / f"{i:03}.wav", theirs)
        write_wave(folder / "copy" / f"{i:03}.wav", (copied * FULL_SCALE).round().astype(np.int16))


def write_wave(path: Path, samples: NDArray[np.int16]) -> None:
    """Write mono `samples` at 24 kHz to `path`, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
