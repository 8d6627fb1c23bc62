"""A short hash of everything that decides how a file sounds.

Left out on purpose: the device and the number of streams, which change no more than rounding, and
the record's place in the run, which picks its noise: a line put in front would otherwise make all
others anew, to say the same a little differently. How often broken speech is spoken again is left
out as well: files that are there are not judged, and the seed is the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vvcli.checkpoint.identity import hash_json
from vvcli.script.record import Record

VERSION = 1  # raised when the same parameters come to mean other audio


@dataclass(frozen=True)
class RunSettings:
    """Parameters of the run, the same for every record."""

    model: str  # `ModelFolder.identity`
    seed: int
    cfg_scale: float
    steps: int
    dtype: str
    split: str
    format: str
    speed: float = 1.0
    loudness: float | None = None  # LUFS of each file


def fingerprint(
    settings: RunSettings,
    records: Sequence[Record],
    voices: Sequence[str],
    gaps: Sequence[float],
    spoken: Sequence[str | None] = (),
) -> str:
    """The hash of one file that is made from `records`.

    `voices` are the hash of each record's voice, `gaps` the seconds of silence after each, and
    `spoken` is what is said of each text, None where that is the text itself: so files whose text
    is read as before keep their hash.
    """
    parts: list[dict[str, Any]] = []
    said = spoken or [None] * len(records)
    for record, voice, gap, words in zip(records, voices, gaps, said, strict=True):
        own_seed = record.seed is not None  # then the noise does not depend on the index
        parts.append(
            {
                "text": record.text,
                "error": record.error,
                "voice": voice,
                "seed": record.seed if own_seed else settings.seed,
                "own_seed": own_seed,
                "cfg_scale": settings.cfg_scale if record.cfg_scale is None else record.cfg_scale,
                "gap": gap,
            }
        )
        speed = settings.speed if record.speed is None else record.speed
        if speed != 1:
            parts[-1]["speed"] = speed
        if words is not None:
            parts[-1]["spoken"] = words
    rest = asdict(settings)
    del rest["seed"], rest["cfg_scale"], rest["speed"]
    if settings.loudness is None:  # as in 0.1
        del rest["loudness"]
    return hash_json({"version": VERSION, "settings": rest, "records": parts})
