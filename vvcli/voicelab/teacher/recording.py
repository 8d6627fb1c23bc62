"""What is kept of an utterance: trimmed, levelled samples, and targets for each latent frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vvcli.samples import FULL_SCALE
from vvcli.voicelab.teacher.batch import FRAME, PITCH_STEP

RATE = 24_000
AUDIBLE = 0.004  # of full scale: quieter is breath and noise at the ends
LEAD, TAIL = 80, 160  # ms kept before and behind what is audible
SILENT = 40  # ms of them, at the outer ends, become silence
FADE = 20  # ms from there to full level
LEVEL, PEAK = 10 ** (-23 / 20), 0.89
LOUD = 1e-3  # of the loudest 20 ms's power: what the level is measured on
VOICED = 10.0  # Hz: the teacher's own threshold
FLOOR = 1e-5


@dataclass(frozen=True)
class Utterance:
    """One utterance in whole latent frames, F of them."""

    samples: NDArray[np.int16]  # [F·frame_samples] at 24 kHz
    phonemes: NDArray[np.uint8]  # [F] the phoneme at the frame's centre; 0 is silence
    pitch: NDArray[np.float16]  # [F] log2 of F0 / 100 Hz; 0 where there is no voice
    voiced: NDArray[np.bool_]  # [F]
    energy: NDArray[np.float16]  # [F] decimal logarithm of the root mean square

    @property
    def frames(self) -> int:
        """Latent frames."""
        return len(self.phonemes)


def finish(
    samples: NDArray[np.float32],
    phonemes: NDArray[np.int64],
    durations: NDArray[np.int64],
    pitch: NDArray[np.float32],
    frame_samples: int,
) -> Utterance | None:
    """Trim, fade and level an utterance of `teacher.batch`; None if nothing can be heard.

    Args:
        samples: [T·600] at 24 kHz.
        phonemes: [N] ids, silence at both ends.
        durations: [N] frames of 600 samples.
        pitch: [2T] Hz.
        frame_samples: samples of a latent frame.
    """
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    if not len(audible):
        return None
    start = int(audible[0]) - RATE * LEAD // 1000
    end = int(audible[-1]) + 1 + RATE * TAIL // 1000
    padded = np.zeros(end - start, np.float32)
    inner = samples[max(0, start) : end]
    offset = max(0, -start)
    padded[offset : offset + len(inner)] = inner - inner.mean()
    padded *= _envelope(len(padded))
    padded *= _gain(padded)
    count = -(-len(padded) // frame_samples)
    padded = np.pad(padded, (0, count * frame_samples - len(padded)))

    centres = start + frame_samples * np.arange(count) + frame_samples // 2
    every = np.repeat(phonemes, durations)
    at = centres // FRAME
    spoken = np.where((at >= 0) & (at < len(every)), every[at.clip(0, len(every) - 1)], 0)
    within = np.arange(-(frame_samples // 2), frame_samples // 2, PITCH_STEP) + PITCH_STEP // 2
    steps = (centres[:, None] + within) // PITCH_STEP
    curve = np.where((steps >= 0) & (steps < len(pitch)), pitch[steps.clip(0, len(pitch) - 1)], 0)
    heard = curve > VOICED
    voiced = 2 * heard.sum(1) >= len(within)
    logs = np.log2(np.where(heard, curve, 100) / 100)
    mean = np.where(voiced, logs.sum(1) / heard.sum(1).clip(1), 0)
    power = (padded.reshape(count, frame_samples) ** 2).mean(1)
    return Utterance(
        samples=(padded * FULL_SCALE).round().astype(np.int16),
        phonemes=spoken.astype(np.uint8),
        pitch=mean.astype(np.float16),
        voiced=voiced,
        energy=np.log10(np.sqrt(power).clip(FLOOR)).astype(np.float16),
    )


def _envelope(length: int) -> NDArray[np.float32]:
    silent, fade = RATE * SILENT // 1000, RATE * FADE // 1000
    rise = np.concatenate([np.zeros(silent), np.sin(np.linspace(0, np.pi / 2, fade)) ** 2])
    envelope = np.ones(length, np.float32)
    envelope[: len(rise)] = rise
    envelope[-len(rise) :] = rise[::-1]
    return envelope


def _gain(samples: NDArray[np.float32]) -> float:
    """The factor to the common level, without clipping."""
    step = RATE // 50
    power = (samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(1)
    level = float(np.sqrt(power[power > power.max() * LOUD].mean()))
    return min(LEVEL / level, PEAK / float(np.abs(samples).max()))
