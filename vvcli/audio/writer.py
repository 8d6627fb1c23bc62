"""Samples into an output, in one of the formats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vvcli.audio.output import Output
from vvcli.audio.pcm import F32LE, S16LE, SampleFormat, Samples, count_clipped
from vvcli.audio.wav import wav_header

FORMATS = ("s16le", "f32le", "wav")

SILENCE_BLOCK = 1 << 16


class AudioWriter:
    """Raw PCM, mono; every write reaches the descriptor at once.

    `clipped` counts the samples beyond full scale that the format cut off.
    """

    def __init__(self, output: Output, sample_format: SampleFormat) -> None:
        self.samples = 0
        self.clipped = 0
        self._output = output
        self._format = sample_format

    def write(self, samples: Samples) -> None:
        """Write `samples` [n]."""
        if not self._format.is_float:
            self.clipped += count_clipped(samples)
        self._output.write(self._format.encode(samples))
        self.samples += len(samples)

    def silence(self, samples: int) -> None:
        """Write `samples` zeros."""
        for start in range(0, samples, SILENCE_BLOCK):
            self.write(np.zeros(min(SILENCE_BLOCK, samples - start), dtype=np.float32))

    def finish(self) -> None:
        """Bring the output into its final form."""


class WavWriter(AudioWriter):
    """16-bit PCM in WAV; the true sizes are put in at the end where the output can seek.

    The header goes out with the first audio, so that a run that fails before has written nothing.
    """

    def __init__(self, output: Output, rate: int) -> None:
        super().__init__(output, S16LE)
        self._rate = rate

    def write(self, samples: Samples) -> None:
        """Write `samples` [n]."""
        if len(samples) and not self.samples:
            self._output.write(wav_header(S16LE, self._rate, None))
        super().write(samples)

    def finish(self) -> None:
        """Put the true sizes into the header."""
        header = wav_header(S16LE, self._rate, self.samples * S16LE.width)
        if self.samples:
            self._output.rewrite_start(header)
        else:
            self._output.write(header)


def open_writer(name: str, output: Output, rate: int) -> AudioWriter:
    """The writer for one of `FORMATS`."""
    makers: dict[str, Callable[[], AudioWriter]] = {
        "s16le": lambda: AudioWriter(output, S16LE),
        "f32le": lambda: AudioWriter(output, F32LE),
        "wav": lambda: WavWriter(output, rate),
    }
    return makers[name]()
