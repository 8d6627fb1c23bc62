"""Samples as PCM, and into an output, with or without a header."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from vvcli.audio.output import Output
from vvcli.samples import Samples, count_clipped, to_int16

SILENCE_BLOCK = 1 << 16


@dataclass(frozen=True)
class SampleFormat:
    """An encoding of single samples."""

    name: str
    width: int  # bytes
    is_float: bool
    encode: Callable[[Samples], bytes]


# A server's samples come as a `memoryview` of the bytes to write, for which numpy is not needed.


def _s16le(samples: Samples) -> bytes:
    if isinstance(samples, memoryview) and samples.format == "h":
        return samples.tobytes()
    return to_int16(samples).astype("<i2", copy=False).tobytes()


def _f32le(samples: Samples) -> bytes:
    if isinstance(samples, memoryview):
        return samples.tobytes()
    return samples.astype("<f4").tobytes()


S16LE = SampleFormat("s16le", 2, is_float=False, encode=_s16le)
F32LE = SampleFormat("f32le", 4, is_float=True, encode=_f32le)


class AudioWriter(ABC):
    """Mono samples in, one format out. PCM of 16 bits takes samples of int16 as they are.

    `samples` is the length so far, at the rate of the output. `clipped` counts the samples beyond
    full scale that the format cut off. `loudness` is that of a finished file in LUFS, where one
    was asked for.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.clipped = 0
        self.loudness: float | None = None

    @abstractmethod
    def write(self, samples: Samples) -> None:
        """Write `samples` [n]."""

    def silence(self, samples: int) -> None:
        """Write `samples` zeros."""
        import numpy as np  # with the first samples: help and mistakes answer without it

        for start in range(0, samples, SILENCE_BLOCK):
            self.write(np.zeros(min(SILENCE_BLOCK, samples - start), dtype=np.float32))

    def finish(self) -> None:  # noqa: B027 - raw formats have nothing to do
        """Bring the output into its final form."""


class PcmWriter(AudioWriter):
    """Raw PCM; every write reaches the descriptor at once."""

    def __init__(self, output: Output, sample_format: SampleFormat) -> None:
        super().__init__()
        self._output = output
        self._format = sample_format

    def write(self, samples: Samples) -> None:
        """Write `samples` [n]."""
        if not self._format.is_float:
            self.clipped += count_clipped(samples)
        self._put(self._format.encode(samples), len(samples))

    def silence(self, samples: int) -> None:
        """Write `samples` zeros, which are zero bytes in every format."""
        for start in range(0, samples, SILENCE_BLOCK):
            count = min(SILENCE_BLOCK, samples - start)
            self._put(bytes(count * self._format.width), count)

    def _put(self, data: bytes, samples: int) -> None:
        """Write the bytes of so many samples."""
        self._output.write(data)
        self.samples += samples


class HeaderWriter(PcmWriter):
    """PCM after a header; the true sizes are put in at the end where the output can seek.

    `header` makes it from the number of bytes of audio, or None before that is known. It goes out
    with the first audio, so that a run that fails before has written nothing.
    """

    def __init__(
        self,
        output: Output,
        sample_format: SampleFormat,
        header: Callable[[int | None], bytes],
    ) -> None:
        super().__init__(output, sample_format)
        self._header = header

    def _put(self, data: bytes, samples: int) -> None:
        if samples and not self.samples:
            self._output.write(self._header(None))
        super()._put(data, samples)

    def finish(self) -> None:
        """Put the true sizes into the header."""
        header = self._header(self.samples * self._format.width)
        if self.samples:
            self._output.rewrite(0, header)
        else:
            self._output.write(header)
