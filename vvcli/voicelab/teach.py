"""The teacher's recordings: shards of int16 samples, made by all cores.

A shard is `NNNN.npz`: all its utterances end to end at the teacher's rate, padded to whole
frames, with their texts, voices and lengths. Shards that exist are kept, so a run resumes.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab.flite import Flite
from vvcli.voicelab.settings import TEACHER_RATE, Settings, Voice

SHARD_LINES = 500


@dataclass(frozen=True)
class Recordings:
    """Utterances end to end; utterance i has `frames[i]` frames of `samples`."""

    samples: NDArray[np.int16]
    frames: NDArray[np.int64]
    voices: NDArray[np.int64]
    texts: list[str]


def frame_samples(settings: Settings) -> int:
    """The teacher's samples in one latent frame."""
    samples, rest = divmod(settings.hop * TEACHER_RATE, 24_000)
    if rest:
        raise ValueError(f"a hop of {settings.hop} is no whole number of the teacher's samples")
    return samples


def teach(settings: Settings, lines: list[str], folder: Path, processes: int | None = None) -> None:
    """Have line i spoken by voice i modulo the number of voices, into shards in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        (settings, start, lines[start : start + SHARD_LINES], folder / f"{n:04}.npz")
        for n, start in enumerate(range(0, len(lines), SHARD_LINES))
    ]
    # Forked, so that dozens of processes need not import torch only to run flite.
    context = multiprocessing.get_context("fork")
    with context.Pool(processes or os.cpu_count()) as pool:
        for _ in pool.imap(_teach_shard, [job for job in jobs if not job[3].exists()]):
            pass


def _teach_shard(job: tuple[Settings, int, list[str], Path]) -> None:
    settings, start, lines, path = job
    width = frame_samples(settings)
    parts, frames, voices = [], [], []
    for i, line in enumerate(lines, start):
        voice = i % len(settings.voices)
        samples = spoken(settings.voices[voice], line)
        count = -(-len(samples) // width)
        parts.append(np.pad(samples, (0, count * width - len(samples))))
        frames.append(count)
        voices.append(voice)
    # Under another name until it is whole, so that a shard which exists is complete.
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        samples=np.concatenate(parts),
        frames=np.array(frames),
        voices=np.array(voices),
        texts=np.array(lines),
    )
    partial.rename(path)


def spoken(voice: Voice, line: str) -> NDArray[np.int16]:
    """`line` by the teacher's `voice`, at the loudness of ours."""
    samples = _flite(voice.teacher).speak(line).astype(np.float32)
    samples = (samples - samples.mean()) * voice.gain  # rms has an offset of 0.5 %
    return samples.clip(-32767, 32767).round().astype(np.int16)


@lru_cache
def _flite(name: str) -> Flite:
    return Flite(name)


def load_recordings(folder: Path, shards: int | None = None) -> Recordings:
    """The first `shards` shards of `folder`, or all, in order."""
    paths = sorted(p for p in folder.glob("*.npz") if ".partial" not in p.name)[:shards]
    loaded = [np.load(path) for path in paths]
    return Recordings(
        samples=np.concatenate([shard["samples"] for shard in loaded]),
        frames=np.concatenate([shard["frames"] for shard in loaded]),
        voices=np.concatenate([shard["voices"] for shard in loaded]),
        texts=[str(text) for shard in loaded for text in shard["texts"]],
    )
