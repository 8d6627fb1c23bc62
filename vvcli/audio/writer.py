"""The writer for a format by its name: the one place where formats and writers meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vvcli.audio.au import au_writer
from vvcli.audio.formats import check_rate
from vvcli.audio.output import Output
from vvcli.audio.pcm import F32LE, S16LE, AudioWriter, PcmWriter
from vvcli.audio.wav import wav_writer
from vvcli.samples import SampleType

_ENCODED = ("flac", "opus", "mp3")
_PCM16 = ("s16le", "wav", "au", "flac")


def check_writer(name: str, rate: int, input_rate: int | None = None) -> None:
    """Check, before any work is done, that `open_writer` can be called with these.

    Raises:
        UsageError: the format cannot hold audio of that rate.
        UnavailableError: a library that it needs is missing, or lacks the format.
    """
    check_rate(name, rate)
    if name in _ENCODED:
        from vvcli.audio.encoded import check_encoder

        check_encoder(name)
    if input_rate not in (None, rate):
        from vvcli.audio.resample import check_resampler

        check_resampler()


def sample_type(name: str, rate: int, input_rate: int | None = None) -> SampleType:
    """The type of samples that the writer of format `name` takes as they are."""
    return "int16" if name in _PCM16 and input_rate in (None, rate) else "float32"


def takes_bytes(name: str, rate: int, input_rate: int | None = None) -> bool:
    """Whether the writer of format `name` writes the bytes of such samples as they are."""
    return name in ("s16le", "f32le", "wav") and input_rate in (None, rate)


def open_writer(
    name: str,
    output: Output,
    rate: int,
    *,
    input_rate: int | None = None,
    loudness: float | None = None,
) -> AudioWriter:
    """The writer of format `name` at `rate` Hz; it takes samples at `input_rate`, if given.

    With `loudness`, in LUFS, the output is a file, and is written when the writer is finished.

    Finishing the output, or abandoning it, stays with who opened it.

    Raises:
        UsageError: the format cannot hold audio of that rate.
        UnavailableError: a library that it needs is missing, or lacks the format.
    """
    check_writer(name, rate, input_rate)
    writer = _writer(name, output, rate)
    if loudness is not None:
        from vvcli.audio.loudness_writer import LoudnessWriter

        writer = LoudnessWriter(writer, rate, loudness, Path(output.name).parent)
    if input_rate is None or input_rate == rate:
        return writer
    from vvcli.audio.resample import ResamplingWriter

    return ResamplingWriter(writer, input_rate, rate)


@dataclass(frozen=True)
class FileFormat:
    """The format of the files of one run, for the runner and for workers alike."""

    name: str
    rate: int  # samples per second
    loudness: float | None = None  # LUFS

    @property
    def is_encoded(self) -> bool:
        """Whether an encoder makes the files, which takes time, and not merely a header."""
        return self.name in _ENCODED

    def open(self, output: Output, input_rate: int) -> AudioWriter:
        """The writer of a file, for samples at `input_rate`; see `open_writer`."""
        return open_writer(
            self.name, output, self.rate, input_rate=input_rate, loudness=self.loudness
        )


def _writer(name: str, output: Output, rate: int) -> AudioWriter:
    if name in _ENCODED:
        # Imported only when asked for, as soundfile and soxr are.
        from vvcli.audio.encoded import EncodedWriter

        return EncodedWriter(output, name, rate)
    if name == "wav":
        return wav_writer(output, rate)
    if name == "au":
        return au_writer(output, rate)
    return PcmWriter(output, {"s16le": S16LE, "f32le": F32LE}[name])
