"""Brings a file to a loudness, which is known only when all of its samples are there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from vvcli.audio.loudness import Loudness, LoudnessMeter
from vvcli.audio.pcm import AudioWriter
from vvcli.errors import OutputError
from vvcli.samples import FULL_SCALE, Samples

BLOCK = 1 << 16  # samples


class LoudnessWriter(AudioWriter):
    """Samples into `writer`, which is at `rate` Hz, at a loudness of `target` LUFS.

    They are staged in a file without a name, in `folder`, four bytes a sample, and measured on the
    way; `finish` puts them into `writer`.

    Attributes:
        measured: the loudness before; set by `finish`.
        gain: in dB; set by `finish`.
        loudness: of the file in LUFS; set by `finish`, None where it is silent. It is below the
            target where the true peak would be too high.

    Raises:
        OutputError: from every method, when the samples cannot be staged.
    """

    def __init__(self, writer: AudioWriter, rate: int, target: float, folder: Path) -> None:
        super().__init__()
        self._writer = writer
        self._target = target
        self._folder = folder
        self._meter = LoudnessMeter(rate)
        self.measured: Loudness | None = None
        self.gain = 0.0
        try:
            self._staged = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from error

    def write(self, samples: Samples) -> None:
        """Stage `samples` [n]."""
        floats = samples.astype("<f4")
        if samples.dtype == np.int16:
            floats /= FULL_SCALE
        self._meter.add(floats)
        self.samples += len(samples)
        view = memoryview(floats.tobytes())
        try:
            while view:
                view = view[self._staged.write(view) :]
        except OSError as error:
            raise self._error(error) from error

    def finish(self) -> None:
        """Write all of it at the wanted loudness, and finish the writer."""
        self.measured = self._meter.finish()
        self.gain = self.measured.gain(self._target)
        factor = np.float32(10 ** (self.gain / 20))
        with self._staged:
            try:
                self._staged.seek(0)
                left = self.samples
                while left:
                    data = self._staged.read(4 * min(left, BLOCK))
                    block = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
                    if not len(block):
                        raise OutputError(f"cannot read what was staged in {self._folder}")
                    self._staged.seek(len(block) * 4 - len(data), 1)
                    self._writer.write(block * factor)
                    left -= len(block)
            except OSError as error:
                raise self._error(error) from error
        self._writer.finish()
        self.clipped = self._writer.clipped
        if self.measured.lufs > -np.inf:
            self.loudness = self.measured.lufs + self.gain

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot stage audio in {self._folder}: {error.strerror}")
