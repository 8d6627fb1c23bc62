"""Another sample rate, by soxr, while the samples come."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from vvcli.audio.pcm import AudioWriter
from vvcli.errors import UnavailableError
from vvcli.samples import Samples


def check_resampler() -> Any:
    """The module soxr.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        return import_module("soxr")
    except (ImportError, OSError) as error:
        raise UnavailableError(
            f"another rate needs the Python package soxr ({error}): pip install soxr"
        ) from error


def scale(samples: int, input_rate: int, output_rate: int) -> int:
    """A count or position of samples at another rate: the nearest, ties to even."""
    return round(Fraction(samples * output_rate, input_rate))


class Resampler:
    """A stream of samples at another rate.

    The result does not depend on how the stream is cut, and of n samples comes
    `scale(n, input_rate, output_rate)`.
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self.received = 0
        self._made = 0
        self._rates = (input_rate, output_rate)
        self._stream = check_resampler().ResampleStream(input_rate, output_rate, 1, "float32", "HQ")

    def resample(self, samples: Samples) -> Samples:
        """The output that `samples` [n] complete; the filter holds some back."""
        self.received += len(samples)
        result: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples, np.float32))
        self._made += len(result)
        return result

    def finish(self) -> Samples:
        """The rest."""
        rest: Samples = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        # soxr ends within a sample of the right length.
        missing = scale(self.received, *self._rates) - self._made
        return np.pad(rest[: max(missing, 0)], (0, max(missing - len(rest), 0)))


class ResamplingWriter(AudioWriter):
    """Samples at `input_rate` into a writer at `output_rate`.

    `samples` is the position in the output of the end of what was given, some of which the filter
    still holds back; `finish` brings the output to exactly that length.
    """

    def __init__(self, writer: AudioWriter, input_rate: int, output_rate: int) -> None:
        super().__init__()
        self._writer = writer
        self._rates = (input_rate, output_rate)
        self._resampler = Resampler(input_rate, output_rate)

    def write(self, samples: Samples) -> None:
        """Resample `samples` [n], at the input rate."""
        self._pass_on(self._resampler.resample(samples))

    def finish(self) -> None:
        """Write what the filter holds back, and finish the writer."""
        self._pass_on(self._resampler.finish())
        self._writer.finish()
        self.clipped, self.loudness = self._writer.clipped, self._writer.loudness

    def _pass_on(self, samples: Samples) -> None:
        self._writer.write(samples)
        self.samples = scale(self._resampler.received, *self._rates)
        self.clipped = self._writer.clipped
