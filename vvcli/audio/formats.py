"""The audio formats by name: what they are, their suffixes, and the rates they can take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vvcli.errors import UsageError

# What a resampler and every reader can be expected to take.
MIN_RATE, MAX_RATE = 1_000, 384_000


@dataclass(frozen=True)
class AudioFormat:
    """One format; audio is always mono.

    `rates` are the only ones it has; None means any from `MIN_RATE` to `MAX_RATE`.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    has_header: bool = True
    rates: tuple[int, ...] | None = None


_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

FORMATS = {
    each.name: each
    for each in (
        AudioFormat("s16le", "raw 16-bit PCM, little endian", (".pcm", ".raw"), has_header=False),
        AudioFormat("f32le", "raw 32-bit float PCM, little endian", (".f32",), has_header=False),
        AudioFormat("wav", "16-bit PCM in WAV", (".wav",)),
        AudioFormat("au", "16-bit PCM in Sun AU", (".au",)),
        AudioFormat("flac", "16-bit FLAC, lossless", (".flac",)),
        AudioFormat("opus", "Opus in Ogg", (".opus", ".ogg"), rates=_OPUS_RATES),
        AudioFormat("mp3", "MPEG layer 3", (".mp3",), rates=_MP3_RATES),
    )
}

_BY_SUFFIX = {suffix: each.name for each in FORMATS.values() for suffix in each.suffixes}


def format_from_name(path: str | Path) -> str | None:
    """The format that a file's suffix stands for, in any case; None if it stands for none."""
    return _BY_SUFFIX.get(Path(path).suffix.lower())


def check_rate(name: str, rate: int) -> None:
    """Check that format `name` can hold audio of `rate` Hz.

    Raises:
        UsageError: it cannot; the message names the rates that it can.
    """
    rates = FORMATS[name].rates
    if rates is not None and rate not in rates:
        possible = ", ".join(map(str, rates))
        raise UsageError(f"{name} cannot hold {rate} Hz: give one of {possible}")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UsageError(f"the rate {rate} Hz is not between {MIN_RATE} and {MAX_RATE}")
