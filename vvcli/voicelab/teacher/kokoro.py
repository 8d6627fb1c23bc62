"""The teacher as the rest of voicelab sees it: lines of phonemes in, utterances out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from vvcli.voicelab.settings import Settings, Teaching
from vvcli.voicelab.teacher.batch import Speech, speak
from vvcli.voicelab.teacher.weights import join_parts, load_kokoro, load_vocabulary

ONNX = "kokoro-v1.0.int8.onnx"
STYLE_ROWS, STYLE_SIZE = 510, 256
FRAMES_PER_PHONEME = 3  # about 2.5 to 3 at 40 Hz


@dataclass(frozen=True)
class Line:
    """One line to be spoken."""

    text: str
    phonemes: list[int]  # ids, without the silence at both ends
    voice: int


class Teacher(Protocol):
    """Whoever speaks the lines."""

    def phonemes(self, spelled: str) -> list[int]:
        """Ids of the phonemes `spelled`, without those that the teacher does not know."""

    def speak(self, lines: Sequence[Line]) -> Iterator[tuple[int, Speech]]:
        """Indices and speech of `lines`, in any order."""


class Kokoro:
    """Kokoro-82M on one device.

    Args:
        settings: voices and sizes of batches.
        packages: the folder that `vvcli.voicelab.packages` filled.
        device: a GPU speaks 500 times as fast as real time, a CPU core twice.
    """

    def __init__(self, settings: Settings, packages: Path, device: torch.device) -> None:
        self._config: Teaching = settings.teaching
        self._vocabulary = load_vocabulary(packages)
        if not (packages / ONNX).exists():
            join_parts(packages, packages / ONNX)
        self._model = load_kokoro(packages / ONNX, self._vocabulary).to(device)
        styles = [
            np.fromfile(packages / "voices" / f"{voice.teacher}.bin", np.float32)
            for voice in settings.voices
        ]
        self._styles = torch.from_numpy(np.stack(styles)).view(-1, STYLE_ROWS, STYLE_SIZE)
        torch.manual_seed(self._config.seed)

    def phonemes(self, spelled: str) -> list[int]:
        """Ids of the phonemes `spelled`, without those that the teacher does not know."""
        return [self._vocabulary[c] for c in spelled if c in self._vocabulary]

    def speak(self, lines: Sequence[Line]) -> Iterator[tuple[int, Speech]]:
        """Indices and speech of `lines`, from short to long, in padded batches."""
        batch: list[int] = []
        for i in sorted(range(len(lines)), key=lambda i: len(lines[i].phonemes)):
            batch.append(i)
            longest = (len(lines[i].phonemes) + 2) * FRAMES_PER_PHONEME
            if len(batch) * longest > self._config.padded_frames:
                yield from self._speak_batch(lines, batch)
                batch = []
        if batch:
            yield from self._speak_batch(lines, batch)

    def _speak_batch(self, lines: Sequence[Line], batch: list[int]) -> Iterator[tuple[int, Speech]]:
        rows = [[0, *lines[i].phonemes, 0] for i in batch]
        # A style depends on the number of phonemes.
        styles = [self._styles[lines[i].voice, len(lines[i].phonemes) - 1] for i in batch]
        yield from zip(batch, speak(self._model, rows, torch.stack(styles)), strict=True)
