"""The options with which other programs read a format from a pipe."""

from __future__ import annotations

from vvcli.audio.formats import FORMATS, check_rate
from vvcli.errors import UsageError

TOOLS = ("ffmpeg", "aplay", "sox", "mpv")

# By ffmpeg's names, which mpv shares; named, so that neither needs to probe.
_DEMUXERS = {name: name for name in ("wav", "au", "flac", "mp3")} | {"opus": "ogg"}

_SOX_SAMPLES = {
    "s16le": ["-e", "signed-integer", "-b", "16"],
    "f32le": ["-e", "floating-point", "-b", "32"],
}

_MPV_SAMPLES = {"s16le": "s16le", "f32le": "floatle"}

_APLAY = {
    "s16le": ["-t", "raw", "-f", "S16_LE"],
    "f32le": ["-t", "raw", "-f", "FLOAT_LE"],
    "wav": ["-t", "wav"],
    "au": ["-t", "au"],
}


def hint(tool: str, name: str, rate: int) -> list[str]:
    """The options of `tool`, one of `TOOLS`, that read format `name` at `rate` Hz.

    They go before `-i -` of ffmpeg, and before `-` of sox and mpv.

    Raises:
        UsageError: the program cannot read the format, or the format not hold the rate.
    """
    check_rate(name, rate)
    return {"ffmpeg": _ffmpeg, "aplay": _aplay, "sox": _sox, "mpv": _mpv}[tool](name, rate)


def describe(name: str, rate: int) -> dict[str, object]:
    """All there is to know about a stream, for programs."""
    check_rate(name, rate)
    return {
        "format": name,
        "description": FORMATS[name].description,
        "rate": rate,
        "channels": 1,
        "header": FORMATS[name].has_header,
        "suffixes": list(FORMATS[name].suffixes),
        **{tool: hint(tool, name, rate) for tool in TOOLS if reads(tool, name)},
    }


def reads(tool: str, name: str) -> bool:
    """Whether `tool` can read format `name`."""
    return tool != "aplay" or name in _APLAY


def _ffmpeg(name: str, rate: int) -> list[str]:
    if FORMATS[name].has_header:
        return ["-f", _DEMUXERS[name]]
    return ["-f", name, "-ar", str(rate), "-ac", "1"]


def _aplay(name: str, rate: int) -> list[str]:
    if not reads("aplay", name):
        raise UsageError(f"aplay cannot read {name}: give -f s16le, f32le, wav or au")
    rate_and_channels = [] if FORMATS[name].has_header else ["-r", str(rate), "-c", "1"]
    return _APLAY[name] + rate_and_channels


def _sox(name: str, rate: int) -> list[str]:
    if FORMATS[name].has_header:
        return ["-t", name]
    return ["-t", "raw", *_SOX_SAMPLES[name], "-L", "-r", str(rate), "-c", "1"]


def _mpv(name: str, rate: int) -> list[str]:
    if FORMATS[name].has_header:
        return [f"--demuxer-lavf-format={_DEMUXERS[name]}"]
    return [
        "--demuxer=rawaudio",
        f"--demuxer-rawaudio-format={_MPV_SAMPLES[name]}",
        f"--demuxer-rawaudio-rate={rate}",
        "--demuxer-rawaudio-channels=1",
    ]
