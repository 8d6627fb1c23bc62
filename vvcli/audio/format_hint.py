"""The options with which other programs read a format from a pipe."""

from __future__ import annotations

from collections.abc import Collection

from vvcli.audio.formats import FORMATS, check_rate
from vvcli.errors import UsageError

TOOLS = ("ffmpeg", "ffplay", "aplay", "pacat", "pw-play", "sox", "mpv")

# By ffmpeg's names, which mpv shares; named, so that neither needs to probe.
_DEMUXERS = {
    **{"s16le": "s16le", "f32le": "f32le"},
    **{"wav": "wav", "au": "au", "flac": "flac", "opus": "ogg", "mp3": "mp3"},
}

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

_PACAT = {"s16le": "s16le", "f32le": "float32le"}
_PW_PLAY = {"s16le": "s16", "f32le": "f32"}  # of this machine's byte order

# The other tools read everything.
_READABLE: dict[str, Collection[str]] = {"aplay": _APLAY, "pacat": _PACAT, "pw-play": _PW_PLAY}


def hint(tool: str, name: str, rate: int) -> list[str]:
    """The options of `tool`, one of `TOOLS`, that read format `name` at `rate` Hz.

    They go before `-i -` of ffmpeg and ffplay, and before `-` of sox, mpv and pw-play.

    Raises:
        UsageError: the program cannot read the format, or the format not hold the rate.
    """
    check_rate(name, rate)
    if not reads(tool, name):
        readable = " or ".join(each for each in FORMATS if reads(tool, each))
        raise UsageError(f"{tool} cannot read {name} from a pipe, only {readable}", remedy="format")
    return _HINTS[tool](name, rate)


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
    """Whether `tool` can read format `name` from a pipe."""
    return name in _READABLE.get(tool, FORMATS)


def _ffmpeg(name: str, rate: int) -> list[str]:
    if FORMATS[name].has_header:
        return ["-f", _DEMUXERS[name]]
    return ["-f", _DEMUXERS[name], "-ar", str(rate), "-ac", "1"]


def _ffplay(name: str, rate: int) -> list[str]:
    # Without a window, which it would keep open. Raw samples are mono unless it is told otherwise,
    # by an option whose name differs between versions.
    raw = [] if FORMATS[name].has_header else ["-sample_rate", str(rate)]
    return ["-nodisp", "-autoexit", "-f", _DEMUXERS[name], *raw]


def _pacat(name: str, rate: int) -> list[str]:
    return [f"--format={_PACAT[name]}", f"--rate={rate}", "--channels=1"]


def _pw_play(name: str, rate: int) -> list[str]:
    return ["--raw", "--format", _PW_PLAY[name], "--rate", str(rate), "--channels", "1"]


def _aplay(name: str, rate: int) -> list[str]:
    rate_and_channels = [] if FORMATS[name].has_header else ["-r", str(rate), "-c", "1"]
    return _APLAY[name] + rate_and_channels


def _sox(name: str, rate: int) -> list[str]:
    if name == "wav":
        # The header of a stream says that it has no end; sox would miss the rest.
        return ["-t", "wav", "--ignore-length"]
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


_HINTS = {
    "ffmpeg": _ffmpeg,
    "ffplay": _ffplay,
    "aplay": _aplay,
    "pacat": _pacat,
    "pw-play": _pw_play,
    "sox": _sox,
    "mpv": _mpv,
}
